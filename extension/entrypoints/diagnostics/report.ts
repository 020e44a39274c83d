/**
 * The report to pass on: the findings by their stable names, the same in every language, without what is nobody else's
 * business.
 */

import type { Disconnect } from "../../host/state";
import { KEY_PATTERN } from "../../key/key";
import type { Finding } from "../../protocol/protocol";
import type { OwnFinding } from "./own";

/** Long enough for all there is; what a program writes may have any length. */
const LONGEST_LINE = 500;
const MOST_LINES = 200;

export interface Reported {
  at: Date;
  own: readonly OwnFinding[];
  program: ProgramReport;
  disconnects: readonly Disconnect[];
}

/** What the program found; `text` as it reports it itself, which knows what to leave out; or why it was not asked. */
export type ProgramReport = { findings: readonly Finding[]; text: string | null } | { why: string };

export function report({ at, own, program, disconnects }: Reported): string {
  const lines = [
    `pkarr report, ${at.toISOString()}`,
    "extension:",
    ...own.map(line),
    "program:",
    ...told(program),
    "was not there:",
    ...(disconnects.length > 0 ? disconnects.map(end) : ["  never"]),
  ];
  return lines.slice(0, MOST_LINES).map(redacted).join("\n");
}

function told(program: ProgramReport): string[] {
  if ("why" in program) return [`  ${program.why}`];
  return program.text?.split("\n").map((text) => `  ${text}`) ?? program.findings.map(line);
}

function line(finding: OwnFinding | Finding): string {
  const facts = Object.entries(finding.facts).map(([name, fact]) => `${name}=${fact}`);
  const what = "what" in finding && finding.state !== "good" ? [finding.what] : [];
  return [`  [${finding.state}] ${finding.check} ${finding.finding}`, ...facts, ...what].join("; ");
}

function end({ at, times, problem, worked }: Disconnect): string {
  const more = {
    missing: "",
    forbidden: "",
    tooOld: "version" in problem ? problem.version : "",
    tooNew: "version" in problem ? problem.version : "",
    crashed: problem.kind === "crashed" ? `${problem.how}: ${problem.detail ?? "no reason given"}` : "",
    failed: problem.kind === "failed" ? (problem.error.data?.code ?? String(problem.error.code)) : "",
  }[problem.kind];
  return `  ${new Date(at).toISOString()} ${problem.kind}${more && ` (${more})`}${times > 1 ? `, ${times} times` : ""}${worked ? ", had worked" : ""}`;
}

/** In this order: an address may hold a key, a path may hold a name. */
const PRIVATE: readonly [RegExp, string][] = [
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, "(address)"],
  [new RegExp(`(?:[^\\s/"'=]*\\.)?${KEY_PATTERN}`, "gi"), "(key)"],
  [/\b[0-9a-f]{32,}\b/gi, "(secret)"],
  [/(?:[a-z]:)?[\\/](?:home|users)[\\/][^\\/\s"';]+/gi, "~"],
  [/(?<![\w~.])\/root(?=[/\s"';]|$)/g, "~"],
  [/\b(?!127\.)(?:\d{1,3}\.){3}\d{1,3}\b/g, "(address)"],
  [/(?:\b[0-9a-f]{1,4})?(?::{1,2}[0-9a-f]{1,4}){3,}/gi, "(address)"],
];

/** One line, without keys, addresses, secrets and the home folder. */
export function redacted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const flat = cut(text).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
  return PRIVATE.reduce((left, [pattern, instead]) => left.replace(pattern, instead), flat);
}

/** Cut before a word, since half a key would not be known as one. */
function cut(text: string): string {
  return text.length <= LONGEST_LINE ? text : `${text.slice(0, LONGEST_LINE).replace(/\S*$/, "")}…`;
}
