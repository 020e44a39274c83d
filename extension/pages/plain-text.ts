/**
 * Text that somebody else wrote, made harmless to look at. Record owners choose names and values freely: what
 * reorders, hides or breaks the text around it is taken out. It is still only ever set as text, never as markup.
 */

/** Controls, format characters (direction, zero width, tags), lone surrogates, unassigned ones. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const LONGEST = 400;
/** A record of a packet of 1000 bytes is no longer, even if each byte is written as `\ddd`. */
export const WHOLE_RECORD = 4_200;

export function plainText(text: string, longest = LONGEST): string {
  const seen = text.replace(UNSEEN, "\u{fffd}");
  return seen.length > longest ? `${seen.slice(0, longest)}…` : seen;
}
