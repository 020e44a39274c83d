/**
 * Keeps pages of keys from this machine and private networks, in Firefox; Chromium asks people by itself.
 *
 * Whoever publishes a key needs no name and no hosting contract, so their pages get no more than a stranger's: what
 * they load from an address or a name of the own network is cancelled, and what turns out to have come from
 * there too. Key hosts go through the gateway, whose own guard minds where they lead.
 */

import { type AnsweredRequest, type AnyRequest, onAnswer, onRequest, type Verdict } from "../browser/firefox";
import { leadsToKeyHost } from "../key/key";
import { isLocalAddress, isLocalHost } from "./local-network";

const CANCEL: Verdict = { cancel: true };
const WEB = /^(?:https?|wss?):/;
/** What a key host's address may be wrapped in: a blob's, or that of a document that is walled off. */
const WRAPPED = /^(?:blob:|moz-nullprincipal:\{[^}]*\}\?)/;

/** Must be called while the background starts. */
export function guardLocalNetwork(): void {
  onRequest(judgeRequest);
  onAnswer(judgeAnswer);
}

export function judgeRequest(request: AnyRequest): Verdict {
  if (!isFromKeyHost(request) || !WEB.test(request.url) || leadsToKeyHost(request.url)) return undefined;
  return isLocalHost(new URL(request.url).hostname) ? CANCEL : undefined;
}

/** For ordinary names: only now it shows where they led. Behind a proxy it does not, nor whose network that is. */
export function judgeAnswer(request: AnsweredRequest): Verdict {
  if (!isFromKeyHost(request) || !request.ip || leadsToKeyHost(request.url)) return undefined;
  const proxied = request.proxyInfo != null && request.proxyInfo.type !== "direct";
  return !proxied && isLocalAddress(request.ip) ? CANCEL : undefined;
}

/** A tab may go wherever it likes; this is about what pages load. Runs for every request, so it gives up at once. */
function isFromKeyHost({ type, originUrl, documentUrl, frameAncestors }: AnyRequest): boolean {
  if (type === "main_frame") return false;
  if (isKeyHosts(originUrl) || isKeyHosts(documentUrl)) return true;
  return frameAncestors?.some(({ url }) => isKeyHosts(url)) ?? false;
}

function isKeyHosts(url: string | undefined): boolean {
  return url !== undefined && leadsToKeyHost(url.replace(WRAPPED, ""));
}
