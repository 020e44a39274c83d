/**
 * What the context menu offers for keys: to open a selected one, and to copy the address of a page or link as `pk:`.
 * What is in the menu when is in menu-entries.ts; here it is told what happens in tabs, and what was chosen is done.
 *
 * Opening links in new tabs and windows is the browser's own offer (entrypoints/links.ts).
 */

import { type Browser, browser } from "wxt/browser";
import { onLanguageChange, speak } from "../i18n/i18n";
import { keyHostOf, leadsToKeyHost } from "../key/key";
import type { Scheme } from "../key/search";
import { asPk, selectedKey } from "../links/address";
import type { Copy } from "../links/messages";
import type { Area } from "../names/area";
import { COPY_LINK, MenuEntries, type Menus, OPEN } from "./menu-entries";
import { MetKeys } from "./met-keys";

type Clicked = Browser.contextMenus.OnClickData;
type Tab = Browser.tabs.Tab;

export function serveKeyMenus(scheme: () => Scheme): MenuEntries {
  const menus = browser.contextMenus as unknown as Menus;
  const entries = new MenuEntries(
    menus,
    new MetKeys(browser.storage.session as unknown as Area),
    scheme,
    speak,
  );
  onLanguageChange(() => entries.renew());
  const shown = (tab: Tab): void => {
    if (tab.url && leadsToKeyHost(tab.url)) entries.met(keyHostOf(tab.url)?.host ?? "", tab);
  };

  browser.contextMenus.onClicked.addListener((clicked, tab) => {
    // The tab may be gone, or have no script of ours.
    chosen(clicked, tab, scheme()).catch(() => {});
  });
  browser.tabs.onUpdated.addListener((tabId, { status }, tab) => {
    if (status !== "loading") return;
    entries.left(tabId);
    shown(tab);
  });
  browser.tabs.onActivated.addListener(({ tabId }) => {
    // It was in another tab; a selection in this one is told of when it changes.
    entries.unselected();
    browser.tabs.get(tabId).then(shown, () => {});
  });
  return entries;
}

async function chosen(clicked: Clicked, tab: Tab | undefined, scheme: Scheme): Promise<void> {
  if (clicked.menuItemId === OPEN) return open(clicked.selectionText ?? "", tab, scheme);
  const address = clicked.menuItemId === COPY_LINK ? clicked.linkUrl : clicked.pageUrl;
  const pk = asPk(address ?? "");
  if (pk) await copy(pk, clicked, tab);
}

async function open(text: string, tab: Tab | undefined, scheme: Scheme): Promise<void> {
  const key = selectedKey(text, scheme);
  if (!key) return;
  const beside = tab?.id !== undefined && tab.id >= 0 ? { openerTabId: tab.id, index: tab.index + 1 } : {};
  const there = tab ? { windowId: tab.windowId } : {};
  await browser.tabs.create({ url: key.address, ...there, ...beside });
}

async function copy(text: string, { frameId }: Clicked, tab: Tab | undefined): Promise<void> {
  if (import.meta.env.FIREFOX) await navigator.clipboard.writeText(text);
  else if (tab?.id !== undefined) {
    await browser.tabs.sendMessage(tab.id, { copy: text } satisfies Copy, { frameId: frameId ?? 0 });
  }
}
