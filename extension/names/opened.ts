/**
 * Keys that were opened before: a short memory of our own, apart from the browser's history. It serves suggestions and
 * the warning about keys that look like one that is opened often, and can be cleared and switched off.
 *
 * A visit counts once in half an hour, so no page can make a key familiar by opening it again and again. Private
 * windows are none of its business: whoever calls `note` leaves them out. What a newer version of the extension stored is
 * never written over.
 */

import { isKey } from "../key/key";
import { type Area, isNewer, isObject, Turns } from "./area";
import { openedUnreadable } from "./problem";

export const MOST_OPENED = 500;
/** This many visits make a key familiar. */
export const OFTEN = 3;

const STORED = "opened";
const OFF = "openedOff";
const VERSION = 1;
const ONE_VISIT_MS = 30 * 60_000;

export interface OpenedKey {
  key: string;
  /** How many visits. */
  count: number;
  /** When the last one began: milliseconds since 1970. */
  last: number;
}

export class Opened {
  readonly #area: Area;
  readonly #now: () => number;
  readonly #turns = new Turns();
  #byKey: Map<string, OpenedKey> | null = null;
  #listeners: ((key?: string) => void)[] = [];

  constructor(area: Area, now: () => number = Date.now) {
    this.#area = area;
    this.#now = now;
  }

  /** All of them, the last one first. */
  async all(): Promise<OpenedKey[]> {
    return [...(await this.#read()).values()].sort((a, b) => b.last - a.last);
  }

  async of(key: string): Promise<OpenedKey | null> {
    return (await this.#read()).get(key) ?? null;
  }

  /** A tab shows the key's site. */
  note(key: string): Promise<void> {
    return this.#turns.take(async () => {
      if (!isKey(key) || !(await this.isKept()) || (await this.#isNewer())) return;
      const now = this.#now();
      const opened = new Map(await this.#read());
      const before = opened.get(key);
      // A clock that was set back must not keep a key from being counted.
      if (before && Math.abs(now - before.last) < ONE_VISIT_MS) return;
      opened.set(key, { key, count: (before?.count ?? 0) + 1, last: now });
      if (opened.size > MOST_OPENED) opened.delete(leastMissed(opened, key));
      await this.#write(opened);
    });
  }

  /** Takes in keys that were opened elsewhere: of each the higher count and the later visit. Throws NameRefused. */
  import(theirs: readonly OpenedKey[]): Promise<void> {
    return this.#turns.take(async () => {
      if (await this.#isNewer()) throw openedUnreadable();
      const now = this.#now();
      const opened = new Map(await this.#read());
      for (const { key, count, last } of theirs) {
        if (!isKey(key) || !isCount(count) || !isCount(last)) continue;
        const mine = opened.get(key);
        // A visit that is yet to come would never be the one that was longest ago.
        const latest = Math.max(Math.min(last, now), mine?.last ?? 0);
        opened.set(key, { key, count: Math.max(count, mine?.count ?? 0), last: latest });
        if (opened.size > MOST_OPENED) opened.delete(leastMissed(opened, ""));
      }
      await this.#write(opened);
    });
  }

  /** Forgets one key, or all. Throws NameRefused. */
  forget(key?: string): Promise<void> {
    return this.#turns.take(async () => {
      const opened = key === undefined ? new Map<string, OpenedKey>() : new Map(await this.#read());
      if (key !== undefined) opened.delete(key);
      if (await this.#isNewer()) throw openedUnreadable();
      await this.#write(opened);
      for (const listener of this.#listeners) listener(key);
    });
  }

  /** Hears of each key that is to be forgotten; of none in particular, if all are. */
  onForget(listener: (key?: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Whether opened keys are kept at all. */
  async isKept(): Promise<boolean> {
    return (await this.#area.get(OFF))[OFF] !== true;
  }

  /** What is there stays until it is cleared. */
  keep(on: boolean): Promise<void> {
    return this.#turns.take(() => this.#area.set({ [OFF]: !on }));
  }

  async #read(): Promise<ReadonlyMap<string, OpenedKey>> {
    if (this.#byKey) return this.#byKey;
    const stored = (await this.#area.get(STORED))[STORED];
    if (isNewer(stored, VERSION)) return new Map();
    this.#byKey = understood(stored);
    return this.#byKey;
  }

  async #isNewer(): Promise<boolean> {
    return isNewer((await this.#area.get(STORED))[STORED], VERSION);
  }

  async #write(opened: Map<string, OpenedKey>): Promise<void> {
    const keys = Object.fromEntries(
      [...opened.values()].map(({ key, count, last }) => [key, { count, last }]),
    );
    await this.#area.set({ [STORED]: { version: VERSION, keys } });
    this.#byKey = opened;
  }
}

/** The key to forget for a new one: of those opened least, the one not opened for longest. */
function leastMissed(opened: ReadonlyMap<string, OpenedKey>, fresh: string): string {
  const others = [...opened.values()].filter(({ key }) => key !== fresh);
  return others.reduce((least, one) =>
    one.count < least.count || (one.count === least.count && one.last < least.last) ? one : least,
  ).key;
}

function understood(stored: unknown): Map<string, OpenedKey> {
  const opened = new Map<string, OpenedKey>();
  if (!isObject(stored) || stored.version !== VERSION || !isObject(stored.keys)) return opened;
  for (const [key, entry] of Object.entries(stored.keys)) {
    if (opened.size >= MOST_OPENED) break;
    if (!isKey(key) || !isObject(entry) || !isCount(entry.count) || !isCount(entry.last)) continue;
    opened.set(key, { key, count: entry.count, last: entry.last });
  }
  return opened;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
