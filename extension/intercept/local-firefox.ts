/**
 * Keeps pages of keys from this machine and private networks, in Firefox; Chromium does it by itself once it knows
 * that they are no pages of this machine (intercept/rules.ts).
 *
 * Whoever publishes a key needs no name and no hosting contract, so their pages get no more than a stranger's: what
 * they load from an address or a name of the own network is cancelled, and what turns out to have come from
 * there too. Key hosts go through the gateway, whose own guard minds where they lead.
 */

import { browser } from "wxt/browser";
import { type AnsweredRequest, type AnyRequest, onAnswer, onRequest, type Verdict } from "../browser/firefox";
import { leadsToKeyHost } from "../key/key";
import { isLocalAddress, isLocalHost } from "./local-network";

/** What is known of tabs; the addresses of web pages only, any other is undefined. */
export interface Tabs {
  /** The address of what a tab shows. Rejects if it is gone. */
  url(tabId: number): Promise<string | undefined>;
  urls(): Promise<(string | undefined)[]>;
}

const CANCEL: Verdict = { cancel: true };
const WEB = /^(?:https?|wss?):/;
/** Addresses of documents that may be anybody's: what was made or written by a document without an address. */
const NOBODYS = /^(?:about|data):|^blob:(?!https?:)/;

/**
 * Watches requests from the first on that has to do with keys; whoever opens none is spared that. Each request is shown
 * to `begins()` when its proxy is asked for, which is before it could be cancelled, and which wakes the background.
 */
export class LocalNetworkGuard {
  readonly #tabs: Tabs = {
    url: async (tabId) => (await browser.tabs.get(tabId)).url,
    urls: async () => (await browser.tabs.query({})).map(({ url }) => url),
  };
  readonly #idle: () => boolean;
  #watching = false;

  /** While it is `idle`, key hosts are names like any other. */
  constructor(idle: () => boolean) {
    this.#idle = idle;
  }

  begins(request: AnyRequest): void {
    if (this.#watching || !mayConcernKeys(request)) return;
    this.#watching = true;
    onRequest((one) => (this.#idle() ? undefined : judgeRequest(one, this.#tabs)));
    onAnswer((one) => (this.#idle() ? undefined : judgeAnswer(one, this.#tabs)));
  }
}

export function judgeRequest(request: AnyRequest, tabs: Tabs): Verdict | Promise<Verdict> {
  const whose = whoseIs(request);
  if (whose === "other" || !WEB.test(request.url) || leadsToKeyHost(request.url)) return undefined;
  return isLocalHost(new URL(request.url).hostname) ? verdict(whose, request, tabs) : undefined;
}

/** For ordinary names: only now it shows where they led. Behind a proxy it does not, nor whose network that is. */
export function judgeAnswer(request: AnsweredRequest, tabs: Tabs): Verdict | Promise<Verdict> {
  const whose = whoseIs(request);
  if (whose === "other" || !request.ip || leadsToKeyHost(request.url)) return undefined;
  const proxied = request.proxyInfo != null && request.proxyInfo.type !== "direct";
  return !proxied && isLocalAddress(request.ip) ? verdict(whose, request, tabs) : undefined;
}

/** Whether requests have to be judged from this one on. */
export function mayConcernKeys(request: AnyRequest): boolean {
  if (leadsToKeyHost(request.url)) return true;
  const whose = whoseIs(request);
  // The browser's own requests have no document either, and there are many.
  return whose === "keyHost" || (whose === "unknown" && request.tabId >= 0);
}

type Whose = "keyHost" | "other" | "unknown";

/**
 * Whose page asks. A tab may go wherever it likes; this is about what pages load. Runs for every request of every
 * page, so it gives up at once.
 */
function whoseIs({ type, originUrl, documentUrl, frameAncestors }: AnyRequest): Whose {
  if (type === "main_frame") return "other";
  if (isKeyHosts(originUrl) || isKeyHosts(documentUrl)) return "keyHost";
  if (frameAncestors?.some(({ url }) => isKeyHosts(url))) return "keyHost";
  // A document that is walled off (`sandbox`) has no address here, nor has a worker that came out of one.
  return originUrl === undefined && documentUrl === undefined ? "unknown" : "other";
}

function isKeyHosts(url: string | undefined): boolean {
  return url !== undefined && leadsToKeyHost(url.startsWith("blob:") ? url.slice(5) : url);
}

function verdict(whose: Whose, { tabId }: AnyRequest, tabs: Tabs): Verdict | Promise<Verdict> {
  if (whose === "keyHost") return CANCEL;
  // A shared worker has no tab, and outlives the one that began it.
  const shown = tabId < 0 ? tabs.urls() : tabs.url(tabId).then((url) => [url]);
  return shown.then(
    (urls) => (urls.some(mayBeKeyHosts) ? CANCEL : undefined),
    // The tab is gone: it may have asked for this and closed itself.
    () => CANCEL,
  );
}

/** Whether what a tab shows may have come from a key's page; it can lead its tab to a document that is nobody's. */
function mayBeKeyHosts(url: string | undefined): boolean {
  return url === undefined || NOBODYS.test(url) || isKeyHosts(url);
}
