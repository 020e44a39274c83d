/**
 * Tabs whose key could not be loaded because the gateway had just gone: opened again once it is back.
 *
 * The browser tells of the failed page sooner than of the closed port, so each failure also has the session
 * look whether the gateway is still there.
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

/** A failure older than this is not the gateway's coming back; the user has seen and judged it. */
const REMEMBERED_MS = 60_000;
const ATTEMPTS = 3;

interface Failed {
  url: string;
  at: number;
  attempts: number;
}

export class Recovery {
  readonly #session: HostSession;
  readonly #failed = new Map<number, Failed>();

  constructor(session: HostSession) {
    this.#session = session;
    browser.webRequest.onErrorOccurred.addListener(
      ({ tabId, url, error }) => {
        if (leadsToKeyHost(url) && GATEWAY_GONE.has(error)) this.#remember(tabId, url);
        return undefined;
      },
      { urls: ["<all_urls>"], types: ["main_frame"] },
    );
    browser.webRequest.onCompleted.addListener(
      ({ tabId }) => {
        this.#failed.delete(tabId);
        return undefined;
      },
      { urls: ["<all_urls>"], types: ["main_frame"] },
    );
    browser.tabs.onRemoved.addListener((tabId) => this.#failed.delete(tabId));
  }

  /** The host is ready, and key hosts pass: open again what failed. */
  async reopen(): Promise<void> {
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

  #remember(tabId: number, url: string): void {
    const before = this.#failed.get(tabId);
    const attempts = before?.url === url ? before.attempts : 0;
    this.#failed.set(tabId, { url, at: Date.now(), attempts });
    void this.#session.checkGateway();
  }
}
