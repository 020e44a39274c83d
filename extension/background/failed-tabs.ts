/**
 * Tabs in which the gateway shows why a key did not open, and when to try again: as soon as there is something
 * newer under the key. The host tells of what it hears; for the rest it is asked, ever more rarely, while the
 * tab is looked at.
 *
 * No browser in here: background/recheck.ts tells what happens in tabs.
 */

import type { Events } from "../protocol/protocol";

/** What may get well by itself, or by something newer. */
const WORTH_WAITING = new Set([
  "no-record",
  "no-endpoint",
  "dht-unreachable",
  "connect-failed",
  "outdated",
  "not-a-packet",
]);

const FIRST_PAUSES_MS = [15_000, 30_000, 60_000];
const PAUSE_MS = 120_000;
const GIVEN_UP_AFTER_MS = 20 * 60_000;
const MOST_TABS = 20;
/** A site whose records change all the time, and never lead anywhere. */
const MOST_RELOADS = 10;

/** A failed page: the tab's address, the key host in it, the code on the page, and whether its window is private. */
export interface FailedPage {
  url: string;
  key: string;
  host: string;
  code: string;
  incognito: boolean;
}

export interface Surroundings {
  /** The sequence number of the key's newest packet: the newest there is, or the one at hand. Null if there is none. */
  newest(page: FailedPage, where: "anywhere" | "here"): Promise<string | null>;
  /** Whether the tab still has this address, and is the one its window shows. */
  look(tabId: number, url: string): Promise<"shown" | "hidden" | "gone">;
  reload(tabId: number): void;
}

interface Waiting extends FailedPage {
  since: number;
  /** What the page was made from; null if there was nothing, undefined while that is being found out. */
  seq: string | null | undefined;
  asked: number;
  reloads: number;
  reloading: boolean;
  /** Null while the tab is hidden or an answer is awaited. */
  timer: ReturnType<typeof setTimeout> | null;
  /** Not looked at when its time had come. */
  overdue: boolean;
}

export class FailedTabs {
  readonly #surroundings: Surroundings;
  readonly #waiting = new Map<number, Waiting>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** A page came to its end; `page` if it is one of the gateway's that says why a key did not open. */
  ended(tabId: number, page: FailedPage | null): void {
    if (!page || !WORTH_WAITING.has(page.code)) {
      this.forget(tabId);
      return;
    }
    const before = this.#waiting.get(tabId);
    if (before?.reloading && before.url === page.url) {
      // Our own try: the pauses go on where they were.
      Object.assign(before, { code: page.code, reloading: false });
      this.#schedule(tabId, before);
      return;
    }
    this.forget(tabId);
    const entry: Waiting = {
      ...page,
      since: Date.now(),
      seq: undefined,
      asked: 0,
      reloads: 0,
      reloading: false,
      timer: null,
      overdue: false,
    };
    this.#waiting.set(tabId, entry);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MOST_TABS && oldest !== undefined) this.forget(oldest);
    this.#schedule(tabId, entry);
    void this.#newest(page, "here").then((seq) => {
      if (entry.seq === undefined) entry.seq = seq;
    });
  }

  /** The tab goes somewhere, if only to the same page again. */
  left(tabId: number): void {
    if (!this.#waiting.get(tabId)?.reloading) this.forget(tabId);
  }

  /** The tab is shown again. */
  shown(tabId: number): void {
    const entry = this.#waiting.get(tabId);
    if (entry?.overdue) void this.#ask(tabId, entry);
  }

  /** Something newer of a key is known: to private windows, or to all others. */
  updated({ key, seq, incognito = false }: Events["updated"]): void {
    for (const [tabId, entry] of this.#waiting) {
      if (entry.key === key && entry.incognito === incognito && isNewer(seq, entry.seq))
        void this.#reload(tabId, entry, seq);
    }
  }

  forget(tabId: number): void {
    const entry = this.#waiting.get(tabId);
    if (entry?.timer) clearTimeout(entry.timer);
    this.#waiting.delete(tabId);
  }

  #schedule(tabId: number, entry: Waiting): void {
    const pause = FIRST_PAUSES_MS[entry.asked] ?? PAUSE_MS;
    if (Date.now() + pause > entry.since + GIVEN_UP_AFTER_MS || entry.reloads >= MOST_RELOADS) {
      this.forget(tabId);
      return;
    }
    if (entry.timer) clearTimeout(entry.timer);
    entry.timer = setTimeout(() => void this.#ask(tabId, entry), pause);
  }

  async #ask(tabId: number, entry: Waiting): Promise<void> {
    entry.timer = null;
    entry.overdue = false;
    const sight = await this.#surroundings.look(tabId, entry.url);
    if (!this.#isCurrent(tabId, entry)) return;
    if (sight === "gone" || Date.now() > entry.since + GIVEN_UP_AFTER_MS) {
      this.forget(tabId);
      return;
    }
    if (sight === "hidden") {
      entry.overdue = true;
      return;
    }
    entry.asked += 1;
    const seq = await this.#newest(entry, "anywhere");
    if (!this.#isCurrent(tabId, entry) || entry.reloading) return;
    if (seq !== null && isNewer(seq, entry.seq)) await this.#reload(tabId, entry, seq);
    else this.#schedule(tabId, entry);
  }

  async #reload(tabId: number, entry: Waiting, seq: string): Promise<void> {
    if (entry.timer) clearTimeout(entry.timer);
    entry.timer = null;
    entry.seq = seq;
    const sight = await this.#surroundings.look(tabId, entry.url);
    if (!this.#isCurrent(tabId, entry)) return;
    if (sight === "gone") {
      this.forget(tabId);
      return;
    }
    entry.reloads += 1;
    entry.reloading = true;
    this.#surroundings.reload(tabId);
  }

  #newest(page: FailedPage, where: "anywhere" | "here"): Promise<string | null> {
    return this.#surroundings.newest(page, where).catch(() => null);
  }

  #isCurrent(tabId: number, entry: Waiting): boolean {
    return this.#waiting.get(tabId) === entry;
  }
}

/** Whether a sequence number, in decimal, is above the known one. All are above none. */
function isNewer(seq: string, known: string | null | undefined): boolean {
  if (!/^\d{1,20}$/.test(seq)) return false;
  return !known || BigInt(seq) > BigInt(known);
}
