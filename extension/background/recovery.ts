/**
 * Tabs whose key could not be loaded because the gateway was not there: opened again once it is.
 *
 * Two kinds: a tab that failed because the gateway had just gone, and one that was opened before the browser
 * had brought up this extension (the first tab of a start, or the moment of installing). The browser tells of
 * a failed page sooner than of a closed port, so each failure also has the session look after the gateway.
 */

import { browser } from "wxt/browser";
import type { HostSession } from "../host/session";
import { leadsToKeyHost } from "../key/key";

/** What a browser says when the proxy is away or went in the middle of an answer. */
const GATEWAY_GONE = new Set([
  "net::ERR_PROXY_CONNECTION_FAILED",
  "net::ERR_EMPTY_RESPONSE",
  "net::ERR_CONNECTION_RESET",
  "net::ERR_CONNECTION_CLOSED",
  "net::ERR_CONTENT_LENGTH_MISMATCH",
  "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
  "NS_ERROR_PROXY_CONNECTION_REFUSED",
  "NS_ERROR_NET_RESET",
  "NS_ERROR_NET_INTERRUPT",
  "NS_ERROR_NET_EMPTY_RESPONSE",
  "NS_ERROR_NET_PARTIAL_TRANSFER",
]);

/** A failure older than this the user has seen and judged. */
const REMEMBERED_MS = 60_000;
const ATTEMPTS = 3;
/** A page that failed before we could watch is shown within this time. */
const LATE_MS = 10_000;

const TOP_LEVEL = { urls: ["<all_urls>"], types: ["main_frame" as const] };

interface Failed {
  url: string;
  at: number;
  attempts: number;
}

export class Recovery {
  readonly #session: HostSession;
  readonly #failed = new Map<number, Failed>();
  /** Tabs that loaded something, or failed, while we watched. */
  readonly #seen = new Set<number>();
  /** Until then, a tab may turn out to have failed before we could watch. */
  #lateUntil = 0;

  constructor(session: HostSession) {
    this.#session = session;
    browser.webRequest.onErrorOccurred.addListener(({ tabId, url, error }) => {
      if (leadsToKeyHost(url) && GATEWAY_GONE.has(error)) this.#remember(tabId, url);
      return undefined;
    }, TOP_LEVEL);
    browser.webRequest.onCompleted.addListener(({ tabId }) => {
      this.#failed.delete(tabId);
      this.#seen.add(tabId);
      return undefined;
    }, TOP_LEVEL);
    browser.tabs.onRemoved.addListener((tabId) => {
      this.#failed.delete(tabId);
      this.#seen.delete(tabId);
    });
    browser.tabs.onUpdated.addListener((_tabId, { status }) => {
      if (status === "complete" && Date.now() < this.#lateUntil) this.#lookAgain();
    });
    browser.runtime.onStartup.addListener(() => this.#late());
    browser.runtime.onInstalled.addListener(({ reason }) => {
      if (reason === "install") this.#late();
    });
  }

  /** The host is ready, and key hosts pass: open again what failed. */
  async reopen(): Promise<void> {
    if (Date.now() < this.#lateUntil) await this.#rememberEarlier();
    for (const [tabId, failed] of this.#failed) {
      if (Date.now() - failed.at > REMEMBERED_MS || failed.attempts >= ATTEMPTS) {
        this.#failed.delete(tabId);
        continue;
      }
      const tab = await browser.tabs.get(tabId).catch(() => null);
      if (tab?.url === failed.url || tab?.pendingUrl === failed.url) {
        failed.attempts += 1;
        await browser.tabs.update(tabId, { url: failed.url });
      } else {
        this.#failed.delete(tabId);
      }
    }
  }

  /** Tabs were opened before us: look at each, now or when it has come to its end. */
  #late(): void {
    this.#lateUntil = Date.now() + LATE_MS;
    this.#lookAgain();
  }

  #lookAgain(): void {
    if (this.#session.state.kind === "ready") void this.reopen();
  }

  /** Without the gateway no key can have loaded, so a tab that shows one and did not load since has failed. */
  async #rememberEarlier(): Promise<void> {
    for (const { id, url, status, discarded } of await browser.tabs.query({})) {
      if (id === undefined || !url || discarded || status !== "complete") continue;
      if (leadsToKeyHost(url) && !this.#seen.has(id)) {
        this.#seen.add(id);
        this.#failed.set(id, { url, at: Date.now(), attempts: 0 });
      }
    }
  }

  #remember(tabId: number, url: string): void {
    this.#seen.add(tabId);
    const before = this.#failed.get(tabId);
    const attempts = before?.url === url ? before.attempts : 0;
    this.#failed.set(tabId, { url, at: Date.now(), attempts });
    void this.#session.checkGateway();
  }
}
