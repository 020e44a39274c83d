/** Keys that stand in a text, as people write them: alone, or with `pk:`, `pubky` or `pubky://` before them. */

import { KEY_PATTERN } from "../key/key";
import { linkAddress } from "./address";

const KEYS = new RegExp(
  `(?<![\\p{L}\\p{N}_@.:/=?&#%+-])((?:pk|pubky):(?:\\/\\/)?|pubky)?(${KEY_PATTERN})(?![\\p{L}\\p{N}_@-]|\\.[\\p{L}\\p{N}])(\\/[^\\s<>"'()\\[\\]{}]*)?`,
  "giu",
);

/** What ends a sentence is no part of an address. */
const SENTENCE_END = /[.,;:!?…’”»]+$/u;

export interface BareKey {
  /** Where it stands in the text. */
  start: number;
  end: number;
  /** `pk:<key>`, with the path if there is one. */
  href: string;
}

export function bareKeys(text: string): BareKey[] {
  const found: BareKey[] = [];
  for (const { 1: before = "", 2: key = "", 3: rest = "", index } of text.matchAll(KEYS)) {
    const path = rest.replace(SENTENCE_END, "");
    const href = `pk:${key.toLowerCase()}${path}`;
    if (linkAddress(href, "http") === null) continue;
    found.push({ start: index, end: index + before.length + key.length + path.length, href });
  }
  return found;
}
