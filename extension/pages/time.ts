/** Times in words, as short as people say them, in their language. */

import { locale, say } from "../i18n/i18n";

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** "3 hours ago", "in 2 minutes". */
export function relativeTime(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1_000);
  if (Math.abs(seconds) < 5) return say("common.justNow");
  const [unit, length] = fitting(Math.abs(seconds));
  const count = Math.trunc(seconds / length);
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(count, unit);
}

export function absoluteTime(at: number): string {
  // A key's owner may write any number; dates end with the year 275760.
  if (Number.isNaN(new Date(at).getTime())) return "";
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "medium" }).format(at);
}

/** "5 minutes". */
export function duration(seconds: number): string {
  const [unit, length] = fitting(seconds);
  const words = new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "long" });
  return words.format(Math.round(seconds / length));
}

function fitting(seconds: number): (typeof UNITS)[number] {
  return UNITS.find(([, length]) => seconds >= length) ?? ["second", 1];
}
