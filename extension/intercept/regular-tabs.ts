/**
 * The tabs of ordinary windows, for the time before a private window has ever led key hosts to a dead end of its own
 * (intercept/private-chromium.ts): till then its requests would go through the ordinary door, which keeps what it looks
 * up on the disk, and no proxy setting can tell them apart. Rules can, by tab; a split extension sees ordinary tabs only.
 */

import { browser } from "wxt/browser";
import { off, Setting } from "../settings/setting";

/** Whether private windows lead key hosts to a dead end from their start; the browser remembers that as we do. */
export const privateDeadEnd = new Setting("privateDeadEnd", off);

/** What belongs to no tab, such as a service worker's request. */
const NO_TAB = -1;

export class RegularTabs {
  #ids: Set<number> | null = null;
  readonly #onMore: (ids: number[]) => void;

  /** `onMore` is called with all of them when one is added, while they matter. */
  constructor(onMore: (ids: number[]) => void) {
    this.#onMore = onMore;
    browser.tabs.onCreated.addListener(({ id }) => this.#add(id));
    // A page that was loaded ahead takes the place of another.
    browser.tabs.onReplaced.addListener((id) => this.#add(id));
    browser.tabs.onRemoved.addListener((id) => this.#ids?.delete(id));
  }

  /** The tabs that alone may pass; null if all may. */
  async only(): Promise<number[] | null> {
    const all = !(await browser.extension.isAllowedIncognitoAccess()) || (await privateDeadEnd.get());
    if (all) {
      this.#ids = null;
      return null;
    }
    this.#ids ??= new Set([NO_TAB]);
    for (const { id } of await browser.tabs.query({})) if (id !== undefined) this.#ids.add(id);
    return [...this.#ids];
  }

  #add(id: number | undefined): void {
    if (!this.#ids || id === undefined) return;
    this.#ids.add(id);
    this.#onMore([...this.#ids]);
  }
}
