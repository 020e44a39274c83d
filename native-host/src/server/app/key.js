/**
 * Keys: 52 characters of z-base-32, in each of the spellings people pass them on in.
 *
 * Every key has exactly one spelling here. The last character carries four bits of padding that must be zero, and the
 * bytes must be a point of the curve in its canonical encoding that is not of small order: for those anybody could sign.
 */

import { parsedUrl } from "./text.js";

export const ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769";
export const KEY_CHARS = 52;
export const KEY_BYTES = 32;

/** The prime of the field, and the curve's d (RFC 8032, section 5.1). */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
/** The y coordinates of the eight points whose order divides 8. */
const SMALL_ORDER = new Set([
  0n,
  1n,
  P - 1n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  55188659117513257062467267217118295137698188065244968500265048394206261417927n,
]);

/** Why a text is not a key, in words for people. */
export class KeyError extends Error {}

/** @typedef {{ key: string, host: string }} KeyHost a key, and the host name it was found in */

/**
 * The 32 bytes of a key, which is taken in either case.
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function keyBytes(text) {
  const bytes = z32Bytes(text);
  checkPoint(bytes);
  return bytes;
}

/**
 * 52 characters as 32 bytes, whatever they stand for.
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function z32Bytes(text) {
  const characters = [...text];
  if (characters.length !== KEY_CHARS) {
    throw new KeyError(`A key has ${KEY_CHARS} characters, this has ${characters.length}.`);
  }
  const bytes = new Uint8Array(KEY_BYTES);
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const [index, character] of characters.entries()) {
    const five = ALPHABET.indexOf(character.toLowerCase());
    if (five < 0) {
      throw new KeyError(`“${character}” at position ${index + 1} is not a character of a key.`);
    }
    value = (value << 5) | five;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = value >> bits;
    at += 1;
    value &= (1 << bits) - 1;
  }
  if (value !== 0) throw new KeyError(`The last character of a key is y or o, not ${characters.at(-1)}.`);
  return bytes;
}

/**
 * How 32 bytes are written.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function keyText(bytes) {
  let text = "";
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text;
}

/**
 * The key in any accepted spelling: bare, with a sub-domain, `pk:<key>`, `pk://<key>/path`, `pubky<key>`,
 * `pubky://<key>`, or a URL whose host is a key host; with spaces around and in either case.
 * @param {string} text
 * @returns {KeyHost}
 */
export function readKey(text) {
  const trimmed = text.trim();
  if (trimmed === "") throw new KeyError("There is nothing to look up yet.");
  const rest = withoutPrefix(trimmed);
  const url = parsedUrl(rest === null ? trimmed : `http://${rest}`);
  if (!url) throw new KeyError("This is not a key, and not an address.");
  return readHost(url.hostname);
}

/**
 * The key that a host name ends in.
 * @param {string} hostname
 * @returns {KeyHost}
 */
export function readHost(hostname) {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  const last = host.slice(host.lastIndexOf(".") + 1);
  if (last.length !== KEY_CHARS && host.includes(".")) {
    throw new KeyError("The host name of this address does not end in a key.");
  }
  keyBytes(last);
  return { key: last, host };
}

/**
 * What follows the spellings that stand for `http://`; null for a URL with a scheme of its own.
 * @param {string} text
 * @returns {string | null}
 */
function withoutPrefix(text) {
  for (const prefix of ["pk://", "pk:", "pubky://"]) {
    if (text.toLowerCase().startsWith(prefix)) return text.slice(prefix.length);
  }
  if (text.includes("://")) return null;
  // No colon in `pubky<key>`; a label of a host name that long is never a key.
  const [head = ""] = text.slice(5).split(/[/?#:]/);
  return /^pubky/i.test(text) && head.length === KEY_CHARS ? text.slice(5) : text;
}

/** @param {Uint8Array} bytes */
function checkPoint(bytes) {
  const y = ordinate(bytes);
  if (y >= P || !isSquare(y))
    throw new KeyError("These characters are no public key: not a point on the curve.");
  if (SMALL_ORDER.has(y)) throw new KeyError("This key is of small order: anybody could sign for it.");
}

/**
 * Whether the bytes name a point of small order, in any encoding.
 * @param {Uint8Array} bytes
 */
export function isSmallOrder(bytes) {
  return SMALL_ORDER.has(ordinate(bytes) % P);
}

/**
 * The y coordinate: little-endian, without the sign of x.
 * @param {Uint8Array} bytes
 */
function ordinate(bytes) {
  let y = 0n;
  for (const byte of [...bytes].reverse()) y = (y << 8n) | BigInt(byte);
  return y & ((1n << 255n) - 1n);
}

/**
 * Whether there is an x for this y: x² = (y² − 1) / (dy² + 1).
 * @param {bigint} y
 */
function isSquare(y) {
  const above = (y * y - 1n) % P;
  const below = (D * ((y * y) % P) + 1n) % P;
  // A quotient is a square when the product is one; Euler's criterion.
  const power = powered((((above * below) % P) + P) % P, (P - 1n) / 2n);
  return power === 0n || power === 1n;
}

/**
 * @param {bigint} base
 * @param {bigint} exponent
 */
function powered(base, exponent) {
  let result = 1n;
  for (let rest = exponent, square = base; rest > 0n; rest >>= 1n, square = (square * square) % P) {
    if (rest & 1n) result = (result * square) % P;
  }
  return result;
}
