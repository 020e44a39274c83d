/**
 * Searches the rules have turned to our page, and who asked for them.
 *
 * Only a search that came from the address bar goes on by itself. One that a page started could use our page
 * to hide where it came from, so a person decides.
 */

import { browser } from "wxt/browser";
import { type Scheme, searchedAddress } from "../key/search";
import type { ChromiumGate } from "./gate-chromium";
import { SEARCH_PAGE } from "./pages";
import { leftAlone, type Pause } from "./pause";

export class TurnedSearches {
  readonly #gate: ChromiumGate;
  readonly #pause: Pause;
  readonly #fromAddressBar = new Map<number, string>();

  constructor(gate: ChromiumGate, pause: Pause) {
    this.#gate = gate;
    this.#pause = pause;
    browser.webRequest.onBeforeRedirect.addListener(
      ({ tabId, url, redirectUrl, initiator }) => {
        if (!isSearchPage(redirectUrl, url)) return undefined;
        if (initiator === undefined) this.#fromAddressBar.set(tabId, url);
        else this.#fromAddressBar.delete(tabId);
        return undefined;
      },
      { urls: ["<all_urls>"], types: ["main_frame"] },
    );
    browser.tabs.onRemoved.addListener((tabId) => this.#fromAddressBar.delete(tabId));
  }

  /** Where the tab should go on to, or null if a person should say. */
  async next(search: string, tabId: number, scheme: Scheme): Promise<string | null> {
    if (this.#fromAddressBar.get(tabId) !== search) return null;
    this.#fromAddressBar.delete(tabId);
    const address = searchedAddress(search, scheme);
    if (address && !leftAlone(await this.#pause.known(), address)) return address;
    return await this.letPass(search, tabId);
  }

  /** The search after all. */
  async letPass(search: string, tabId: number): Promise<string> {
    await this.#gate.letPass(search, tabId);
    return search;
  }
}

/** Chromium tells of the page by the address it has in this browser session, which is nobody else's. */
function isSearchPage(redirectUrl: string, search: string): boolean {
  return redirectUrl.startsWith("chrome-extension://") && redirectUrl.endsWith(`${SEARCH_PAGE}${search}`);
}
