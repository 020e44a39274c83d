/** Whether the user lets the extension work in private windows, and where that is chosen. */

import { browser } from "wxt/browser";

export function worksInPrivateWindows(): Promise<boolean> {
  return browser.extension.isAllowedIncognitoAccess();
}

/** The browser's page for this extension; null in Firefox, which opens its own pages for nobody. */
export function extensionSettings(): string | null {
  return import.meta.env.FIREFOX ? null : `chrome://extensions/?id=${browser.runtime.id}`;
}
