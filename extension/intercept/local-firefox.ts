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

/** The address of what a tab shows. */
export type TabUrl = (tabId: number) => Promise<string | undefined>;

const CANCEL: Verdict = { cancel: true };
const WEB = /^(?:https?|wss?):/;

/** Must be called while the background starts. */
export function guardLocalNetwork(): void {
  const tabUrl: TabUrl = async (tabId) => (await browser.tabs.get(tabId)).url;
  onRequest((request) => judgeRequest(request, tabUrl));
  onAnswer((request) => judgeAnswer(request, tabUrl));
}

export function judgeRequest(request: AnyRequest, tabUrl: TabUrl): Verdict | Promise<Verdict> {
  const whose = whoseIs(request);
  if (whose === "other" || !WEB.test(request.url) || leadsToKeyHost(request.url)) return undefined;
  return isLocalHost(new URL(request.url).hostname) ? verdict(whose, request, tabUrl) : undefined;
}

/** For ordinary names: only now it shows where they led. Behind a proxy it does not, nor whose network that is. */
export function judgeAnswer(request: AnsweredRequest, tabUrl: TabUrl): Verdict | Promise<Verdict> {
  const whose = whoseIs(request);
  if (whose === "other" || !request.ip || leadsToKeyHost(request.url)) return undefined;
  const proxied = request.proxyInfo != null && request.proxyInfo.type !== "direct";
  return !proxied && isLocalAddress(request.ip) ? verdict(whose, request, tabUrl) : undefined;
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
  // A document that is walled off (`sandbox`) has no address here, nor has the browser itself.
  return originUrl === undefined && documentUrl === undefined ? "unknown" : "other";
}

function isKeyHosts(url: string | undefined): boolean {
  return url !== undefined && leadsToKeyHost(url.startsWith("blob:") ? url.slice(5) : url);
}

function verdict(whose: Whose, { tabId }: AnyRequest, tabUrl: TabUrl): Verdict | Promise<Verdict> {
  if (whose === "keyHost") return CANCEL;
  return tabUrl(tabId).then(
    (url) => (isKeyHosts(url) ? CANCEL : undefined),
    () => undefined,
  );
}
