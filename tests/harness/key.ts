/**
 * Keys as the tests need them: made here, without the program under test.
 */
import { createHash, generateKeyPairSync } from "node:crypto";

const ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769";

export interface Key {
  /** The 32 bytes of the public key. */
  bytes: Buffer;
  /** The 52 characters people see. */
  text: string;
}

/** A key nobody has published anything under. */
export function freshKey(): Key {
  const { publicKey } = generateKeyPairSync("ed25519");
  // The last 32 bytes of a SubjectPublicKeyInfo are the key itself.
  const bytes = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return { bytes, text: encode(bytes) };
}

/** z-base-32, most significant bit first; 256 bits make 52 characters, the last with four bits of padding. */
export function encode(bytes: Uint8Array): string {
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

/** Where the DHT keeps a key's item: the SHA-1 of the key, without a salt. */
export function target(key: Uint8Array): Buffer {
  return createHash("sha1").update(key).digest();
}
