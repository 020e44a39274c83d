/**
 * Signed packets: the bytes relays hand out, who signed them, and how to sign new ones.
 *
 * A relay's payload is `signature(64) ‖ seq(8, big-endian) ‖ dns`. What is signed is the item of BEP 44 without a salt,
 * `3:seqi<seq>e1:v<length>:<dns>`. The signature is checked by the browser's own WebCrypto; a browser that has no
 * Ed25519, or a page that is not in a secure context, can't check it and has to say so.
 */

import { isSmallOrder, KEY_BYTES, keyBytes, keyText, z32Bytes } from "./key.js";

export const SIGNATURE_BYTES = 64;
const SEQ_BYTES = 8;
const HEAD_BYTES = SIGNATURE_BYTES + SEQ_BYTES;
/** Of DNS. BEP 44 allows no more. */
export const MOST_DNS_BYTES = 1_000;
/** Of DNS that is published: with the four bytes of its length it is BEP 44's thousand. */
export const MOST_PUBLISHED_BYTES = 996;
export const MOST_PAYLOAD_BYTES = HEAD_BYTES + MOST_DNS_BYTES;
/** How far ahead of the clock a date makes one wonder, in microseconds. */
export const EARLY = 2n * 3_600n * 1_000_000n;

/** DER of a PKCS #8 private key of Ed25519 up to the 32 bytes of the seed (RFC 8410, section 7). */
const PKCS8_HEAD = hexBytes("302e020100300506032b657004220420");
/** The order of the curve's base point, which the second half of a signature is below. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The bytes are no signed packet, in words for people. */
export class PacketError extends Error {}

/**
 * @typedef {object} SignedPacket
 * @property {Uint8Array<ArrayBuffer>} payload all of it, as it is sent
 * @property {Uint8Array<ArrayBuffer>} signature
 * @property {bigint} seq microseconds since 1970 by the signer's clock
 * @property {Uint8Array<ArrayBuffer>} dns
 */

/**
 * Takes a payload apart.
 * @param {Uint8Array} bytes
 * @returns {SignedPacket}
 */
export function readPacket(bytes) {
  if (bytes.length < HEAD_BYTES) {
    throw new PacketError(`${bytes.length} bytes are too few for a signed packet.`);
  }
  if (bytes.length > MOST_PAYLOAD_BYTES) {
    throw new PacketError(`A signed packet has at most ${MOST_PAYLOAD_BYTES} bytes.`);
  }
  const payload = Uint8Array.from(bytes);
  const seq = new DataView(payload.buffer).getBigInt64(SIGNATURE_BYTES);
  if (seq < 0n) throw new PacketError("The sequence number is negative.");
  return { payload, signature: payload.slice(0, SIGNATURE_BYTES), seq, dns: payload.slice(HEAD_BYTES) };
}

/**
 * Whether `a` is newer than `b`: by its sequence number, on a tie by its bytes.
 * @param {SignedPacket} a
 * @param {SignedPacket} b
 */
export function isNewer(a, b) {
  if (a.seq !== b.seq) return a.seq > b.seq;
  const at = a.dns.findIndex((byte, index) => byte !== b.dns[index]);
  return at < 0 ? false : (a.dns[at] ?? 0) > (b.dns[at] ?? -1);
}

/**
 * Whether the key has signed the packet. `unable`: this page can't tell.
 * @param {string} key
 * @param {SignedPacket} packet
 * @returns {Promise<"good" | "bad" | "unable">}
 */
export async function verdict(key, packet) {
  if (!(await canCheck())) return "unable";
  const bytes = keyBytes(key);
  if (!isStrict(packet.signature)) return "bad";
  try {
    const signer = await crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]);
    const good = await crypto.subtle.verify("Ed25519", signer, packet.signature, signable(packet));
    return good ? "good" : "bad";
  } catch {
    return "bad";
  }
}

/** @type {Promise<boolean> | undefined} */
let able;

/**
 * Whether this page can check signatures: it is in a secure context, and the browser has Ed25519. It is tried on a
 * signature that is known to be good, and on one that is known to be bad.
 */
