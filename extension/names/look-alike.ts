/**
 * Keys made to be taken for another one.
 *
 * People who compare keys look at the beginning and the end. Whoever wants to deceive them makes keys until one begins
 * and ends like the known one: 10⁷ to 10⁸ keys a second on one computer, so 40 bits alike take hours, and 26 bits a few
 * seconds. A character is worth 5 bits, the last one only 1 (the rest of it is padding). Four characters at the
 * beginning and four at the end are 20 + 16 bits: within reach of anybody.
 *
 * The line is drawn at 26 bits: 4 + 2, 3 + 3, 2 + 4 characters, or 6 at the beginning alone, and all that are more alike.
 * Below it the eye finds the difference at once. Above it chance is no explanation: that a key that means no harm
 * crosses it for one of 100 known keys (6 ways to share 26 bits) is a matter of 1 in 100 000, for the 5500 that can be
 * known at most 1 in 2000.
 */

import type { Named } from "./names";
import { OFTEN, type OpenedKey } from "./opened";

const BITS_ALIKE = 26;
const BITS_OF_LETTER = 5;
const BITS_OF_LAST = 1;

export interface Resembled {
  key: string;
  /** Null for one that was only opened often. */
  name: string | null;
}

/** Whether two different keys begin and end so much alike that one can be taken for the other. */
export function looksLike(key: string, known: string): boolean {
  if (key === known) return false;
  let head = 0;
  while (key[head] === known[head]) head += 1;
  let tail = 0;
  while (key.at(-1 - tail) === known.at(-1 - tail)) tail += 1;
  const tailBits = tail === 0 ? 0 : (tail - 1) * BITS_OF_LETTER + BITS_OF_LAST;
  return head * BITS_OF_LETTER + tailBits >= BITS_ALIKE;
}

/**
 * The key that this one may be taken for, or null. A person who named a key has decided what it is; of two without a
 * name the one that was opened more is the known one.
 */
export function resembled(
  key: string,
  names: readonly Named[],
  opened: readonly OpenedKey[],
): Resembled | null {
  if (names.some((named) => named.key === key)) return null;
  const named = names.find((one) => looksLike(key, one.key));
  if (named) return { key: named.key, name: named.name };
  const visits = opened.find((one) => one.key === key)?.count ?? 0;
  const often = opened.find((one) => one.count >= OFTEN && one.count > visits && looksLike(key, one.key));
  return often ? { key: often.key, name: null } : null;
}
