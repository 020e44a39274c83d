/**
 * Brings names and opened keys together with the browser: notes which keys tabs open, has the toolbar button
 * marked where a tab shows a key that looks like a known one, serves the keyword in the address bar.
 */

import { browser } from "wxt/browser";
import { speak } from "../i18n/i18n";
import { keyHostOf, leadsToKeyHost } from "../key/key";
import { NameDesk } from "../names/desk";
import { Names } from "../names/names";
import { Opened } from "../names/opened";
import { type Bar, type Disposition, serveOmnibox } from "../omnibox/omnibox";
import { plainText } from "../pages/plain-text";
import { gatewaysCode } from "../protocol/gateway-page";
import type { Conductor } from "./conductor";

export function serveNames(conductor: Conductor): NameDesk {
  const { local } = browser.storage;
  const area = {
    get: (name: string) => local.get(name) as Promise<Record<string, unknown>>,
    set: (items: Record<string, unknown>) => local.set(items),
  };
  // The scripts in web pages need nothing of it. Firefox knows no such limit.
  if (!import.meta.env.FIREFOX) local.setAccessLevel({ accessLevel: "TRUSTED_CONTEXTS" }).catch(() => {});
  const desk = new NameDesk(new Names(area), new Opened(area));
  noteOpened(desk);
  serveOmnibox(browser.omnibox as unknown as Bar, {
    spoken: speak,
    known: async () => ({ names: await desk.names.all(), opened: await desk.opened.all() }),
    scheme: () => conductor.scheme,
    markup: !import.meta.env.FIREFOX,
    open: (address, disposition) => {
      // The window may be gone.
      open(address, disposition).catch(() => {});
    },
    help: (typed) => browser.runtime.getURL(`/names.html?typed=${encodeURIComponent(plainText(typed))}`),
  });
  return desk;
}

function noteOpened({ opened }: NameDesk): void {
  browser.webRequest.onCompleted.addListener(
    ({ tabId, url, statusCode, responseHeaders }) => {
      if (!leadsToKeyHost(url) || statusCode >= 400) return undefined;
      const key = keyHostOf(url)?.key;
      // A storage that is full or away keeps a key from being noted, and nothing else.
      if (key && gatewaysCode(responseHeaders) === null) noteUnlessPrivate(tabId, key).catch(() => {});
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

async function open(address: string, disposition: Disposition): Promise<void> {
  if (disposition === "currentTab") await browser.tabs.update({ url: address });
  else await browser.tabs.create({ url: address, active: disposition === "newForegroundTab" });
}
