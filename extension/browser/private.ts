/**
 * Private windows. In Chromium they have a background and pages of their own, which see nothing else; in Firefox one
 * background sees all windows and is told of each request.
 */

import { browser } from "wxt/browser";

/** Whether this background or page is there for private windows only. */
export function forPrivateWindows(): boolean {
  return browser.extension.inIncognitoContext;
}

/** Whether a request comes from a private window. */
export function isPrivate(request: object): boolean {
  return forPrivateWindows() || ("incognito" in request && request.incognito === true);
}
