/** Text of strangers made harmless to look at, and times and numbers in words. */

/** Controls, format characters (direction, zero width, tags), lone surrogates, unassigned ones. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
/** A record of a packet of 1000 bytes is no longer, even if each byte is written as `\ddd`. */
const LONGEST = 4_200;

/**
 * The text without what reorders, hides or breaks the text around it. It is still only ever set as text.
 * @param {string} text
 * @param {number} [longest] characters
 */
export function plainText(text, longest = LONGEST) {
  const seen = text.replace(UNSEEN, "\u{fffd}");
  return seen.length > longest ? `${seen.slice(0, longest)}…` : seen;
}

/**
 * Bytes as the text they most likely are.
 * @param {Uint8Array} bytes
 */
export function textOf(bytes) {
  return new TextDecoder().decode(bytes);
}

/**
 * The address, or null where the text is none.
 * @param {string} text
 */
export function parsedUrl(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/**
 * "3 hours ago", "in 2 minutes".
 * @param {number} at milliseconds since 1970
 * @param {number} now
 */
export function relativeTime(at, now) {
  const seconds = Math.round((at - now) / 1_000);
  if (Math.abs(seconds) < 5) return "just now";
  const [unit, length] = fitting(Math.abs(seconds));
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.trunc(seconds / length), unit);
}

/**
 * The date and the time of day; empty for a time that calendars don't reach.
 * @param {number} at milliseconds since 1970
 */
export function absoluteTime(at) {
  if (Number.isNaN(new Date(at).getTime())) return "";
  return new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "long" }).format(at);
}

/**
 * "5 minutes".
 * @param {number} seconds
 */
export function duration(seconds) {
  const [unit, length] = fitting(seconds);
  return counted(Math.round(seconds / length), unit);
}

/** @param {number} seconds */
function fitting(seconds) {
  return UNITS.find(([, length]) => seconds >= length) ?? /** @type {const} */ (["second", 1]);
}

/**
 * "1 node", "3 nodes".
 * @param {number} count
 * @param {string} thing
 * @param {string} [things]
 */
export function counted(count, thing, things = `${thing}s`) {
  return `${new Intl.NumberFormat("en").format(count)} ${count === 1 ? thing : things}`;
}
