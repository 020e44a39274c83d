/**
 * https.html: stands in for `https://<key>/` where that does not open in this browser.
 *
 * A plain site is gone to over http:// at once. For one whose records ask for TLS it says what it takes to open it
 * with https://, offers to switch that on, and goes on when it is.
 */

import type { HttpsState } from "../../https/state";
import { say } from "../../i18n/i18n";
import { speakInPage } from "../../i18n/page";
import { ask, watch } from "../../messages/messages";
import { Arming } from "../../pages/arming";
import { element } from "../../pages/element";
import { showStores, showWhatTrustMeans } from "../../pages/https-view";
import { httpsWords } from "../../pages/https-words";
import { wantedAddress, writtenAddress } from "../../pages/page-address";
import { plainText } from "../../pages/plain-text";
import { problemWords } from "../../pages/problem-words";
import { forgetTurns, mayTurn } from "../../pages/turns";
import type { Words } from "../../pages/words";
import type { HttpsAction } from "../../protocol/protocol";

/** An answer that comes sooner shows nothing, so the page does not flash up. */
const SILENT_MS = 400;

type Problem = Omit<Words, "title">;

const wanted = wantedAddress(location);
const enable = element<HTMLButtonElement>("enable");
const check = element<HTMLButtonElement>("check");
let plain: string | null = null;
let busy = false;
let left = false;
const arming = new Arming((armed) => {
  enable.disabled = !armed || busy || document.visibilityState !== "visible";
});

// In a frame the page could be shown as part of another, and its button be clicked for something else.
if (window === window.top) void begin();

async function begin(): Promise<void> {
  await speakInPage();
  element("url").textContent = plainText(wanted ?? writtenAddress(location));
  showWhatTrustMeans(element("meaning"));
  element("retry").addEventListener("click", () => {
    if (wanted) forgetTurns(wanted);
    if (plain) forgetTurns(plain);
    location.reload();
  });
  enable.addEventListener("click", ({ isTrusted }) => void (isTrusted && act("enable")));
  check.addEventListener("click", () => void act("status"));
  setTimeout(reveal, SILENT_MS);
  if (!wanted?.startsWith("https:")) {
    fail({ what: say("open.notAKeyWhat"), todo: say("open.notAKeyTodo"), code: "not-a-key" });
    return;
  }
  document.title = new URL(wanted).hostname;
  const answer = await ask("openHttps", { url: wanted });
  if ("go" in answer) go(answer.go);
  else if ("offer" in answer) offer(answer.offer);
  else if ("waiting" in answer) leave(`/host.html?url=${wanted}`);
  else fail(problemWords(answer.failed));
}

/** The records ask for TLS, so a person decides. */
function offer(address: string): void {
  plain = address;
  const link = document.createElement("a");
  link.href = address;
  link.textContent = say("https.openPlain");
  element("plain-link").replaceChildren(link);
  element("title").textContent = say("https.asks");
  document.title = say("https.asks");
  watch(({ https }) => show(https));
  for (const event of ["focus", "visibilitychange"]) window.addEventListener(event, () => arming.restart());
  reveal();
  arming.restart();
}

function show(state: HttpsState): void {
  if (left || busy || state.kind === "checking") return;
  if (state.kind === "on" && wanted) {
    go(wanted);
    return;
  }
  document.body.dataset.state = state.kind;
  const { title, what, todo, code } = httpsWords(state);
  const off = state.kind === "off";
  const supported = state.kind !== "unsupported";
  tell(off ? "" : say("https.stateSaid", { title, what }), todo, code);
  element("why").hidden = !supported;
  element("meaning").hidden = !off;
  if (off && enable.hidden) arming.restart();
  enable.hidden = !off;
  check.hidden = state.kind !== "restart";
  element("plain").hidden = false;
  // A program that old has no such way to the site, and says so itself.
  element("plain-promise").hidden = !supported;
  showStores(element("stores"), state.kind === "restart" ? state.status.stores : []);
}

async function act(action: HttpsAction): Promise<void> {
  if (busy) return;
  working(true);
  const enabling = action === "enable";
  tell(enabling ? say("https.switchingOn") : say("https.trying"), enabling ? say("https.mayAsk") : "", "");
  const answer = await ask("https", { action });
  working(false);
  if ("failed" in answer) {
    const { what, todo, code } = problemWords(answer.failed);
    tell(what, todo, code);
    enable.focus();
    return;
  }
  show(answer.https);
  // The button that had the focus may be gone.
  if (!left && (enable.hidden || check.hidden)) (check.hidden ? element("title") : check).focus();
}

function working(now: boolean): void {
  busy = now;
  enable.disabled = now;
  check.disabled = now;
  document.body.ariaBusy = String(now);
}

function fail({ what, todo, code }: Problem): void {
  document.body.dataset.state = "failed";
  element("title").textContent = say("https.failed");
  tell(what, todo, code);
  element("retry").hidden = wanted === null;
  reveal();
}

function tell(what: string, todo: string, code: string): void {
  element("state").textContent = what;
  element("todo").textContent = todo;
  element("code").textContent = code;
}

function go(address: string): void {
  if (mayTurn(address)) {
    leave(address);
    return;
  }
  fail({ what: say("https.turnedBackWhat"), todo: say("https.turnedBackTodo"), code: "turned-back" });
}

function leave(address: string): void {
  left = true;
  location.replace(address);
}

function reveal(): void {
  if (!left) element("sheet").hidden = false;
}
