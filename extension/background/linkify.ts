/** Has the browser load the script that makes links of keys in text, for those who chose that; others are spared it. */

import { browser } from "wxt/browser";
import { linkify } from "../settings/settings";

const SCRIPT = {
  id: "linkify",
  js: ["linkify.js"],
  matches: ["<all_urls>"],
  runAt: "document_idle" as const,
  allFrames: true,
};

/** Pages that are loaded from now on have it, or not. */
export function followLinkify(): void {
  let last = Promise.resolve();
  const apply = (): void => {
    last = last.then(async () => {
      const there = await browser.scripting.getRegisteredContentScripts({ ids: [SCRIPT.id] });
      const want = await linkify.get();
      if (want && there.length === 0) await browser.scripting.registerContentScripts([SCRIPT]);
      if (!want && there.length > 0) await browser.scripting.unregisterContentScripts({ ids: [SCRIPT.id] });
    });
    last = last.catch((error) => console.error("pkarr: links in text could not be switched", error));
  };
  linkify.onChange(apply);
  apply();
}
