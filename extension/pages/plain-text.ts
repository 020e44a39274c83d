/**
 * Text that somebody else wrote, made harmless to look at. Record owners choose names and values freely: what
 * reorders, hides or breaks the text around it is taken out. It is still only ever set as text, never as markup.
 */

/** Controls, format characters (direction, zero width, tags), lone surrogates, unassigned ones. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const LONGEST = 400;

export function plainText(text: string): string {
  const seen = text.replace(UNSEEN, "\u{fffd}");
  return seen.length > LONGEST ? `${seen.slice(0, LONGEST)}…` : seen;
}
