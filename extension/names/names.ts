/**
 * The names a person gave to keys: one name a key, one key a name. They stay in `storage.local`, which no web page can
 * read.
 *
 * What is stored has a version. Entries that are not as they should be are passed over; what a newer version of the
 * extension stored is never written over.
 */

import { isKey } from "../key/key";
import { type Area, isNewer, isObject, Turns } from "./area";
import { type Collision, type Merge, merged, type Side } from "./merge";
import { folded, petName } from "./pet-name";
import { badName, nameTaken, notAKey, tooMany, unreadable } from "./problem";

export const MOST_NAMES = 5_000;

const STORED = "names";
const VERSION = 1;

export interface Named {
  key: string;
  name: string;
}

/** What an import did, or would do. */
export type Imported = Omit<Merge, "names">;

export class Names {
  readonly #area: Area;
  readonly #turns = new Turns();
  #byKey: Map<string, string> | null = null;
  #listeners: (() => void)[] = [];

  constructor(area: Area) {
    this.#area = area;
  }

  /** All of them, by name. */
  async all(): Promise<Named[]> {
    const names = await this.#read();
    return [...names].map(([key, name]) => ({ key, name })).sort((a, b) => a.name.localeCompare(b.name));
  }

  async nameOf(key: string): Promise<string | null> {
    return (await this.#read()).get(key) ?? null;
  }

  /** Calls the key so from now on, and tells how exactly. Throws NameRefused. */
  name(key: string, written: string): Promise<string> {
    return this.#turns.take(async () => {
      if (!isKey(key)) throw notAKey();
      const checked = petName(written);
      if (checked.problem) throw badName(checked.problem);
      const { name } = checked;
      const names = new Map(await this.#read());
      for (const [other, its] of names) {
        if (other !== key && folded(its) === folded(name)) throw nameTaken(its);
      }
      names.set(key, name);
      await this.#write(names);
      return name;
    });
  }

  /** The key has no name any more. */
  forget(key: string): Promise<void> {
    return this.#turns.take(async () => {
      const names = new Map(await this.#read());
      if (names.delete(key)) await this.#write(names);
    });
  }

  /** No key has a name any more. */
  forgetAll(): Promise<void> {
    return this.#turns.take(() => this.#write(new Map()));
  }

  /**
   * Takes in names from elsewhere, all of them or (by throwing NameRefused) none. Where they collide with names that
   * are here, nothing is taken in until it is said which side is to be kept.
   */
  import(theirs: readonly Named[], keep: Side | null): Promise<Imported> {
    return this.#turns.take(async () => {
      const { names, ...done } = merged(await this.#read(), theirs, keep ?? "mine");
      if (done.collisions.length > 0 && keep === null) return done;
      if (done.added + done.changed > 0) await this.#write(names);
      return done;
    });
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async #read(): Promise<ReadonlyMap<string, string>> {
    if (this.#byKey) return this.#byKey;
    const stored = (await this.#area.get(STORED))[STORED];
    if (isNewer(stored, VERSION)) return new Map();
    this.#byKey = understood(stored);
    return this.#byKey;
  }

  async #write(names: Map<string, string>): Promise<void> {
    if (names.size > MOST_NAMES) throw tooMany(MOST_NAMES);
    if (isNewer((await this.#area.get(STORED))[STORED], VERSION)) throw unreadable();
    await this.#area.set({ [STORED]: { version: VERSION, names: Object.fromEntries(names) } });
    this.#byKey = names;
    for (const listener of this.#listeners) listener();
  }
}

export type { Collision, Side };

function understood(stored: unknown): Map<string, string> {
  const names = new Map<string, string>();
  if (!isObject(stored) || stored.version !== VERSION || !isObject(stored.names)) return names;
  const taken = new Set<string>();
  for (const [key, written] of Object.entries(stored.names)) {
    if (names.size >= MOST_NAMES) break;
    const checked = typeof written === "string" ? petName(written) : null;
    if (!isKey(key) || !checked || checked.problem || taken.has(folded(checked.name))) continue;
    taken.add(folded(checked.name));
    names.set(key, checked.name);
  }
  return names;
}
