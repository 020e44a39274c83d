/**
 * welcome.html: what this is, what it still needs in this browser, and a first key to open. The list turns green by
 * itself as things come to be there.
 */

import { browser } from "wxt/browser";
import { brandOf, signs } from "../../browser/brand";
import { hasHostAccess, onHostAccessChange, requestHostAccess } from "../../browser/host-access";
import { extensionSettings, worksInPrivateWindows } from "../../browser/private-windows";
import {
  canSwitchSuggestions,
  onSuggestionsChange,
  type Suggestions,
  suggestions,
  switchSuggestionsOff,
} from "../../browser/suggestions";
import type { MessageId } from "../../i18n/catalogue";
import { say } from "../../i18n/i18n";
import { speakInPage } from "../../i18n/page";
import { typedAddress } from "../../key/search";
import { type Snapshot, watch } from "../../messages/messages";
import { mark } from "../../pages/checklist";
import { element } from "../../pages/element";
import { ownHint, showInstall } from "../../pages/install-view";
import { showKeyText } from "../../pages/key-text";
import { type Check, type CheckState, checks, lacking } from "./checks";
import { suggestionsHint } from "./suggestions";

/** How a key looks; nothing has to be published under it. */
const EXAMPLE = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

const TOLD: Readonly<Record<CheckState, MessageId>> = {
  good: "welcome.stateGood",
  waiting: "welcome.stateWaiting",
  bad: "welcome.stateBad",
  optional: "welcome.stateOptional",
};

let last: Snapshot | null = null;
/** What was found is overtaken by a later look. */
let looks = 0;

void begin();

async function begin(): Promise<void> {
  await speakInPage();
  showKeyText(element("example"), EXAMPLE);
  showSuggestions();
  const settings = extensionSettings();
  if (!settings) element("private-actions").remove();
  else element("open-extension").addEventListener("click", () => open(settings));
  element("open-settings").addEventListener("click", () => void browser.runtime.openOptionsPage());
  element("grant").addEventListener("click", () => void requestHostAccess().then(look));
  element("first").addEventListener("submit", (event) => {
    event.preventDefault();
    openFirst();
  });
  element("take").addEventListener("click", () => {
    element<HTMLInputElement>("key").value = EXAMPLE;
    element("first-open").focus();
  });
  await showInstall(element("install"));
  const hint = await ownHint();
  element("logs").textContent = hint && say("host.logs", { folder: hint.logs });
  element("sheet").hidden = false;
  // What is changed in the browser's own pages is told to nobody: look again when somebody comes back from there.
  for (const event of ["focus", "visibilitychange"]) window.addEventListener(event, () => void look());
  onHostAccessChange(() => void look());
  watch((snapshot) => {
    last = snapshot;
    void look();
  });
}

async function look(): Promise<void> {
  looks += 1;
  const turn = looks;
  const [hostAccess, privateWindows] = await Promise.all([hasHostAccess(), worksInPrivateWindows()]);
  if (turn !== looks || !last) return;
  show(checks({ ...last, hostAccess, privateWindows, firefox: import.meta.env.FIREFOX }), last);
}

function show(list: readonly Check[], { host, paused }: Snapshot): void {
  for (const { name, state, what, todo } of list) {
    const item = element(`check-${name}`);
    mark(item, state, say(TOLD[state]), what, todo);
    for (const action of item.querySelectorAll<HTMLElement>("[data-when]")) {
      action.hidden = action.dataset.when !== state;
    }
  }
  const left = lacking(list);
  const summary = element("summary");
  const words =
    left > 0 ? say("welcome.left", { count: left }) : say(paused ? "welcome.paused" : "welcome.allSet");
  // Said again it would be read out again.
  if (summary.textContent !== words) summary.textContent = words;
  summary.dataset.state = left > 0 || paused ? "waiting" : "good";
  element("install").hidden = host.kind === "ready" || host.kind === "connecting" || host.kind === "tooNew";
  element("logs").hidden = host.kind !== "crashed" && host.kind !== "failed";
  element("first-wait").hidden = left === 0;
}

function showSuggestions(): void {
  const { page } = suggestionsHint(brandOf(signs()));
  element("suggestions-open").addEventListener("click", () => page && open(page));
  element("suggestions-switch").addEventListener(
    "click",
    () => void switchSuggestionsOff().then(tellSuggestions),
  );
  onSuggestionsChange(() => void suggestions().then(tellSuggestions));
  tellSuggestions("unknown");
  void suggestions().then(tellSuggestions);
}

function tellSuggestions(now: Suggestions): void {
  const { words, page } = suggestionsHint(brandOf(signs()));
  const off = now === "off" || now === "offByUs";
  element("suggestions").textContent = say(off ? "welcome.suggestionsOff" : words);
  element("suggestions-switch").hidden = off || now === "fixed" || !canSwitchSuggestions();
  element("suggestions-open").hidden = off || page === null;
}

function openFirst(): void {
  const input = element<HTMLInputElement>("key");
  const scheme = last?.way === "gateway" && last.https.kind === "on" ? "https" : "http";
  const address = typedAddress(input.value, scheme);
  element("first-problem").textContent = address ? "" : say("welcome.firstNotAKey");
  input.ariaInvalid = String(!address);
  if (address) open(address);
  else input.focus();
}

function open(url: string): void {
  void browser.tabs.create({ url });
}
