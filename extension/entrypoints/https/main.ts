/**
 * https.html: stands in for `https://<key>/` where that does not open in this browser.
 *
 * A plain site is gone to over http:// at once. For one whose records ask for TLS it says what it takes to open it
 * with https://, offers to switch that on, and goes on when it is.
 */

import type { HttpsState } from "../../https/state";
import { ask, watch } from "../../messages/messages";
import { Arming } from "../../pages/arming";
import { element } from "../../pages/element";
import { showStores, showWhatTrustMeans } from "../../pages/https-view";
import { httpsWords } from "../../pages/https-words";
import { wantedAddress, writtenAddress } from "../../pages/page-address";
import { plainText } from "../../pages/plain-text";
import { forgetTurns, mayTurn } from "../../pages/turns";
import type { HttpsAction, RpcError } from "../../protocol/protocol";

/** An answer that comes sooner shows nothing, so the page does not flash up. */
const SILENT_MS = 400;

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
    fail({
      code: 1,
      message: "This address does not lead to a key.",
      data: { code: "not-a-key", todo: "Check it: a key has 52 characters and ends in y or o." },
    });
    return;
  }
  document.title = new URL(wanted).hostname;
  const answer = await ask("openHttps", { url: wanted });
  if ("go" in answer) go(answer.go);
  else if ("offer" in answer) offer(answer.offer);
  else if ("waiting" in answer) leave(`/host.html?url=${wanted}`);
  else fail(answer.failed);
}

/** The records ask for TLS, so a person decides. */
function offer(address: string): void {
  plain = address;
  const link = document.createElement("a");
  link.href = address;
  link.textContent = "Open with http:// this time";
  element("plain-link").replaceChildren(link);
  element("title").textContent = "This site asks for https://";
  document.title = "This site asks for https://";
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
  say(off ? "" : `${title}. ${what}`, todo, code);
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
  say(
    action === "enable"
      ? "Switching on… Your system may ask you to agree."
      : "Trying whether this browser trusts it…",
    "",
    "",
  );
  const answer = await ask("https", { action });
  working(false);
  if ("failed" in answer) {
    const { message, data, code } = answer.failed;
    say(plainText(message), plainText(data?.todo ?? ""), plainText(data?.code ?? String(code)));
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

function fail(error: RpcError): void {
  document.body.dataset.state = "failed";
  element("title").textContent = "This key could not be opened";
  say(
    plainText(error.message),
    plainText(error.data?.todo ?? ""),
    plainText(error.data?.code ?? String(error.code)),
  );
  element("retry").hidden = wanted === null;
  reveal();
}

function say(what: string, todo: string, code: string): void {
  element("state").textContent = what;
  element("todo").textContent = todo;
  element("code").textContent = code;
}

function go(address: string): void {
  if (mayTurn(address)) {
    leave(address);
    return;
  }
  fail({
    code: -32603,
    message: "This address leads back here again and again.",
    data: { code: "turned-back", todo: "Try again in a moment." },
  });
}

function leave(address: string): void {
  left = true;
  location.replace(address);
}

function reveal(): void {
  if (!left) element("sheet").hidden = false;
}
