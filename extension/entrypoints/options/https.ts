/** The part of the options that switches https:// for keys, and shows how it stands. */

import type { HttpsState } from "../../https/state";
import { say } from "../../i18n/i18n";
import { ask, type Snapshot } from "../../messages/messages";
import { element } from "../../pages/element";
import { showStores, showWhatTrustMeans } from "../../pages/https-view";
import { httpsWords } from "../../pages/https-words";
import { plainText } from "../../pages/plain-text";
import { problemWords } from "../../pages/problem-words";
import { absoluteTime } from "../../pages/time";
import { hostWords } from "../../pages/words";
import type { HttpsAction } from "../../protocol/protocol";

const BUTTONS = { enable: "https-enable", disable: "https-disable", status: "https-check" } as const;

const WORKING = {
  enable: { title: "https.switchingOn", what: "https.mayAsk" },
  disable: { title: "https.switchingOff", what: "https.mayAsk" },
  status: { title: "https.checking", what: null },
} as const;

let busy = false;
let last: Snapshot | null = null;

/** What does not change with the state, and the state once more. */
export function repaintHttps(): void {
  showWhatTrustMeans(element("https-meaning"));
  if (last) showHttps(last);
}

export function beginHttps(): void {
  repaintHttps();
  for (const [action, id] of Object.entries(BUTTONS)) {
    element(id).addEventListener("click", () => void act(action as HttpsAction));
  }
  // What a browser trusts may have changed since it was last tried.
  void ask("https", { action: "status" });
}

export function showHttps(snapshot: Snapshot): void {
  last = snapshot;
  if (busy) return;
  const { host, https, obstacle } = snapshot;
  if (host.kind !== "ready") {
    const { title, what } = hostWords(host);
    tell(title, what, "");
    showDetails({ kind: "checking" });
    return;
  }
  const { title, what, todo } = httpsWords(https);
  if (https.kind === "restart" && obstacle !== null) {
    // The probe would not have gone to the gateway.
    tell(say("options.httpsOn"), say("options.httpsUntried"), "");
  } else {
    tell(title, what, todo);
  }
  showDetails(https);
}

function showDetails(https: HttpsState): void {
  const status = "status" in https ? https.status : null;
  const enabled = status?.enabled ?? false;
  element(BUTTONS.enable).hidden = https.kind !== "off";
  element("https-meaning").hidden = https.kind !== "off";
  element(BUTTONS.disable).hidden = !enabled;
  element(BUTTONS.status).hidden = https.kind !== "restart";
  element("https-details").hidden = !status || !enabled;
  if (!status) return;
  showStores(element("https-stores"), status.stores);
  element("https-fingerprint").textContent = plainText(status.root?.fingerprint ?? "");
  element("https-file").textContent = plainText(status.root?.file ?? "");
  element("https-end").textContent = status.root ? absoluteTime(status.root.notAfter) : "";
}

async function act(action: HttpsAction): Promise<void> {
  if (busy) return;
  const asked = document.activeElement;
  busy = true;
  element("https").ariaBusy = "true";
  setDisabled(true);
  problem("");
  const { title, what } = WORKING[action];
  tell(say(title), what ? say(what) : "", "");
  const answer = await ask("https", { action });
  busy = false;
  element("https").ariaBusy = "false";
  setDisabled(false);
  if ("failed" in answer) {
    const { what, todo } = problemWords(answer.failed);
    problem(`${what} ${todo}`);
    if (last) showHttps(last);
  } else {
    if (last) showHttps({ ...last, https: answer.https });
  }
  // The button that was pressed may be gone; the next one takes the focus.
  const next = Object.values(BUTTONS).map((id) => element(id));
  const still = next.find((button) => button === asked && !button.hidden);
  (still ?? next.find((button) => !button.hidden))?.focus();
}

function setDisabled(disabled: boolean): void {
  for (const id of Object.values(BUTTONS)) element<HTMLButtonElement>(id).disabled = disabled;
}

function problem(text: string): void {
  element("https-problem").textContent = text;
  element("https-problem").hidden = text === "";
}

function tell(title: string, what: string, todo: string): void {
  // The same words again would be read out again.
  for (const [id, text] of [
    ["https-state", /[.…。]$/.test(title) ? title : say("options.sentence", { words: title })],
    ["https-what", what],
    ["https-todo", todo],
  ] as const) {
    if (element(id).textContent !== text) element(id).textContent = text;
  }
}
