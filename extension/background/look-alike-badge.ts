/**
 * Marks the toolbar button where a tab shows a key that looks like a known one: as soon as the tab has gone there, since
 * a page may take as long as it likes to be complete.
 */

import type { browser } from "wxt/browser";
import { keyHostOf, leadsToKeyHost } from "../key/key";

export const BADGE = { text: "!", color: "#a3341f", title: "pkarr: this key looks like another one" };

/** What of the browser is needed. */
export type Buttons = Pick<typeof browser, "tabs" | "action">;

/** Who knows the keys. */
export interface Known {
  /** Whether this key may be taken for another one. */
  isAlike(key: string): Promise<boolean>;
  /** A key that was named is no longer one to warn of. */
  onChange(listener: () => void): void;
}

export function warnOfLookAlikes({ tabs, action }: Buttons, known: Known): void {
  tabs.onUpdated.addListener((tabId, { status, url }, tab) => {
    // Both browsers take a tab's badge away when it goes elsewhere.
    if (status || url) void mark(tabId, tab.url);
  });
  known.onChange(() => {
    // What can't be marked now is when it goes on.
    markAll().catch(() => {});
  });

  async function mark(tabId: number, url: string | undefined): Promise<void> {
    const key = url && leadsToKeyHost(url) ? keyHostOf(url)?.key : undefined;
    if (!key) return;
    try {
      const alike = await known.isAlike(key);
      // What others say on the button stays.
      if (!alike && (await action.getBadgeText({ tabId })) !== BADGE.text) return;
      // It may have gone on meanwhile.
      if (keyHostOf((await tabs.get(tabId)).url ?? "")?.key !== key) return;
      await action.setBadgeBackgroundColor({ tabId, color: BADGE.color });
      await action.setBadgeText({ tabId, text: alike ? BADGE.text : "" });
      await action.setTitle({ tabId, title: alike ? BADGE.title : "" });
    } catch {
      // The tab is gone.
    }
  }

  async function markAll(): Promise<void> {
    for (const { id, url } of await tabs.query({})) if (id !== undefined) await mark(id, url);
  }
}
