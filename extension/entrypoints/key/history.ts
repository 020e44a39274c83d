/** The packets of the key that this computer has seen, each with what it changed. */

import type { MessageId } from "../../i18n/catalogue";
import { say } from "../../i18n/i18n";
import { element } from "../../pages/element";
import { isolated, sentence } from "../../pages/sentence";
import { absoluteTime, duration, relativeTime } from "../../pages/time";
import type { RecordView, SeenPacket } from "../../protocol/protocol";
import { difference } from "../../records/difference";
import { relativeName } from "../../records/names";
import { isoTime } from "./state";

/** As many as anybody reads. */
const MOST_PACKETS = 30;

export function showHistory(packets: readonly SeenPacket[], key: string, incognito: boolean): void {
  element("history").hidden = false;
  element("history-what").textContent =
    packets.length === 0
      ? say(incognito ? "keyPage.historyPrivate" : "keyPage.historyNothing")
      : say("keyPage.historyWhat");
  element("packets").replaceChildren(
    ...packets.slice(0, MOST_PACKETS).map((packet, at) => item(packet, packets[at + 1], key)),
  );
}

function item(packet: SeenPacket, before: SeenPacket | undefined, key: string): HTMLLIElement {
  const line = document.createElement("li");
  line.dataset.seq = packet.seq;
  const title = document.createElement("h3");
  const when = document.createElement("time");
  when.dateTime = isoTime(packet.signedAt);
  when.title = absoluteTime(packet.signedAt);
  when.textContent = say("keyPage.historySigned", { when: relativeTime(packet.signedAt, Date.now()) });
  title.append(when);
  const seen = document.createElement("p");
  seen.className = "quiet";
  seen.append(...seenWords(packet));
  line.append(title, seen, ...changes(packet, before, key));
  return line;
}

function seenWords({ origin, seenAt }: SeenPacket): (HTMLElement | string)[] {
  const when = relativeTime(seenAt, Date.now());
  if (origin === "dht") return [say("keyPage.historySeenNetwork", { when })];
  if (origin === "published") return [say("keyPage.historyPublished", { when })];
  return sentence("keyPage.historySeenRelay", { when, relay: origin });
}

function changes({ records }: SeenPacket, before: SeenPacket | undefined, key: string): HTMLElement[] {
  if (records === null) return [paragraph(say("keyPage.historyNoPacket"))];
  if (!before) return [paragraph(say("keyPage.historyFirst", { records: records.length }))];
  if (before.records === null)
    return [paragraph(say("keyPage.historyAfterNoPacket", { records: records.length }))];
  const { added, removed, retimed } = difference(before.records, records);
  const lines = [
    ...removed.map((record) => change("removed", "−", say("keyPage.removed"), record, key)),
    ...added.map((record) => change("added", "+", say("keyPage.added"), record, key)),
    ...retimed.map(({ record, before }) => {
      const words: MessageId = "keyPage.retimed";
      const told = say(words, { before: duration(before), after: duration(record.ttl) });
      return change("retimed", "±", told, record, key);
    }),
  ];
  if (lines.length === 0) return [paragraph(say("keyPage.historySame"))];
  const list = document.createElement("ul");
  list.className = "changes";
  list.append(...lines);
  return [list];
}

/** The sign is for those who see it, the words for those who are read to. */
function change(kind: string, sign: string, words: string, record: RecordView, key: string): HTMLLIElement {
  const line = document.createElement("li");
  line.className = kind;
  const mark = document.createElement("span");
  mark.className = "sign mono";
  mark.ariaHidden = "true";
  mark.textContent = sign;
  const told = document.createElement("span");
  told.className = kind === "retimed" ? "quiet" : "unseen";
  told.textContent = words;
  const { name, ttl, type, value } = record;
  const text = isolated(`${relativeName(name, key)} ${ttl} ${type} ${value}`, "mono");
  const body = document.createElement("div");
  body.append(told, " ", text);
  line.append(mark, body);
  return line;
}

function paragraph(text: string): HTMLElement {
  const line = document.createElement("p");
  line.textContent = text;
  return line;
}
