/**
 * A signed packet as relays send it, and the check of its signature in the page itself: a person who wants to need not
 * take the program's word for it.
 *
 * `signature(64) ‖ seq(8, big-endian) ‖ dns`. What is signed is BEP 44's `3:seqi<seq>e1:v<len>:<dns>`, without a salt.
 */

import { keyBytes } from "../key/bytes";

export const SIGNATURE_BYTES = 64;
export const SEQ_BYTES = 8;
/** Of DNS; BEP 44 allows no more. */
export const MOST_DNS_BYTES = 1_000;

export interface SignedPacket {
  /** All of it, in the order it is sent. */
  bytes: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
  seq: bigint;
  dns: Uint8Array<ArrayBuffer>;
}

/** `unsupported`: this browser has no Ed25519. */
export type Verdict = "good" | "bad" | "unsupported";

/** The packet in hexadecimal text, or null if it is none. */
export function signedPacket(raw: string): SignedPacket | null {
  const least = SIGNATURE_BYTES + SEQ_BYTES;
  if (raw.length > (least + MOST_DNS_BYTES) * 2 || !/^(?:[0-9a-f]{2})+$/i.test(raw)) return null;
  const bytes = Uint8Array.from(raw.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  if (bytes.length < least) return null;
  return {
    bytes,
    signature: bytes.slice(0, SIGNATURE_BYTES),
    seq: new DataView(bytes.buffer).getBigInt64(SIGNATURE_BYTES),
    dns: bytes.slice(least),
  };
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether the key has signed the packet. */
export async function verified(key: string, { signature, seq, dns }: SignedPacket): Promise<Verdict> {
  try {
    const signer = await crypto.subtle.importKey("raw", keyBytes(key), "Ed25519", false, ["verify"]);
    return (await crypto.subtle.verify("Ed25519", signer, signature, signable(seq, dns))) ? "good" : "bad";
  } catch (failure) {
    // Bytes that are no point of the curve are no key either.
    return failure instanceof DOMException && failure.name === "NotSupportedError" ? "unsupported" : "bad";
  }
}

function signable(seq: bigint, dns: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`3:seqi${seq}e1:v${dns.length}:`);
  const bytes = new Uint8Array(head.length + dns.length);
  bytes.set(head);
  bytes.set(dns, head.length);
  return bytes;
}
