/** Asks a relay for a key, and believes only what the key has signed. */

import { DnsError, decode } from "./dns.js";
import { isNewer, PacketError, readPacket, verdict } from "./packet.js";
import { get } from "./relay.js";

/** @import { Record } from "./dns.js" */
/** @import { SignedPacket } from "./packet.js" */

/** Something was handed out that can't be shown as the key's. */
export class LookupError extends Error {
  /**
   * @param {string} title
   * @param {string} what
   * @param {string} todo
   * @param {SignedPacket | null} [packet] what it is about, where the key has signed it
   */
  constructor(title, what, todo, packet = null) {
    super(what);
    this.title = title;
    this.todo = todo;
    this.packet = packet;
  }
}

/**
 * @typedef {object} Found
 * @property {SignedPacket} packet
 * @property {Record[]} records
 * @property {boolean} checked whether this page could check the signature, and it is good
 * @property {boolean} older whether the relay answered with something older than this page has seen, which is shown
 * @property {number | null} seen
 * @property {number | null} nodes
 */

/** @type {Map<string, SignedPacket>} the newest that this page has seen of each key, so that no relay can go back */
const newest = new Map();

/**
 * @param {string} relay
 * @param {string} key
 * @param {{ anew?: boolean, signal?: AbortSignal }} [how]
 * @returns {Promise<Found>}
 */
export async function lookUp(relay, key, how) {
  const { payload, seen, nodes } = await get(relay, key, how);
  const answered = read(payload);
  const judged = await verdict(key, answered);
  if (judged === "bad") {
    throw new LookupError(
      "Not genuine",
      "What the relay handed out is not signed by this key. Nothing of it is shown.",
      "Ask another relay; if it stays so, somebody between you and the network alters records.",
    );
  }
  const known = newest.get(key);
  const older = judged === "good" && known !== undefined && isNewer(known, answered);
  const packet = older ? known : answered;
  if (judged === "good") newest.set(key, packet);
  return {
    packet,
    records: records(packet),
    checked: judged === "good",
    older,
    seen: older ? null : seen,
    nodes: older ? null : nodes,
  };
}

/**
 * Remembers what was signed in this page.
 * @param {string} key
 * @param {SignedPacket} packet
 */
export function remember(key, packet) {
  newest.set(key, packet);
}

/** @param {Uint8Array} payload */
function read(payload) {
  try {
    return readPacket(payload);
  } catch (failure) {
    if (!(failure instanceof PacketError)) throw failure;
    throw new LookupError(
      "No signed packet",
      `What the relay handed out is no signed packet. ${failure.message}`,
      "What is at this address may be no relay; try another one.",
    );
  }
}

/** @param {SignedPacket} packet */
function records(packet) {
  try {
    return decode(packet.dns);
  } catch (failure) {
    if (!(failure instanceof DnsError)) throw failure;
    throw new LookupError(
      "The newest record can’t be read",
      `What this key has signed last holds no records. ${failure.message}`,
      "Only the key’s owner can mend this, by publishing records again.",
      packet,
    );
  }
}
