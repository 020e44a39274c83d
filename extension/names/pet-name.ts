/**
 * Pet names: what a person calls a key.
 *
 * A name is short text on one line that nothing can hide in or turn around, and that can stand before a path in the
 * address bar. Names that look the same but for case and width are the same name.
 */

export const LONGEST_NAME = 40;

/** Controls, format characters (direction, zero width, tags), lone surrogates, private and unassigned ones. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
/** What ends a host in an address, or stands before one. */
const OF_ADDRESSES = /[/\\?#:@]/;
/** Marks without a letter, or more of them than any script stacks: they run into the lines around. */
const HEAPED_MARKS = /^\p{M}|\p{M}{4}/u;

export type NameProblem = "empty" | "too-long" | "unseen" | "of-addresses" | "marks";

export type Checked = { name: string; problem?: never } | { problem: NameProblem };

/** The name as it is kept: trimmed, single spaces, NFC. Or why it can't be one. */
export function petName(written: string): Checked {
  // Composing is not asked to work on what is too long anyhow.
  if (written.length > LONGEST_NAME * 20) return { problem: "too-long" };
  const name = written.normalize("NFC").trim().replace(/ +/g, " ");
  if (name === "") return { problem: "empty" };
  if (UNSEEN.test(name)) return { problem: "unseen" };
  if ([...name].length > LONGEST_NAME) return { problem: "too-long" };
  if (OF_ADDRESSES.test(name)) return { problem: "of-addresses" };
  if (HEAPED_MARKS.test(name)) return { problem: "marks" };
  return { name };
}

/** The same for names that are the same. */
export function folded(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}
