/** The signed packet of a key in the popup. All of it was written by the key's owner and is shown as text. */

import { asksForTls } from "../../https/address";
import type { HttpsState } from "../../https/state";
import { say } from "../../i18n/i18n";
import { element } from "../../pages/element";
import { plainText } from "../../pages/plain-text";
import { chosenEndpoint, protectionWords } from "../../pages/protection-words";
import { sourceWords } from "../../pages/source-words";
import { absoluteTime, duration, relativeTime } from "../../pages/time";
import type { Endpoint, RecordView, Resolution } from "../../protocol/protocol";
import { timeLeftWords } from "./time-left";

/** More than a packet of 1000 bytes can reasonably hold. */
const MOST_RECORDS = 60;

export function showRecords(resolved: Resolution, key: string): void {
  const now = Date.now();
  const signed = element<HTMLTimeElement>("signed");
  signed.textContent = relativeTime(resolved.signedAt, now);
  signed.title = absoluteTime(resolved.signedAt);
  signed.dateTime = isoTime(resolved.signedAt);
  const source = element("source");
  source.textContent = sourceWords(resolved.source, resolved.seenAt, now);
  source.dataset.source = resolved.source.kind;
  source.title = say("popup.lastSeen", { when: relativeTime(resolved.seenAt, now) });
  element("ttl").textContent = timeLeftWords(resolved, now);
  element("ttl").title = say("popup.validAtATime", { duration: duration(resolved.ttl) });
  showEndpoints(resolved.endpoints);
  element("record-count").textContent = String(resolved.records.length);
  const rows = resolved.records.slice(0, MOST_RECORDS).map((record) => row(record, key));
  const more = resolved.records.length - rows.length;
  if (more > 0) rows.push(item(say("popup.moreRecords", { count: more })));
  element("records").replaceChildren(...rows);
}

/** How the connection is protected, and whether https:// could be switched on for it. */
export function showProtection(address: string, endpoints: readonly Endpoint[], https: HttpsState): void {
  const words = protectionWords(address, endpoints, https);
  const offered = https.kind === "off" || https.kind === "restart";
  element("protection-row").hidden = words === "";
  element("protection").textContent = words;
  element("https-options").textContent = say(
    https.kind === "off" ? "popup.httpsSwitchOn" : "popup.httpsSettings",
  );
  element("https-options").hidden = !offered || !asksForTls(endpoints);
  const name = ownName(endpoints);
  element("open-icann").hidden = name === null;
  if (name) element("open-icann").textContent = say("popup.openName", { name: plainText(name.host) });
}

/** The site's address in the names of the web, if its key leads to one. */
export function ownName(endpoints: readonly Endpoint[]): URL | null {
  const chosen = chosenEndpoint(endpoints);
  const icann = chosen?.kind === "icann" ? chosen : endpoints.find((endpoint) => endpoint.kind === "icann");
  if (icann?.kind !== "icann") return null;
  return URL.parse(`https://${icann.name}${icann.port === null ? "" : `:${icann.port}`}/`);
}

function showEndpoints(endpoints: readonly Endpoint[]): void {
  const chosen = chosenEndpoint(endpoints);
  const lines = endpoints.map((endpoint) => {
    const line = item(endpointText(endpoint));
    line.className = endpoint === chosen ? "chosen" : "quiet";
    if (endpoint === chosen && endpoints.length > 1) line.title = say("popup.triedFirst");
    return line;
  });
  element("endpoints").replaceChildren(...(lines.length > 0 ? lines : [item(say("popup.nowhere"))]));
}

function endpointText(endpoint: Endpoint): string {
  if (endpoint.kind === "icann") {
    return `https://${plainText(endpoint.name)}${endpoint.port === null ? "" : `:${endpoint.port}`}`;
  }
  const host = endpoint.address.includes(":") ? `[${endpoint.address}]` : endpoint.address;
  const address = plainText(host) + (endpoint.port === null ? "" : `:${endpoint.port}`);
  if (!endpoint.allowed) return say("popup.notAllowed", { address });
  return endpoint.tls ? say("popup.withTls", { address }) : address;
}

function row(record: RecordView, key: string): HTMLLIElement {
  const name = plainText(withoutKey(record.name, key));
  const line = document.createElement("li");
  line.append(
    span("name", record.outOfZone ? say("popup.outside", { name }) : name),
    span("type", plainText(record.type), say("popup.recordTtl", { duration: duration(record.ttl) })),
    span("value", plainText(record.value)),
  );
  return line;
}

/** Names relative to the key, as in a zone file: the key is shown in full above. */
function withoutKey(name: string, key: string): string {
  const bare = name.replace(/\.$/, "");
  if (bare === key) return "@";
  return bare.endsWith(`.${key}`) ? bare.slice(0, -key.length - 1) : bare;
}

function span(className: string, text: string, title = ""): HTMLElement {
  const element = document.createElement("bdi");
  element.className = className;
  element.textContent = text;
  if (title) element.title = title;
  return element;
}

function item(text: string): HTMLLIElement {
  const line = document.createElement("li");
  line.append(span("endpoint", text));
  return line;
}

function isoTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}
