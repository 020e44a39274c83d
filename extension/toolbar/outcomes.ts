/**
 * How the keys that a tab has opened came out, for as long as the browser runs: the background is put to sleep in
 * between, and the answer that told it is not given again. Kept in memory only (storage.session), an entry a tab.
 *
 * An entry has a few keys: what comes of the next page is known while the tab still shows the one before.
 */

import { Turns } from "../names/area";
import type { Outcome } from "./face";

/** `browser.storage.session`, as far as it is needed. */
export interface SessionArea {
  get(name: string): Promise<Record<string, unknown>>;
  set(items: Record<string, unknown>): Promise<void>;
  remove(name: string): Promise<void>;
}

interface Kept {
  host: string;
  outcome: Outcome;
}

const MOST = 3;

export class Outcomes {
  readonly #area: SessionArea;
  readonly #turns = new Turns();

  constructor(area: SessionArea) {
    this.#area = area;
  }

  /** Null where nothing is known of this key host in this tab. */
  async of(tabId: number, host: string): Promise<Outcome | null> {
    return (await this.#all(tabId)).find((kept) => kept.host === host)?.outcome ?? null;
  }

  keep(tabId: number, host: string, outcome: Outcome): Promise<void> {
    return this.#change(tabId, host, [{ host, outcome }]);
  }

  forget(tabId: number, host: string): Promise<void> {
    return this.#change(tabId, host, []);
  }

  /** The tab is closed. */
  forgetTab(tabId: number): Promise<void> {
    return this.#turns.take(() => this.#area.remove(name(tabId)));
  }

  #change(tabId: number, host: string, instead: Kept[]): Promise<void> {
    return this.#turns.take(async () => {
      const others = (await this.#all(tabId)).filter((kept) => kept.host !== host);
      await this.#area.set({ [name(tabId)]: [...others, ...instead].slice(-MOST) });
    });
  }

  async #all(tabId: number): Promise<Kept[]> {
    return ((await this.#area.get(name(tabId)))[name(tabId)] as Kept[] | undefined) ?? [];
  }
}

function name(tabId: number): string {
  return `outcomes ${tabId}`;
}
