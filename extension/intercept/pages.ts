/**
 * The extension's pages a navigation is turned to. The address they stand for is appended as it is, without
 * encoding, because a Chromium rule can't encode it; what follows the first `=` is the address. (runtime.getURL() would
 * give the address of this browser session, and the rules outlive it.)
 */

/** Says what is wrong with the host program, and opens the address once nothing is. */
export function hostPage(): string {
  return `${location.origin}/host.html?url=`;
}

/** Asks the background where the address leads, and goes there. */
export function openPage(): string {
  return `${location.origin}/open.html?url=`;
}

/** Stands in for `https://<key>/` where that does not open: goes to `http://`, or offers to switch it on. */
export function httpsPage(): string {
  return `${location.origin}/https.html?url=`;
}

export const SEARCH_PAGE = "/open.html?search=";

/** The same as openPage() for the address of a search. */
export function searchPage(): string {
  return `${location.origin}${SEARCH_PAGE}`;
}
