/** The signed packet of a key in the popup. All of it was written by the key's owner and is shown as text. */

import { element } from "../../pages/element";
import { plainText } from "../../pages/plain-text";
import { chosenEndpoint } from "../../pages/protection-words";
import { sourceWords } from "../../pages/source-words";
import { absoluteTime, duration, relativeTime } from "../../pages/time";
import type { Endpoint, RecordView, Resolution } from "../../protocol/protocol";

/** More than a packet of 1000 bytes can reasonably hold. */
const MOST_RECORDS = 60;

export function showRecords(resolved: Resolution, key: string): void {
  const signed = element<HTMLTimeElement>("signed");
  signed.textContent = relativeTime(resolved.signedAt, Date.now());
  signed.title = absoluteTime(resolved.signedAt);
  signed.dateTime = isoTime(resolved.signedAt);
  const source = element("source");
  source.textContent = sourceWords(resolved.source, resolved.seenAt, Date.now());
  source.dataset.source = resolved.source.kind;
  source.title = `Last seen on the network ${relativeTime(resolved.seenAt, Date.now())}`;
  element("ttl").textContent = duration(resolved.ttl);
  const chosen = chosenEndpoint(resolved.endpoints);
  const endpoints = resolved.endpoints.map((endpoint) => {
    const line = item(endpointText(endpoint));
    line.className = endpoint === chosen ? "chosen" : "quiet";
    if (endpoint === chosen) line.title = "Tried first";
    return line;
  });
  element("endpoints").replaceChildren(
    ...(endpoints.length > 0 ? endpoints : [item("nowhere: no address is published")]),
  );
  element("record-count").textContent = String(resolved.records.length);
  element("records").replaceChildren(
    ...resolved.records.slice(0, MOST_RECORDS).map((record) => row(record, key)),
  );
}

function endpointText(endpoint: Endpoint): string {
  if (endpoint.kind === "icann") {
    return `https://${plainText(endpoint.name)}${endpoint.port === null ? "" : `:${endpoint.port}`}`;
  }
  const address = endpoint.address.includes(":") ? `[${endpoint.address}]` : endpoint.address;
  const port = endpoint.port === null ? "" : `:${endpoint.port}`;
  return `${plainText(address)}${port}${endpoint.tls ? " (TLS with the key)" : ""}`;
}

function row(record: RecordView, key: string): HTMLLIElement {
  const outside = record.outOfZone ? " (outside this key’s zone)" : "";
  const line = document.createElement("li");
  line.append(
    span("name", plainText(withoutKey(record.name, key)) + outside),
    span("type", plainText(record.type), `Valid for ${duration(record.ttl)}`),
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
