/**
 * The search suggestions of the browser's own address bar, which send what is typed to the search engine before it is
 * entered. Chromium lets an extension switch them off, with a permission that is asked for when somebody wants that;
 * Firefox lets none.
 */

import { browser } from "wxt/browser";

const PRIVACY = { permissions: ["privacy" as const] };

/**
 * `unknown`: not to be told without the permission. `offByUs`: until somebody says otherwise, or the extension is taken
 * out. `off`: not our doing. `fixed`: on, by a policy or another extension.
 */
export type Suggestions = "unknown" | "on" | "off" | "offByUs" | "fixed";

/** Whether this browser lets an extension switch them at all. */
export function canSwitchSuggestions(): boolean {
  return !import.meta.env.FIREFOX;
}

export async function suggestions(): Promise<Suggestions> {
  if (!canSwitchSuggestions() || !(await browser.permissions.contains(PRIVACY))) return "unknown";
  const { value, levelOfControl } = await setting().get({});
  if (levelOfControl === "controlled_by_this_extension") return value ? "on" : "offByUs";
  if (!value) return "off";
  return levelOfControl === "controllable_by_this_extension" ? "on" : "fixed";
}

/** Must be called straight from a click: the browser asks the person first. Says how it is afterwards. */
export async function switchSuggestionsOff(): Promise<Suggestions> {
  if (!(await browser.permissions.request(PRIVACY))) return await suggestions();
  const before = await suggestions();
  if (before === "on") await setting().set({ value: false });
  return before === "on" ? await suggestions() : before;
}

/** Leaves them to the browser again, and gives the permission back. */
export async function leaveSuggestions(): Promise<Suggestions> {
  if ((await suggestions()) === "unknown") return "unknown";
  await setting().clear({});
  await browser.permissions.remove(PRIVACY);
  return await suggestions();
}

/** Calls the listener when they may have changed. */
export function onSuggestionsChange(listener: () => void): void {
  browser.permissions.onAdded.addListener(listener);
  browser.permissions.onRemoved.addListener(listener);
}

function setting() {
  return browser.privacy.services.searchSuggestEnabled;
}
