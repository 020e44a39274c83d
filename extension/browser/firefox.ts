/** What only Firefox has: a listener that picks the proxy of each request, and ones that may turn or cancel it. */

import { browser } from "wxt/browser";

/** Where a request goes. Undefined leaves it to whatever the user has set. */
export type ProxyChoice = { type: "http"; host: string; port: number } | undefined;

export interface ProxyRequest extends AnyRequest {
  /** Whether its window is private. */
  readonly incognito: boolean;
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
  readonly incognito?: boolean;
  readonly method?: string;
  /** The fields of a form that is sent, each with all its values; missing for all else. */
  readonly requestBody?: { readonly formData?: Readonly<Record<string, readonly unknown[]>> } | null;
}

export type Turn = { redirectUrl: string } | { cancel: true } | undefined;

/** Any request: of a page, or of what is in it. */
export interface AnyRequest {
  readonly type: string;
  readonly url: string;
  /** -1 where there is none. */
  readonly tabId: number;
  /** Who asks; undefined for the browser itself. */
  readonly originUrl?: string;
  /** The document it is for. */
  readonly documentUrl?: string;
  /** For what is in frames: the documents around, innermost first. */
  readonly frameAncestors?: readonly { readonly url: string }[];
}

export interface AnsweredRequest extends AnyRequest {
  /** The address it was sent to: that of the proxy, where there is one. */
  readonly ip: string | null;
  readonly proxyInfo?: { readonly type: string } | null;
}

export type Verdict = { cancel: true } | undefined;

interface BlockingEvent<Request, Answer> {
  addListener(
    listener: (request: Request) => Answer | Promise<Answer>,
    filter: { urls: string[]; types: readonly string[] },
    extra: ["blocking"] | ["blocking", "requestBody"],
  ): void;
}

interface FirefoxWebRequest {
  /** Every type this Firefox knows. */
  ResourceType: Readonly<Record<string, string>>;
  onBeforeRequest: BlockingEvent<MainFrameRequest, Turn> & BlockingEvent<AnyRequest, Verdict>;
  onHeadersReceived: BlockingEvent<AnsweredRequest, Verdict>;
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
  // Where a form is sent, Firefox tells what is in it, which costs nothing anywhere else.
  const extra: ["blocking", "requestBody"] = ["blocking", "requestBody"];
  onBeforeRequest.addListener(listener, { urls: ["<all_urls>"], types: ["main_frame"] }, extra);
}

/** Lets the listener cancel any request of what is in pages before it is made. */
export function onRequest(listener: (request: AnyRequest) => Verdict | Promise<Verdict>): void {
  const { onBeforeRequest } = browser.webRequest as unknown as FirefoxWebRequest;
  onBeforeRequest.addListener(listener, inPages(), ["blocking"]);
}

/** Lets the listener cancel any request of what is in pages before the page hears of the answer. */
export function onAnswer(listener: (request: AnsweredRequest) => Verdict | Promise<Verdict>): void {
  const { onHeadersReceived } = browser.webRequest as unknown as FirefoxWebRequest;
  onHeadersReceived.addListener(listener, inPages(), ["blocking"]);
}

/** All but the pages of tabs. The types are asked of Firefox, so that one of a later version is not left out. */
function inPages(): { urls: string[]; types: string[] } {
  const { ResourceType } = browser.webRequest as unknown as FirefoxWebRequest;
  return { urls: ["<all_urls>"], types: Object.values(ResourceType).filter((type) => type !== "main_frame") };
}
