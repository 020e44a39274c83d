/**
 * The program's own settings. They are asked of the program and changed there; it says what is wrong with a value. What
 * is changed holds from its next start on, so it is offered to start it again.
 */

import { say } from "../../i18n/i18n";
import { ask, askHost, type Snapshot } from "../../messages/messages";
import { element } from "../../pages/element";
import { ownWords } from "../../pages/own-words";
import { plainText } from "../../pages/plain-text";
import type { HostSettings, Methods } from "../../protocol/protocol";
import { AddressList } from "./address-list";
import { beginCache, showCache, showCacheSize } from "./cache";
import { beginPrivate, showPrivate } from "./private-keys";
import { tell } from "./saved";

/** Outlives the page being loaded again, as the program does. */
const CHANGED = "programChanged";

let settings: HostSettings | null = null;
let ready = false;
let restarting = false;

const lists = [new AddressList("relays", change), new AddressList("bootstrap", change)];

export function beginNetwork(): void {
  beginPrivate(change);
  beginCache(change);
  const stale = element<HTMLInputElement>("stale");
  stale.addEventListener("change", async () => {
    element("stale-problem").textContent = await change({ change: { stale: stale.checked } });
    stale.checked = settings?.stale ?? stale.checked;
  });
  element("restart").addEventListener("click", () => void restart());
  // Another browser or the command line may have changed them meanwhile.
  window.addEventListener("focus", () => void refresh());
}

/** The program's settings as far as they are known; null while it is not there, or knows none. */
export function programSettings(): HostSettings | null {
  return ready ? settings : null;
}

export function showNetwork({ host }: Snapshot): void {
  const before = ready;
  const capable = host.kind === "ready" && host.hello.capabilities.includes("settings");
  ready = capable;
  const hidden = host.kind === "ready" && !capable;
  element("network").hidden = hidden;
  element("to-network").hidden = hidden;
  element("network-settings").inert = !ready;
  element("network-away").hidden = host.kind === "ready" || host.kind === "connecting";
  if (ready && !before) {
    if (restarting) element("restarted").textContent = say("options.restarted");
    restarting = false;
    void refresh();
  }
  // It has ended meanwhile, and starts with the settings of now.
  if (before && !ready) sessionStorage.removeItem(CHANGED);
  showRestart();
}

/** Reads them anew and shows them. What is being edited stays. */
export async function refresh(): Promise<void> {
  if (!ready) return;
  const answer = await askHost("settings", {});
  const failed = "failed" in answer;
  element("network-problem").textContent = failed ? ownWords(answer.failed) : "";
  if (failed) return;
  settings = answer.result;
  repaintNetwork();
  await showCache();
}

/** Shows once more what is known, in the language of now. */
export function repaintNetwork(): void {
  if (!settings) return;
  const { file, stale, fixed } = settings;
  element("network-file").textContent =
    file === null ? "" : say("options.networkFile", { file: plainText(file) });
  for (const list of lists) list.show(settings);
  showPrivate(settings);
  showCacheSize(settings);
  element<HTMLInputElement>("stale").checked = stale;
  element<HTMLInputElement>("stale").disabled = fixed.includes("stale");
  element("stale-fixed").hidden = !fixed.includes("stale");
  element("network-settings").hidden = false;
}

export async function change(params: Methods["settings"]["params"]): Promise<string> {
  const answer = await askHost("settings", params);
  if ("failed" in answer) return ownWords(answer.failed);
  settings = answer.result;
  sessionStorage.setItem(CHANGED, "yes");
  element("restarted").textContent = "";
  repaintNetwork();
  showRestart();
  tell("options.saved");
  return "";
}

function showRestart(): void {
  element("restart-note").hidden = !ready || sessionStorage.getItem(CHANGED) === null;
}

async function restart(): Promise<void> {
  restarting = true;
  sessionStorage.removeItem(CHANGED);
  element("restarted").textContent = say("options.restarting");
  await ask("restart", {});
  // The button is gone.
  element("network-title").focus();
}
