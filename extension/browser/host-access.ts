/** Whether the user lets the extension see requests to all hosts. Without it key hosts can't be turned. */

import { browser } from "wxt/browser";

const ALL_HOSTS = { origins: ["<all_urls>"] };

export function hasHostAccess(): Promise<boolean> {
  return browser.permissions.contains(ALL_HOSTS);
}

/** Must be called straight from a click. */
export function requestHostAccess(): Promise<boolean> {
  return browser.permissions.request(ALL_HOSTS);
}

export function onHostAccessChange(listener: () => void): void {
  browser.permissions.onAdded.addListener(listener);
  browser.permissions.onRemoved.addListener(listener);
}
