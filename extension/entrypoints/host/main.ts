/**
 * host.html: stands in for a key host while the host program is not there. Says what is wrong and what to do,
 * and turns into the wanted site once nothing is.
 */

import type { HostState } from "../../host/state";
import { locale, say } from "../../i18n/i18n";
import { speakInPage } from "../../i18n/page";
import { ask, watch } from "../../messages/messages";
import { element } from "../../pages/element";
import { ownHint, showInstall } from "../../pages/install-view";
import { wantedAddress, writtenAddress } from "../../pages/page-address";
import { plainText } from "../../pages/plain-text";
import { forgetTurns, mayTurn } from "../../pages/turns";
import { hostWords, type Words } from "../../pages/words";

/** A start that takes no longer shows nothing, so the page does not flash up. */
const SILENT_MS = 400;

const wanted = wantedAddress(location);
let left = false;

// In a frame the page could be shown as part of another.
if (window === window.top) void begin();

async function begin(): Promise<void> {
  await speakInPage();
  element("url").textContent = plainText(wanted ?? writtenAddress(location));
  if (!wanted) {
    const [what, todo] = [say("problems.notAKeyWhat"), say("problems.notAKeyTodo")];
    tell("not-a-key", { title: say("host.notAKeyTitle"), what, todo, code: "not-a-key" });
    for (const id of ["promise", "retry", "elsewhere"]) element(id).hidden = true;
    return;
  }
  document.title = new URL(wanted).hostname;
  setTimeout(reveal, SILENT_MS);
  element("retry").addEventListener("click", () => {
    forgetTurns(wanted);
    void ask("retry", {});
  });
  watch(({ host }) => show(host));
  await showInstall(element("install-how"));
  const hint = await ownHint();
  element("logs").textContent = hint && say("host.logs", { folder: hint.logs });
}

function show(state: HostState): void {
  if (left) return;
  if (state.kind === "ready" && wanted) {
    go(wanted);
    return;
  }
  tell(state.kind, hostWords(state));
  element("install").hidden = !needsInstalling(state);
  element("logs").hidden = state.kind !== "crashed" && state.kind !== "failed";
  if (state.kind !== "connecting") reveal();
}

/** Whether installing or registering it (again) is the remedy. */
function needsInstalling(state: HostState): boolean {
  switch (state.kind) {
    case "missing":
    case "forbidden":
    case "tooOld":
      return true;
    case "crashed":
      return state.how !== "ended" || state.repeatedly;
    case "failed":
      return state.error.data?.code === "host-nonsense";
    default:
      return false;
  }
}

function go(address: string): void {
  if (!mayTurn(address)) {
    tell("host-unsteady", {
      title: say("host.unsteadyTitle"),
      what: say("host.unsteadyWhat"),
      todo: say("host.unsteadyTodo"),
      code: "host-unsteady",
    });
    reveal();
    return;
  }
  left = true;
  location.replace(address);
}

function tell(state: string, { title, what, todo, code, detail = "" }: Words): void {
  document.body.dataset.state = state;
  element("title").textContent = title;
  put("state", what);
  put("todo", todo);
  element("code").textContent = code;
  const says = state === "crashed" ? "host.browserSays" : "host.programSays";
  put("detail", detail && say(says, { detail }));
  element("detail").lang = detail && locale() !== "en" ? "en" : locale();
  if (!wanted) reveal();
}

/** The same words again are no news: they would be read out again. */
function put(id: string, words: string): void {
  const place = element(id);
  if (place.textContent !== words) place.textContent = words;
  place.hidden = words === "";
}

function reveal(): void {
  if (!left) element("sheet").hidden = false;
}
