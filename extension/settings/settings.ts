/** What the user chose, and what outlives the browser: all of it in storage.local. */

import { isLanguage, type LanguageChoice } from "../i18n/languages";
import { off, on, Setting } from "./setting";

/**
 * How key hosts open: through the gateway, the key staying in the address bar; or by sending the tab to the
 * address the key's records name.
 */
export type Way = "gateway" | "redirect";

export const way = new Setting<Way>("way", (stored) => (stored === "redirect" ? "redirect" : "gateway"));

/** Whether searches for keys are turned back to the keys. */
export const searchRescue = new Setting("searchRescue", on);

/** Whether links to keys are looked up while somebody points at them. */
export const lookAhead = new Setting("lookAhead", on);

/** Whether keys in the text of pages become links. */
export const linkify = new Setting("linkify", off);

/** Whether key hosts are left alone: no gateway, no turned searches. */
export const paused = new Setting("paused", off);

/** More than anybody pauses one by one. Each of them stands in the proxy script and in every rule. */
export const MOST_PAUSED_KEYS = 1_000;

/** The keys that are left alone. */
export const pausedKeys = new Setting<string[]>("pausedKeys", (stored) =>
  Array.isArray(stored) ? stored.filter((key) => typeof key === "string") : [],
);

export const language = new Setting<LanguageChoice>("language", (stored) =>
  isLanguage(stored) ? stored : "browser",
);

/** The gateway's port of last time. */
export const gatewayPort = new Setting<number | undefined>("gatewayPort", (stored) =>
  typeof stored === "number" ? stored : undefined,
);

/** Whether the welcome page was opened by itself: it is so once. */
export const welcomed = new Setting("welcomed", off);
