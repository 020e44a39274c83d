/**
 * Tabs whose key could not be loaded because the gateway was not there: opened again once it is.
 *
 * Two kinds: a tab that failed because the gateway had just gone, and one that was opened before the browser
 * had brought up this extension (the first tab of a start, or the moment of installing). The browser tells of
 * a failed page sooner than of a closed port, so each failure also has the session look after the gateway.
 */

import { browser } from "wxt/browser";
import { forPrivateWindows } from "../browser/private";
import type { HostSession } from "../host/session";
import { leftAlone, type Pause } from "../intercept/pause";
import { leadsToKeyHost } from "../key/key";

/** What a browser says when the gateway is away, went in the middle of an answer, or was not asked yet. */
const GATEWAY_GONE = new Set([
  "net::ERR_PROXY_CONNECTION_FAILED",
  "net::ERR_EMPTY_RESPONSE",
  "net::ERR_CONNECTION_RESET",
  "net::ERR_CONNECTION_CLOSED",
  "net::ERR_CONNECTION_ABORTED",
  "net::ERR_SOCKET_NOT_CONNECTED",
  "net::ERR_CONTENT_LENGTH_MISMATCH",
  "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
  "net::ERR_NAME_NOT_RESOLVED",
  "NS_ERROR_PROXY_CONNECTION_REFUSED",
  "NS_ERROR_NET_RESET",
  "NS_ERROR_NET_INTERRUPT",
  "NS_ERROR_NET_EMPTY_RESPONSE",
  "NS_ERROR_NET_PARTIAL_TRANSFER",
  "NS_ERROR_UNKNOWN_HOST",
]);

/** A failure older than this the user has seen and judged. */
const REMEMBERED_MS = 60_000;
const ATTEMPTS = 3;
/** A page that began before we could watch has failed within this time, or loads after all. */
const LATE_MS = 10_000;
/** A first page that still shows nothing after this time was dropped while the extension came up, and never ends. */
const STUCK_MS = 1_500;

const TOP_LEVEL = { urls: ["<all_urls>"], types: ["main_frame" as const] };

interface Failed {
  url: string;
  at: number;
}

export class Recovery {
  readonly #session: HostSession;
  readonly #pause: Pause;
  readonly #failed = new Map<number, Failed>();
  /** How often each tab was opened again without having loaded anything since. */
  readonly #attempts = new Map<number, number>();
  /** Tabs that were there before us, and have not begun anything since: what they show may have failed. */
  readonly #earlier = new Set<number>();
  /** Tabs that had shown nothing when the background began, and have begun nothing since. */
  readonly #blank = new Set<number>();

  constructor(session: HostSession, pause: Pause) {
    this.#session = session;
    this.#pause = pause;
    browser.webRequest.onBeforeRequest.addListener(({ tabId }) => {
      this.#earlier.delete(tabId);
      this.#blank.delete(tabId);
      return undefined;
    }, TOP_LEVEL);
    browser.webRequest.onErrorOccurred.addListener(({ tabId, url, error }) => {
      if (leadsToKeyHost(url) && GATEWAY_GONE.has(error)) this.#remember(tabId, url);
      return undefined;
    }, TOP_LEVEL);
    browser.webRequest.onCompleted.addListener(({ tabId }) => {
      this.#failed.delete(tabId);
      this.#attempts.delete(tabId);
      return undefined;
    }, TOP_LEVEL);
    browser.tabs.onRemoved.addListener((tabId) => {
      this.#failed.delete(tabId);
      this.#attempts.delete(tabId);
      this.#earlier.delete(tabId);
    });
    browser.tabs.onUpdated.addListener((tabId, { status }) => {
      const awaited = this.#earlier.has(tabId) || this.#failed.has(tabId);
      if (status === "complete" && awaited) this.#lookAgain();
    });
    browser.runtime.onInstalled.addListener(({ reason }) => {
      if (reason === "install") void this.#cameLate();
    });
    // Firefox holds requests back until its listeners are there: at a start nothing comes before them.
    if (!import.meta.env.FIREFOX) browser.runtime.onStartup.addListener(() => void this.#cameLate());
    // A start is not told to an extension that was loaded anew before.
    if (!import.meta.env.FIREFOX) void this.#findStuck();
    // Its background begins with the first private window, and hears of no start.
    if (forPrivateWindows()) void this.#cameLate();
  }

  /** The host is ready, and key hosts pass: open again what failed. */
  async reopen(): Promise<void> {
    const paused = await this.#pause.known();
    if (this.#earlier.size > 0) await this.#rememberEarlier();
    for (const [tabId, { url, at }] of this.#failed) {
      const attempts = this.#attempts.get(tabId) ?? 0;
      if (Date.now() - at > REMEMBERED_MS || attempts >= ATTEMPTS || leftAlone(paused, url)) {
        this.#failed.delete(tabId);
        continue;
      }
      const tab = await browser.tabs.get(tabId).catch(() => null);
      // Not there yet: the browser is still putting up its error page, and will tell when it has.
      if (tab?.url !== url && tab?.pendingUrl !== url) continue;
      this.#failed.delete(tabId);
      this.#attempts.set(tabId, attempts + 1);
      await browser.tabs.update(tabId, { url });
    }
  }

  async #cameLate(): Promise<void> {
    for (const { id, discarded } of await browser.tabs.query({})) {
      if (id !== undefined && !discarded) this.#earlier.add(id);
    }
    setTimeout(() => this.#earlier.clear(), LATE_MS);
    this.#lookAgain();
  }

  async #findStuck(): Promise<void> {
    for (const { id, url } of await browser.tabs.query({ status: "loading" })) {
      if (id !== undefined && !url) this.#blank.add(id);
    }
    setTimeout(async () => {
      for (const id of this.#blank) {
        const tab = await browser.tabs.get(id).catch(() => null);
        if (!tab?.url && tab?.pendingUrl && leadsToKeyHost(tab.pendingUrl))
          this.#remember(id, tab.pendingUrl);
      }
      this.#blank.clear();
      this.#lookAgain();
    }, STUCK_MS);
  }

  #lookAgain(): void {
    if (this.#session.state.kind === "ready") void this.reopen();
  }

  /** Before the gateway no key can have loaded: an earlier tab that has come to rest on one has failed. */
  async #rememberEarlier(): Promise<void> {
    for (const id of this.#earlier) {
      const tab = await browser.tabs.get(id).catch(() => null);
      // A navigation that was dropped while the extension came up leaves its address pending for ever.
      const url = tab?.url || tab?.pendingUrl;
      if (!url || tab?.status !== "complete" || !leadsToKeyHost(url)) continue;
      this.#earlier.delete(id);
      this.#failed.set(id, { url, at: Date.now() });
    }
  }

  #remember(tabId: number, url: string): void {
    this.#failed.set(tabId, { url, at: Date.now() });
    void this.#session.checkGateway();
  }
}
