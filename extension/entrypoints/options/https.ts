/** The part of the options that switches https:// for keys, and shows how it stands. */

import type { HttpsState } from "../../https/state";
import { ask, type Snapshot } from "../../messages/messages";
import { element } from "../../pages/element";
import { showStores, showWhatTrustMeans } from "../../pages/https-view";
import { httpsWords } from "../../pages/https-words";
import { plainText } from "../../pages/plain-text";
import { absoluteTime } from "../../pages/time";
import { hostWords } from "../../pages/words";
import type { HttpsAction } from "../../protocol/protocol";

const BUTTONS = { enable: "https-enable", disable: "https-disable", status: "https-check" } as const;

const WORKING = {
  enable: { title: "Switching on…", what: "Your system may ask you to agree." },
  disable: { title: "Switching off…", what: "Your system may ask you to agree." },
  status: { title: "Having a look…", what: "" },
} as const;

let busy = false;
let last: Snapshot | null = null;

export function beginHttps(): void {
  showWhatTrustMeans(element("https-meaning"));
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
    say(title, what, "");
    showDetails({ kind: "checking" });
    return;
  }
  const { title, what, todo } = httpsWords(https);
  if (https.kind === "restart" && obstacle !== null) {
    // The probe would not have gone to the gateway.
    say("Switched on", "Whether this browser trusts it can’t be tried while the note above stands.", "");
  } else {
    say(title, what, todo);
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
  say(WORKING[action].title, WORKING[action].what, "");
  const answer = await ask("https", { action });
  busy = false;
  element("https").ariaBusy = "false";
  setDisabled(false);
  if ("failed" in answer) {
    const { message, data } = answer.failed;
    problem(`${plainText(message)} ${plainText(data?.todo ?? "")}`);
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

function say(title: string, what: string, todo: string): void {
  // The same words again would be read out again.
  for (const [id, text] of [
    ["https-state", title === "" ? "" : `${title}${/[.…]$/.test(title) ? "" : "."}`],
    ["https-what", what],
    ["https-todo", todo],
  ] as const) {
    if (element(id).textContent !== text) element(id).textContent = text;
  }
}
