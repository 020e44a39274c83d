/** Tells toolbar/toolbar.ts what happens in tabs, and what it has to know. */

import { browser } from "wxt/browser";
import type { HostSession } from "../host/session";
import { onLanguageChange, speak } from "../i18n/i18n";
import { leadsToKeyHost } from "../key/key";
import type { Snapshot } from "../messages/messages";
import type { NameDesk } from "../names/desk";
import { hostWords, obstacleWords } from "../pages/words";
import { gatewaysCode } from "../protocol/gateway-page";
import { paused, pausedKeys } from "../settings/settings";
import { Outcomes } from "../toolbar/outcomes";
import { Toolbar } from "../toolbar/toolbar";
import type { Conductor } from "./conductor";

const TOP_LEVEL = { urls: ["<all_urls>"], types: ["main_frame" as const] };

/** The tab went elsewhere, by the user's or the page's will. */
const NO_FAILURE = new Set(["net::ERR_ABORTED", "NS_BINDING_ABORTED"]);

export interface Sent {
  sentFrom(tabId: number, url: string): string | null;
}

export function showOnToolbar(session: HostSession, conductor: Conductor, desk: NameDesk, sent: Sent): void {
  const { session: area } = browser.storage;
  const toolbar = new Toolbar(
    browser,
    {
      isStale: (host, incognito) => isStale(session, host, incognito),
      isAlike: async (key) => (await desk.resembled(key)) !== null,
      pausedEverywhere: () => paused.get(),
      pausedKeys: () => pausedKeys.get(),
      trouble: () => (conductor.snapshot ? troubleWords(conductor.snapshot) : null),
      sentFrom: (tabId, url) => sent.sentFrom(tabId, url),
    },
    new Outcomes({
      get: (name) => area.get(name) as Promise<Record<string, unknown>>,
      set: (items) => area.set(items),
      remove: (name) => area.remove(name),
    }),
  );
  const paint = (tabId: number): void => {
    toolbar.paint(tabId).catch(complain);
  };
  const paintAll = (): void => {
    toolbar.paintAll().catch(complain);
  };

  browser.tabs.onUpdated.addListener((tabId, { status, url }, tab) => {
    if ((status || url) && tab.url && (leadsToKeyHost(tab.url) || sent.sentFrom(tabId, tab.url)))
      paint(tabId);
  });
  browser.tabs.onRemoved.addListener((tabId) => {
    toolbar.left(tabId).catch(complain);
  });
  browser.webRequest.onResponseStarted.addListener(
    ({ tabId, url, responseHeaders }) => {
      if (leadsToKeyHost(url)) toolbar.answered(tabId, url, gatewaysCode(responseHeaders)).catch(complain);
      return undefined;
    },
    TOP_LEVEL,
    ["responseHeaders"],
  );
  browser.webRequest.onErrorOccurred.addListener(({ tabId, url, error }) => {
    if (leadsToKeyHost(url) && !NO_FAILURE.has(error)) toolbar.failed(tabId, url).catch(complain);
    return undefined;
  }, TOP_LEVEL);
  session.onEvent(({ event, key }) => {
    if (event === "updated") toolbar.updated(key).catch(complain);
  });
  desk.names.onChange(paintAll);
  paused.onChange(paintAll);
  pausedKeys.onChange(paintAll);
  void speak().then(paintAll);
  onLanguageChange(paintAll);
  let before = "";
  conductor.watch(({ host, obstacle }) => {
    const now = `${host.kind} ${obstacle}`;
    if (now !== before) paintAll();
    before = now;
  });
}

async function isStale(session: HostSession, host: string, incognito: boolean): Promise<boolean | null> {
  try {
    const asked = { host, policy: "cacheOnly" as const, ...(incognito && { incognito }) };
    return (await session.request("resolve", asked)).stale;
  } catch {
    return null;
  }
}

function troubleWords({ host, obstacle }: Snapshot): string | null {
  // Where the proxy is somebody else's, keys open all the same.
  if (obstacle === "noHostAccess") return obstacleWords(obstacle).title;
  return host.kind === "ready" || host.kind === "connecting" ? null : hostWords(host).title;
}

function complain(error: unknown): void {
  console.error("pkarr: the toolbar button could not be painted", error);
}
