/** Whether the key's records are verified, and what is known of the packet they are in. */

import { say } from "../../i18n/i18n";
import { element } from "../../pages/element";
import { plainText } from "../../pages/plain-text";
import { problemWords } from "../../pages/problem-words";
import { sentence } from "../../pages/sentence";
import { absoluteTime, duration, relativeTime } from "../../pages/time";
import type { Resolution, RpcError } from "../../protocol/protocol";

export type State = "asking" | "verified" | "stale" | "problem";

/** As many as there are sources, within reason. */
const MOST_FAILURES = 20;

export function sayState(state: State, summary: string, what = "", todo = "", code = ""): void {
  element("state").dataset.state = state;
  put("summary", summary);
  put("what", what);
  put("todo", todo);
  put("code", code);
}

export function sayFailure(failed: RpcError): void {
  const { what, todo, code } = problemWords(failed);
  element("facts").hidden = true;
  sayState("problem", say("keyPage.problem"), what, todo, code);
}

export function sayResolved(resolved: Resolution): void {
  const early = resolved.warnings.includes("future-seq");
  if (resolved.stale) sayState("stale", say("keyPage.stale"), say("keyPage.staleWhat"));
  else
    sayState(
      "verified",
      say("keyPage.verified"),
      say(early ? "keyPage.verifiedEarly" : "keyPage.verifiedWhat"),
    );
  showFacts(resolved);
  element("facts").hidden = false;
}

/** Times pass: to be shown again now and then. */
export function showFacts(resolved: Resolution): void {
  const { signedAt, seenAt, ttl, size, records, failures } = resolved;
  const now = Date.now();
  const signed = element<HTMLTimeElement>("signed");
  signed.textContent = relativeTime(signedAt, now);
  signed.title = absoluteTime(signedAt);
  signed.dateTime = isoTime(signedAt);
  element("seen").replaceChildren(...seenWords(resolved, now));
  element("seen").title = absoluteTime(seenAt);
  const until = seenAt + ttl * 1_000;
  element("fresh").textContent =
    until > now
      ? say("keyPage.freshFor", { duration: duration(ttl), time: absoluteTime(until) })
      : say("keyPage.freshNoMore", { duration: duration(ttl) });
  element("packet").textContent = say("keyPage.packetWhat", { records: records.length, size: String(size) });
  element("failures-row").hidden = failures.length === 0;
  element("failures").replaceChildren(...failures.slice(0, MOST_FAILURES).map(failureItem));
}

function seenWords({ source, seenAt }: Resolution, now: number): (HTMLElement | string)[] {
  const when = relativeTime(seenAt, now);
  switch (source.kind) {
    case "dht":
      return [
        source.nodes < 1 ? say("keyPage.seenNetwork") : say("keyPage.seenNodes", { nodes: source.nodes }),
      ];
    case "relay":
      return sentence("keyPage.seenRelay", { relay: source.url });
    case "cache":
      if (source.origin === "dht") return [say("keyPage.seenOriginNetwork", { when })];
      if (source.origin === "published") return [say("keyPage.seenOriginHere", { when })];
      return sentence("keyPage.seenOriginRelay", { when, relay: source.origin });
  }
}

function failureItem({ source, reason }: Resolution["failures"][number]): HTMLLIElement {
  const item = document.createElement("li");
  item.append(
    ...(source === "dht"
      ? sentence("keyPage.failureDht", { reason })
      : sentence("keyPage.failureRelay", { relay: source, reason })),
  );
  return item;
}

export function isoTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** The same words again would be read out again. */
function put(id: string, text: string): void {
  const place = element(id);
  const shown = plainText(text);
  if (place.textContent !== shown) place.textContent = shown;
  place.hidden = shown === "";
}
