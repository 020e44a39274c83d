/** What only Firefox has: a listener that picks the proxy of each request, and one that may turn a request. */

import { browser } from "wxt/browser";

/** Where a request goes. Undefined leaves it to whatever the user has set. */
export type ProxyChoice = { type: "http"; host: string; port: number } | undefined;

export interface ProxyRequest {
  readonly url: string;
}

interface FirefoxProxy {
  onRequest: {
    addListener(
      listener: (request: ProxyRequest) => ProxyChoice | Promise<ProxyChoice>,
      filter: { urls: string[] },
    ): void;
  };
}

export interface MainFrameRequest {
  readonly url: string;
  readonly tabId: number;
  /** The page the navigation came from; undefined for the address bar. */
  readonly originUrl?: string;
}

export type Turn = { redirectUrl: string } | undefined;

interface FirefoxWebRequest {
  onBeforeRequest: {
    addListener(
      listener: (request: MainFrameRequest) => Turn | Promise<Turn>,
      filter: { urls: string[]; types: ["main_frame"] },
      extra: ["blocking"],
    ): void;
  };
}

/** Asks the listener for the proxy of every request of every page. */
export function onProxyRequest(
  listener: (request: ProxyRequest) => ProxyChoice | Promise<ProxyChoice>,
): void {
  const { onRequest } = browser.proxy as unknown as FirefoxProxy;
  onRequest.addListener(listener, { urls: ["<all_urls>"] });
}

/** Lets the listener turn every top-level navigation before it leaves the machine. */
export function onNavigation(listener: (request: MainFrameRequest) => Turn | Promise<Turn>): void {
  const { onBeforeRequest } = browser.webRequest as unknown as FirefoxWebRequest;
  onBeforeRequest.addListener(listener, { urls: ["<all_urls>"], types: ["main_frame"] }, ["blocking"]);
}
