/**
 * The settings: how keys open, links to them, the program's network, https://, names, language, what is kept. What is
 * chosen here reaches the background and other windows through the storage, and applies at once.
 */

import { browser } from "wxt/browser";
import { say } from "../../i18n/i18n";
import { speakInPage } from "../../i18n/page";
import { ask, type Snapshot, watch } from "../../messages/messages";
import { element } from "../../pages/element";
import { plainText } from "../../pages/plain-text";
import { obstacleWords } from "../../pages/words";
import { language } from "../../settings/settings";
import { beginChoices, showLanguage } from "./choices";
import { beginData } from "./data";
import { beginHttps, repaintHttps, showHttps } from "./https";
import { beginNetwork, repaintNetwork, showNetwork } from "./network";
import { beginPaused, showPaused } from "./paused";
import { beginSuggestions, showSuggestions } from "./suggestions";

let last: Snapshot | null = null;

void begin();

async function begin(): Promise<void> {
  await speakInPage();
  element("extension-version").textContent = browser.runtime.getManifest().version;
  beginChoices();
  beginSuggestions();
  beginNetwork();
  beginData();
  beginHttps();
  language.onChange(() => void speakInPage().then(repaint));
  watch(show);
  await Promise.all([beginPaused(), showNames()]);
  window.addEventListener("focus", () => void showNames());
}

function show(snapshot: Snapshot): void {
  last = snapshot;
  const { host, obstacle } = snapshot;
  showNetwork(snapshot);
  showHttps(snapshot);
  element("obstacle").hidden = obstacle === null;
  element("obstacle").textContent = obstacle ? obstacleWords(obstacle).what : "";
  element("program-version").textContent =
    host.kind === "ready" ? plainText(host.hello.version) : say("options.programAway");
}

/** What does not stand in the page's own text is said once more. */
async function repaint(): Promise<void> {
  if (last) show(last);
  repaintNetwork();
  repaintHttps();
  await Promise.all([showLanguage(), showPaused(), showNames(), showSuggestions()]);
}

async function showNames(): Promise<void> {
  const { names } = await ask("names", {});
  element("names-count").textContent = say("options.namesLead", { count: names.length });
}
