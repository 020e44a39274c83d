/**
 * Findings in words: by check and finding in the language of the person, where there are such words; else as the
 * program says them itself. In English the program's own words come first, as in pages/problem-words.ts.
 */

import { locale, sayIfKnown } from "../../i18n/i18n";
import { problemName } from "../../i18n/problem-name";
import { plainText } from "../../pages/plain-text";
import { absoluteTime } from "../../pages/time";
import type { Finding } from "../../protocol/protocol";
import type { OwnFinding } from "./own";

export interface FindingWords {
  title: string;
  what: string;
  todo: string;
}

export function findingWords(finding: OwnFinding | Finding): FindingWords {
  const { check } = finding;
  const title = sayIfKnown(`diagnostics.check${capital(problemName(check))}`) ?? plainText(check);
  const what = said(finding, "");
  const todo = said(finding, "Todo");
  if (!("what" in finding)) return { title, what: what ?? "", todo: todo ?? "" };
  const own = { title, what: plainText(finding.what), todo: plainText(finding.todo) };
  return locale() === "en" || what === null ? own : { title, what, todo: todo ?? own.todo };
}

function said({ check, finding, facts }: OwnFinding, part: "" | "Todo"): string | null {
  const name = capital(problemName(finding));
  const values = Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, value(name, fact)]));
  try {
    return (
      sayIfKnown(`diagnostics.${problemName(check)}${name}${part}`, values) ??
      sayIfKnown(`diagnostics.any${name}${part}`, values)
    );
  } catch {
    // A fact that the message speaks of is not there: the program is of another version.
    return null;
  }
}

const BYTES: ReadonlySet<string> = new Set(["free", "bytes"]);
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** Facts are texts: numbers among them are wanted as such, for plurals and for the digits of the language. */
function value(name: string, fact: string): string | number {
  if (name === "since") return absoluteTime(Date.parse(fact));
  if (!/^\d{1,15}$/.test(fact)) return plainText(fact);
  return BYTES.has(name) ? bytes(Number(fact)) : Number(fact);
}

function bytes(count: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), UNITS.length - 1);
  const unit = UNITS[power] ?? "byte";
  return new Intl.NumberFormat(locale(), { style: "unit", unit, maximumFractionDigits: 1 }).format(
    count / 1_000 ** power,
  );
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
