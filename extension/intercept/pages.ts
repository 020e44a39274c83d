/**
 * The extension's pages a navigation is turned to. The address they stand for is appended as it is, without
 * encoding, because a Chromium rule can't encode it; what follows the first `=` is the address.
 */

import { browser } from "wxt/browser";

/** Says what is wrong with the host program, and opens the address once nothing is. */
export function hostPage(): string {
  return `${browser.runtime.getURL("/host.html")}?url=`;
}

/** Asks the background where the address leads, and goes there. */
export function openPage(): string {
  return `${browser.runtime.getURL("/open.html")}?url=`;
}

/** The same for the address of a search. */
export function searchPage(): string {
  return `${browser.runtime.getURL("/open.html")}?search=`;
}