export function canCheck() {
  able ??= (async () => {
    if (!globalThis.crypto?.subtle) return false;
    try {
      // RFC 8032, section 7.1, test 1: the empty message.
      const signer = await crypto.subtle.importKey("raw", hexBytes(TEST_KEY), "Ed25519", false, ["verify"]);
      const signature = hexBytes(TEST_SIGNATURE);
      const good = await crypto.subtle.verify("Ed25519", signer, signature, new Uint8Array());
      const other = await crypto.subtle.verify("Ed25519", signer, signature, new Uint8Array(1));
      return good && !other;
    } catch {
      return false;
    }
  })();
  return able;
}

const TEST_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const TEST_SIGNATURE =
  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

/**
 * What browsers may disagree about is refused before they are asked: a first half of small order, and a second half
 * that is not below the group's order.
 * @param {Uint8Array} signature
 */
function isStrict(signature) {
  let scalar = 0n;
  for (const byte of signature.slice(KEY_BYTES).reverse()) scalar = (scalar << 8n) | BigInt(byte);
  return scalar < ORDER && !isSmallOrder(signature.slice(0, KEY_BYTES));
}

/**
 * @param {{ seq: bigint, dns: Uint8Array }} item
 * @returns {Uint8Array<ArrayBuffer>}
 */
function signable({ seq, dns }) {
  return joined(new TextEncoder().encode(`3:seqi${seq}e1:v${dns.length}:`), dns);
}

/**
 * A key pair that can sign. The secret never leaves the page unless its owner takes it along.
 * @typedef {object} KeyPair
 * @property {string} key the public half, as it is written
 * @property {CryptoKey} signer
 * @property {Uint8Array<ArrayBuffer>} seed 32 bytes (RFC 8032, section 5.1.5)
 */

/**
 * Makes a new key from the browser's randomness.
 * @returns {Promise<KeyPair>}
 */
export async function newKeyPair() {
  const { privateKey } = /** @type {CryptoKeyPair} */ (
    await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])
  );
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  return await keyPair(pkcs8.slice(PKCS8_HEAD.length, PKCS8_HEAD.length + KEY_BYTES));
}

/**
 * The key pair of a seed.
 * @param {Uint8Array<ArrayBuffer>} seed
 * @returns {Promise<KeyPair>}
 */
export async function keyPair(seed) {
  const pkcs8 = joined(PKCS8_HEAD, seed);
  const { x } = await crypto.subtle.exportKey(
    "jwk",
    await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]),
  );
  const signer = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const text = atob((x ?? "").replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return { key: keyText(bytes), signer, seed };
}

/**
 * Signs records that are written as a DNS packet.
 * @param {KeyPair} pair
 * @param {bigint} seq
 * @param {Uint8Array} dns
 * @returns {Promise<SignedPacket>}
 */
export async function sign(pair, seq, dns) {
  if (dns.length > MOST_PUBLISHED_BYTES) {
    throw new PacketError(
      `The records take ${dns.length} bytes, and ${MOST_PUBLISHED_BYTES} are allowed: leave some out.`,
    );
  }
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.signer, signable({ seq, dns })));
  const number = new Uint8Array(SEQ_BYTES);
  new DataView(number.buffer).setBigInt64(0, seq);
  return readPacket(joined(signature, number, dns));
}

/**
 * The sequence number of what is signed now: by the clock, and above the one it follows.
 * @param {bigint | null} last
 * @param {number} now milliseconds since 1970
 */
export function nextSeq(last, now) {
  const clock = BigInt(Math.trunc(now)) * 1_000n;
  if (last !== null && last > clock + EARLY) {
    throw new PacketError(
      "The newest packet of this key is dated more than two hours ahead of this computer’s clock. Check the clock; if it is right, wait until that time has come.",
    );
  }
  return last !== null && last >= clock ? last + 1n : clock;
}

/**
 * The seed in a key file: 64 hexadecimal digits, or 52 characters of z-base-32.
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function readSeed(text) {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return hexBytes(trimmed);
  if (trimmed.startsWith("pkarr-key-1 ")) {
    throw new PacketError(
      "This key file is locked with a passphrase. Unlock it with the program first: pkarr key export FILE.",
    );
  }
  if (/^[a-z0-9]{52}$/i.test(trimmed)) return z32Bytes(trimmed);
  throw new PacketError(
    "This is no secret key: it has 64 hexadecimal digits, or 52 characters of z-base-32.",
  );
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function hexBytes(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * @param {...Uint8Array} parts
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function joined(...parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
