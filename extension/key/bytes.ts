/** The 32 bytes that a key spells in z-base-32, most significant bit first. */

import { ALPHABET, isKey } from "./key";

const BITS = 5;

/** Throws a RangeError for anything that is no key. */
export function keyBytes(key: string): Uint8Array<ArrayBuffer> {
  if (!isKey(key)) throw new RangeError("not a key");
  const bytes = new Uint8Array(32);
  let value = 0;
  let bits = 0;
  let at = 0;
  for (const letter of key) {
    value = (value << BITS) | ALPHABET.indexOf(letter);
    bits += BITS;
    if (bits < 8) continue;
    bits -= 8;
    // The last letter's four bits of padding are left over.
    bytes[at] = value >> bits;
    at += 1;
    value &= (1 << bits) - 1;
  }
  return bytes;
}
