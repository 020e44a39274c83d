/** What a record is for, as messages: mostly one, more where a record says several things. */

import type { MessageId } from "../i18n/catalogue";
import type { Values } from "../i18n/i18n";
import type { Meaning, RecordView } from "../protocol/protocol";

export type Sentence = [id: MessageId, values: Values];

/** did:dht's numbers of key types. */
const ALGORITHMS = ["Ed25519", "secp256k1", "P-256", "X25519"];

export function meaningSentences(record: RecordView): Sentence[] {
  const { type, value, meaning } = record;
  const said = meaning && sentencesOf(meaning);
  return said ?? [["meaning.unknown", { type, data: value }]];
}

function sentencesOf(meaning: Meaning): Sentence[] | null {
  switch (meaning.kind) {
    case "address":
      return [["meaning.address", { address: meaning.address }]];
    case "alias":
      return [["meaning.alias", { target: meaning.target }]];
    case "site":
      return siteSentences(meaning);
    case "homeserver":
      return [["meaning.homeserver", { target: meaning.target }]];
    case "irohRelay":
      return [["meaning.irohRelay", { url: meaning.url }]];
    case "irohAddress":
      return [["meaning.irohAddress", { address: meaning.address }]];
    case "irohUserData":
      return [["meaning.irohUserData", { text: meaning.text }]];
    case "did": {
      const { version, keys, services } = meaning;
      return [["meaning.did", { version, keys, services }]];
    }
    case "didKey": {
      const algorithm = ALGORITHMS[Number(meaning.algorithm || Number.NaN)] ?? meaning.algorithm;
      return [["meaning.didKey", { id: meaning.id, algorithm }]];
    }
    case "didService": {
      const { id, service, endpoint } = meaning;
      return [["meaning.didService", { id, service, endpoint }]];
    }
    case "dnslink":
      return [["meaning.dnslink", { path: meaning.path }]];
    case "nameServer":
      return [["meaning.nameServer", { target: meaning.target }]];
    case "mail":
      return [["meaning.mail", { target: meaning.target, preference: String(meaning.preference) }]];
    case "service":
      return [["meaning.service", { target: meaning.target, port: String(meaning.port) }]];
    case "text":
      return [["meaning.text", { text: meaning.text }]];
    default:
      // A newer program may know of more than this extension.
      return null;
  }
}

function siteSentences(site: Extract<Meaning, { kind: "site" }>): Sentence[] {
  const { priority, target, protocols, addresses } = site;
  if (priority === 0 && target !== "") return [["meaning.siteAlias", { target }]];
  const port = site.port === null ? null : String(site.port);
  const said: Sentence[] = [];
  if (target === "") said.push(port === null ? ["meaning.siteHere", {}] : ["meaning.siteHerePort", { port }]);
  else
    said.push(
      port === null ? ["meaning.siteThere", { target }] : ["meaning.siteTherePort", { target, port }],
    );
  // Nobody needs to hear it of the first.
  if (priority > 1) said.push(["meaning.siteOrder", { priority: String(priority) }]);
  if (protocols.length > 0) said.push(["meaning.siteProtocols", { protocols: protocols.join(" ") }]);
  if (addresses.length > 0) said.push(["meaning.siteAddresses", { addresses: addresses.join(" ") }]);
  return said;
}
