/**
 * The toolbar's popup: what the key of this tab stands for and whether that is verified; in a tab without a
 * key, how the host program is. It shows the active tab, or the one in `?tabId=`.
 */

import { browser } from "wxt/browser";
import { requestHostAccess } from "../../browser/host-access";
import { say } from "../../i18n/i18n";
import { speakInPage } from "../../i18n/page";
import { ask, type Snapshot, watch } from "../../messages/messages";
import { element } from "../../pages/element";
import { plainText } from "../../pages/plain-text";
import { obstacleWords } from "../../pages/words";
import type { Endpoint, Policy } from "../../protocol/protocol";
import { show, showFailed, showHost, showPaused, showResolved } from "./banner";
import { ownName, showProtection, showRecords } from "./facts";
import { hideKeeping, showKeeping } from "./keeping";
import { announce, showKey } from "./key";
import { followPausing, type Paused } from "./pausing";
import { type Subject, tabsSubject } from "./subject";

/** What was shown last: the same state again is no news, and must not be asked for again. */
let shown = "";
/** The state of the key may be asked for again before the last answer is there. */
let latest = 0;
/** Where the tab's key leads; null while that is not known. */
let endpoints: readonly Endpoint[] | null = null;
let subject: Subject | null = null;
let snapshot: Snapshot | null = null;
let pausing: Paused | undefined;

void begin();

async function begin(): Promise<void> {
  await speakInPage();
  wireButtons();
  subject = await tabsSubject();
  if (subject) void showKey(subject);
  void followPausing(subject?.key ?? null, (now) => {
    pausing = now;
    settle();
  });
  watch((now) => {
    snapshot = now;
    settle();
  });
}

function wireButtons(): void {
  for (const id of ["options", "https-options"]) {
    element(id).addEventListener("click", () => void browser.runtime.openOptionsPage());
  }
  element("grant").addEventListener("click", () => void requestHostAccess());
  onClickOpen("names", "/names.html");
  onClickOpen("welcome", "/welcome.html");
  onClickOpen("check", "/diagnostics.html");
  onClickOpen("diagnostics", "/diagnostics.html");
  const refresh = element("refresh");
  refresh.addEventListener("click", async () => {
    if (!subject || !snapshot || refresh.ariaDisabled === "true") return;
    if (await showKeyState(subject, snapshot, "networkOnly")) announce(say("popup.refreshed"));
  });
  element("open-icann").addEventListener("click", () => void openByName());
}

function onClickOpen(id: string, page: string): void {
  element(id).addEventListener("click", async () => {
    await browser.tabs.create({ url: location.origin + page });
    window.close();
  });
}

/** Shows what is known now, once both the background and the settings have told. */
function settle(): void {
  if (!snapshot || pausing === undefined) return;
  if (subject && endpoints) showProtection(subject.address, endpoints, snapshot.https);
  showObstacle(snapshot);
  showHostStatus(snapshot);
  const state = JSON.stringify([snapshot.host, snapshot.obstacle, pausing]);
  if (state === shown) return;
  shown = state;
  if (subject) void showKeyState(subject, snapshot);
  else if (pausing && snapshot.host.kind === "ready") showPaused(pausing);
  else showHost(snapshot);
  element("how").hidden =
    subject !== null ||
    pausing !== null ||
    snapshot.host.kind !== "ready" ||
    snapshot.obstacle === "noHostAccess";
}

/** Whether it shows what it was asked for: no problem, and nothing newer. */
async function showKeyState(
  of: Subject,
  { host, obstacle, https }: Snapshot,
  policy?: Policy,
): Promise<boolean> {
  latest += 1;
  const turn = latest;
  const refresh = element<HTMLButtonElement>("refresh");
  refresh.hidden = host.kind !== "ready";
  refresh.ariaDisabled = "false";
  // What is there stays while the network is asked for something newer.
  if (!policy) element("facts").hidden = true;
  if (obstacle === "noHostAccess" || host.kind !== "ready") {
    hideKeeping();
    if (snapshot) showHost(snapshot);
    return false;
  }
  const asked = pausing && !policy ? "cacheOnly" : policy;
  if (pausing) showPaused(pausing);
  else show("asking", say(policy === "networkOnly" ? "popup.asking" : "popup.lookingUp"));
  refresh.ariaDisabled = "true";
  const answer = await ask("resolve", {
    host: of.host,
    ...(asked && { policy: asked }),
    ...(of.incognito && { incognito: true }),
  });
  // Asked again meanwhile, and the page belongs to that.
  if (turn !== latest) return false;
  refresh.ariaDisabled = "false";
  // Keeping a key alive is remembered, which a private window does not do.
  if (host.hello.capabilities.includes("keys") && !of.incognito) void showKeeping(of.key);
  if ("failed" in answer) {
    element("facts").hidden = true;
    if (!pausing) showFailed(answer.failed);
    return false;
  }
  if (!pausing) showResolved(answer.resolved);
  showRecords(answer.resolved, of.key);
  endpoints = answer.resolved.endpoints;
  showProtection(of.address, endpoints, snapshot?.https ?? https);
  element("facts").hidden = false;
  return true;
}

async function openByName(): Promise<void> {
  const there = endpoints && ownName(endpoints);
  if (!there || !subject) return;
  const { pathname, search, hash } = new URL(subject.address);
  there.pathname = pathname;
  there.search = search;
  there.hash = hash;
  await browser.tabs.update(subject.tabId, { url: there.href });
  window.close();
}

function showHostStatus({ host, way }: Snapshot): void {
  element("host-status").textContent =
    host.kind === "ready"
      ? say(way === "redirect" ? "popup.programRedirecting" : "popup.program", {
          version: plainText(host.hello.version),
        })
      : "";
}

function showObstacle({ obstacle }: Snapshot): void {
  element("obstacle").hidden = obstacle === null;
  if (!obstacle) return;
  const { title, what, todo } = obstacleWords(obstacle);
  element("obstacle-title").textContent = title;
  element("obstacle-what").textContent = what;
  element("obstacle-todo").textContent = todo;
  element("grant").hidden = obstacle !== "noHostAccess";
}
