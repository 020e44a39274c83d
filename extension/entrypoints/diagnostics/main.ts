/**
 * diagnostics.html: the extension looks at itself and has the program do the same; both are shown with what to do, and
 * as a report to copy that leaves out what is nobody else's business. While the program is away the rest is shown.
 */

import { browser } from "wxt/browser";
import { BRAND_NAMES, brandOf, signs, system, versionOf } from "../../browser/brand";
import { hasHostAccess } from "../../browser/host-access";
import { worksInPrivateWindows } from "../../browser/private-windows";
import { lackingPermissions, proxyControl, rulesInPlace } from "../../browser/state";
import type { Disconnect } from "../../host/state";
import type { MessageId } from "../../i18n/catalogue";
import { say } from "../../i18n/i18n";
import { speakInPage } from "../../i18n/page";
import { ask, askHost, type Snapshot, watch } from "../../messages/messages";
import { mark } from "../../pages/checklist";
import { copies } from "../../pages/copy";
import { element } from "../../pages/element";
import { ownHint, showInstall } from "../../pages/install-view";
import { problemWords } from "../../pages/problem-words";
import { absoluteTime } from "../../pages/time";
import { hostWords } from "../../pages/words";
import type { Finding } from "../../protocol/protocol";
import { type OwnFinding, ownFindings, type ProxyHolder } from "./own";
import { type ProgramReport, report } from "./report";
import { type FindingWords, findingWords } from "./words";

/** More than a program that means well has to tell. */
const MOST_FINDINGS = 100;

const TOLD: Readonly<Record<Finding["state"], MessageId>> = {
  good: "diagnostics.stateGood",
  note: "diagnostics.stateNote",
  warning: "diagnostics.stateWarning",
  bad: "diagnostics.stateBad",
};

const HOLDERS: Readonly<Record<string, ProxyHolder>> = {
  controlled_by_this_extension: "us",
  controllable_by_this_extension: "nobody",
  controlled_by_other_extensions: "otherExtension",
};

let last: Snapshot | null = null;
let runs = 0;
let copied = "";

void begin();

async function begin(): Promise<void> {
  await speakInPage();
  await showInstall(element("install"));
  const hint = await ownHint();
  element("logs").textContent = hint && say("host.logs", { folder: hint.logs });
  element("again").addEventListener("click", () => void run());
  copies(element("copy"), () => copied, element("copied"));
  element("sheet").hidden = false;
  watch((snapshot) => {
    const before = last;
    last = snapshot;
    // Attempts that end as the one before are no news.
    if (JSON.stringify(before?.host) !== JSON.stringify(snapshot.host)) void run();
  });
}

/** One look at everything; a later one overtakes it. */
async function run(): Promise<void> {
  const snapshot = last;
  if (!snapshot) return;
  runs += 1;
  const turn = runs;
  busy(true);
  const { since, disconnects } = await ask("session", {});
  const own = ownFindings(await ownFacts(snapshot, since, disconnects.filter(({ worked }) => worked).length));
  if (turn !== runs) return;
  showFindings(element("own"), own);
  showEnds(disconnects);
  const ready = snapshot.host.kind === "ready";
  element("install").hidden = ready || snapshot.host.kind === "connecting" || snapshot.host.kind === "tooNew";
  element("logs").hidden = snapshot.host.kind !== "crashed" && snapshot.host.kind !== "failed";
  const program = await askProgram(snapshot, () => turn === runs);
  if (turn !== runs) return;
  busy(false);
  const bad = [...own, ...("findings" in program ? program.findings : [])].filter(isBad).length;
  conclude(bad + ("findings" in program || ready ? 0 : 1));
  copied = report({ at: new Date(), own, program, disconnects });
  element<HTMLTextAreaElement>("report").value = copied;
  element<HTMLButtonElement>("copy").disabled = false;
}

/** Has the program look at itself, and shows what it found or why it could not be asked. */
async function askProgram({ host }: Snapshot, current: () => boolean): Promise<ProgramReport> {
  const place = element("program");
  if (host.kind !== "ready") {
    const { title, what, todo, code, detail } = hostWords(host);
    show(place, [{ state: host.kind === "connecting" ? "note" : "bad", title, what, todo }]);
    return { why: detail ? `${code}: ${detail}` : code };
  }
  if (!host.hello.capabilities.includes("doctor")) {
    const todo = say("diagnostics.programUnable");
    show(place, [{ state: "note", ...hostWords(host), todo }]);
    return { why: `no doctor in version ${host.hello.version}` };
  }
  const answer = await askHost("doctor", {});
  if (!current()) return { why: "" };
  if ("failed" in answer) {
    const { what, todo, code } = problemWords(answer.failed);
    show(place, [{ state: "bad", title: say("diagnostics.checkHost"), what, todo }]);
    return { why: code };
  }
  const findings = answer.result.findings.slice(0, MOST_FINDINGS);
  showFindings(place, findings);
  const { report: text } = answer.result as { report?: unknown };
  return { findings, text: typeof text === "string" ? text : null };
}

async function ownFacts(snapshot: Snapshot, since: number, disconnects: number) {
  const of = signs();
  const control = await proxyControl();
  return {
    browser: BRAND_NAMES[brandOf(of)],
    version: versionOf(of),
    extension: browser.runtime.getManifest().version,
    system: await system(),
    lacking: await lackingPermissions(),
    hostAccess: await hasHostAccess(),
    privateWindows: await worksInPrivateWindows(),
    proxy: control === null ? ("asked" as const) : (HOLDERS[control] ?? "policy"),
    rules: await rulesInPlace(),
    snapshot,
    since: new Date(since).toISOString(),
    disconnects,
  };
}

function showFindings(place: HTMLElement, findings: readonly (OwnFinding | Finding)[]): void {
  show(
    place,
    findings.map((finding) => ({ state: finding.state, ...findingWords(finding) })),
  );
}

function show(place: HTMLElement, findings: readonly (FindingWords & { state: Finding["state"] })[]): void {
  place.replaceChildren(
    ...findings.map(({ state, title, what, todo }) => {
      const item = document.createElement("li");
      const heading = document.createElement("h3");
      heading.textContent = title;
      item.append(heading);
      mark(item, state, say(TOLD[state]), what, todo);
      return item;
    }),
  );
}

function showEnds(disconnects: readonly Disconnect[]): void {
  element("ends-lead").textContent = say(
    disconnects.length > 0 ? "diagnostics.endsLead" : "diagnostics.endsNone",
  );
  element("ends").replaceChildren(
    ...disconnects.toReversed().map(({ at, times, problem }) => {
      const line = document.createElement("li");
      const { what, detail } = hostWords(problem);
      line.textContent = say("diagnostics.end", { time: absoluteTime(at), what });
      if (times > 1) line.append(aside("span", say("diagnostics.endTimes", { count: times })));
      if (detail) line.append(aside("bdi", detail));
      return line;
    }),
  );
}

function aside(name: "span" | "bdi", words: string): HTMLElement {
  const said = document.createElement(name);
  said.className = "detail";
  said.textContent = words;
  return said;
}

function isBad({ state }: { state: Finding["state"] }): boolean {
  return state === "bad";
}

function busy(now: boolean): void {
  element("sheet").ariaBusy = String(now);
  element<HTMLButtonElement>("again").disabled = now;
  element("progress").hidden = !now;
  if (!now) return;
  element("summary").textContent = say("diagnostics.running");
  element("summary").dataset.state = "waiting";
}

function conclude(bad: number): void {
  element("summary").textContent = say("diagnostics.done", { bad });
  element("summary").dataset.state = bad === 0 ? "good" : "bad";
}
