/** The key's packet as it is: records as in a zone file, the bytes that were signed, and a check of the signature. */

import type { MessageId } from "../../i18n/catalogue";
import { say } from "../../i18n/i18n";
import { element } from "../../pages/element";
import { isolated } from "../../pages/sentence";
import type { RecordView, SeenPacket } from "../../protocol/protocol";
import { relativeName } from "../../records/names";
import {
  hex,
  SEQ_BYTES,
  SIGNATURE_BYTES,
  type SignedPacket,
  signedPacket,
  type Verdict,
  verified,
} from "../../records/signed-packet";
import { zoneText } from "../../records/zone-text";
import { onCopy } from "./head";

const VERDICTS: Record<Verdict, MessageId> = {
  good: "keyPage.checkGood",
  bad: "keyPage.checkBad",
  unsupported: "keyPage.checkUnsupported",
};

let shown: readonly RecordView[] = [];
let packet: SignedPacket | null = null;

export function beginRaw(key: string): void {
  onCopy("copy-zone", () => zoneText(shown, key));
  element("download").addEventListener("click", () => packet && download(packet, key));
  element("check").addEventListener("click", async () => {
    const checked = packet;
    if (!checked) return;
    const verdict = await verified(key, checked);
    // Another packet may have come meanwhile.
    if (checked === packet) tellVerdict(verdict);
  });
}

/** `records`: those in force; `seen`: the packet they are in, where its bytes are remembered. */
export function showRaw(records: readonly RecordView[] | null, seen: SeenPacket | null, key: string): void {
  shown = records ?? seen?.records ?? [];
  element("raw").hidden = records === null && seen === null;
  element("raw-rows").replaceChildren(...shown.map((record) => row(record, key)));
  showPacket(seen && signedPacket(seen.raw));
}

function showPacket(now: SignedPacket | null): void {
  const same = now !== null && packet !== null && hex(now.bytes) === hex(packet.bytes);
  if (!same) tellVerdict(null);
  packet = same ? packet : now;
  element("raw-packet").hidden = now === null;
  if (!now) return;
  const { bytes, signature, seq, dns } = now;
  part("signature", say("keyPage.partSignature", { bytes: SIGNATURE_BYTES }), signature);
  part(
    "seq",
    say("keyPage.partSeq", { seq: String(seq), bytes: SEQ_BYTES }),
    bytes.slice(SIGNATURE_BYTES, SIGNATURE_BYTES + SEQ_BYTES),
  );
  part("dns", say("keyPage.partDns", { bytes: String(dns.length) }), dns);
}

function part(name: string, label: string, bytes: Uint8Array): void {
  element(`part-${name}-label`).textContent = label;
  element(`part-${name}`).textContent = hex(bytes);
}

function tellVerdict(verdict: Verdict | null): void {
  const place = element("checked");
  place.dataset.verdict = verdict ?? "";
  place.textContent = verdict ? say(VERDICTS[verdict]) : "";
}

/** Cells keep their roles when narrow pages lay them out otherwise. */
function row(record: RecordView, key: string): HTMLTableRowElement {
  const line = document.createElement("tr");
  line.role = "row";
  line.classList.toggle("outside", record.outOfZone);
  const name = cell("name", relativeName(record.name, key));
  if (record.outOfZone) {
    const outside = document.createElement("span");
    outside.className = "quiet";
    outside.textContent = say("keyPage.rawOutside");
    name.append(" ", outside);
  }
  line.append(name, cell("ttl", String(record.ttl)), cell("type", record.type), cell("value", record.value));
  return line;
}

function cell(className: string, text: string): HTMLTableCellElement {
  const place = document.createElement("td");
  place.role = "cell";
  place.className = className;
  place.append(isolated(text, "mono"));
  return place;
}

function download({ bytes }: SignedPacket, key: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  link.download = `${key}.pkarr`;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
