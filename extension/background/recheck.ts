/** Tells background/failed-tabs.ts what happens in tabs, and does what it wants. */

import { browser } from "wxt/browser";
import { isPrivate } from "../browser/private";
import type { HostSession } from "../host/session";
import { leftAlone, type Pause } from "../intercept/pause";
import { keyHostOf, leadsToKeyHost } from "../key/key";
import { gatewaysCode } from "../protocol/gateway-page";
import { type FailedPage, FailedTabs } from "./failed-tabs";

const TOP_LEVEL = { urls: ["<all_urls>"], types: ["main_frame" as const] };

export function recheckFailedTabs(session: HostSession, pause: Pause): void {
  const tabs = new FailedTabs({
    newest: async ({ host, incognito }, where) => {
      const policy = where === "here" ? "cacheOnly" : "networkOnly";
      return (await session.request("resolve", { host, policy, ...(incognito && { incognito }) })).seq;
    },
    look: async (tabId, url) => {
      const tab = await browser.tabs.get(tabId).catch(() => null);
      if (tab?.url !== url || leftAlone(await pause.known(), url)) return "gone";
      return tab.active ? "shown" : "hidden";
    },
    reload: (tabId) => {
      browser.tabs.reload(tabId).catch(() => tabs.forget(tabId));
    },
  });
  session.onEvent((event) => tabs.updated(event));
  browser.webRequest.onBeforeRequest.addListener(({ tabId }) => {
    tabs.left(tabId);
    return undefined;
  }, TOP_LEVEL);
  browser.webRequest.onErrorOccurred.addListener(({ tabId }) => {
    tabs.forget(tabId);
    return undefined;
  }, TOP_LEVEL);
  browser.webRequest.onCompleted.addListener(
    (request) => {
      const { tabId, url, method } = request;
      const code = gatewaysCode(request.responseHeaders);
      // What was posted is not posted again.
      tabs.ended(tabId, code && method === "GET" ? failedPage(url, code, isPrivate(request)) : null);
      return undefined;
    },
    TOP_LEVEL,
    ["responseHeaders"],
  );
  browser.tabs.onActivated.addListener(({ tabId }) => tabs.shown(tabId));
  browser.tabs.onRemoved.addListener((tabId) => tabs.forget(tabId));
}

function failedPage(url: string, code: string, incognito: boolean): FailedPage | null {
  const keyHost = leadsToKeyHost(url) ? keyHostOf(url) : null;
  return keyHost && { url, code, incognito, ...keyHost };
}
