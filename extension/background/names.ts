/**
 * Brings names and opened keys together with the browser: notes which keys tabs open, marks the toolbar button where a
 * tab shows a key that looks like a known one, serves the keyword in the address bar.
 */

import { browser } from "wxt/browser";
import { keyHostOf, leadsToKeyHost } from "../key/key";
import { NameDesk } from "../names/desk";
import { Names } from "../names/names";
import { Opened } from "../names/opened";
import { type Bar, type Disposition, serveOmnibox } from "../omnibox/omnibox";
import { plainText } from "../pages/plain-text";
import { gatewaysCode } from "../protocol/gateway-page";
import type { Conductor } from "./conductor";

const BADGE = { text: "!", color: "#a3341f", title: "pkarr: this key looks like another one" };

export function serveNames(conductor: Conductor): NameDesk {
  const { local } = browser.storage;
  const area = {
    get: (name: string) => local.get(name) as Promise<Record<string, unknown>>,
    set: (items: Record<string, unknown>) => local.set(items),
  };
  // The scripts in web pages need nothing of it. Firefox knows no such limit.
  if (!import.meta.env.FIREFOX) void local.setAccessLevel({ accessLevel: "TRUSTED_CONTEXTS" });
  const desk = new NameDesk(new Names(area), new Opened(area));
  noteOpened(desk);
  warnOfLookAlikes(desk);
  serveOmnibox(browser.omnibox as unknown as Bar, {
    known: async () => ({ names: await desk.names.all(), opened: await desk.opened.all() }),
    scheme: () => conductor.scheme,
    markup: !import.meta.env.FIREFOX,
    open: (address, disposition) => void open(address, disposition),
    help: (typed) => browser.runtime.getURL(`/names.html?typed=${encodeURIComponent(plainText(typed))}`),
  });
  return desk;
}

function noteOpened({ opened }: NameDesk): void {
  browser.webRequest.onCompleted.addListener(
    ({ tabId, url, statusCode, responseHeaders }) => {
      if (!leadsToKeyHost(url) || statusCode >= 400) return undefined;
      const key = keyHostOf(url)?.key;
      if (key && gatewaysCode(responseHeaders) === null) void noteUnlessPrivate(tabId, key);
      return undefined;
    },
    { urls: ["<all_urls>"], types: ["main_frame"] },
    ["responseHeaders"],
  );

  async function noteUnlessPrivate(tabId: number, key: string): Promise<void> {
    const tab = await browser.tabs.get(tabId).catch(() => null);
    // A tab that is gone already may have been private.
    if (tab && !tab.incognito) await opened.note(key);
  }
}

function warnOfLookAlikes(desk: NameDesk): void {
  browser.tabs.onUpdated.addListener((tabId, { status }, tab) => {
    // Both browsers take a tab's badge away when it goes elsewhere.
    if (status === "complete" && tab.url && leadsToKeyHost(tab.url)) void mark(tabId, tab.url);
  });
  const marked = new Set<number>();
  browser.tabs.onRemoved.addListener((tabId) => marked.delete(tabId));
  // A key that was named is no longer one to warn of.
  desk.names.onChange(() => void markAll());

  async function mark(tabId: number, url: string): Promise<void> {
    const key = keyHostOf(url)?.key;
    if (!key) return;
    const alike = (await desk.resembled(key)) !== null;
    // What others say on the button stays.
    if (!alike && !marked.delete(tabId)) return;
    if (alike) marked.add(tabId);
    try {
      await browser.action.setBadgeBackgroundColor({ tabId, color: BADGE.color });
      await browser.action.setBadgeText({ tabId, text: alike ? BADGE.text : "" });
      await browser.action.setTitle({ tabId, title: alike ? BADGE.title : "" });
    } catch {
      // The tab is gone.
    }
  }

  async function markAll(): Promise<void> {
    for (const { id, url } of await browser.tabs.query({})) {
      if (id !== undefined && url && leadsToKeyHost(url)) await mark(id, url);
    }
  }
}

async function open(address: string, disposition: Disposition): Promise<void> {
  if (disposition === "currentTab") await browser.tabs.update({ url: address });
  else await browser.tabs.create({ url: address, active: disposition === "newForegroundTab" });
}
