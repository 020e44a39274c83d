/**
 * key.html: everything under a key in human words. `?key=` has the key in any accepted spelling; any page of ours may
 * have written it, and so may a person.
 *
 * What the network says of the key and what this computer remembers of it are asked for one after the other, at once
 * and again when the program tells of something newer.
 */

import { browser } from "wxt/browser";
import type { HttpsState } from "../../https/state";
import { say } from "../../i18n/i18n";
import { speakInPage } from "../../i18n/page";
import { ask, askHost, type Snapshot, watch, watchEvents } from "../../messages/messages";
import { element } from "../../pages/element";
import { keyPageAddress } from "../../pages/key-page";
import { hostWords } from "../../pages/words";
import type { KeyResult, Policy, Resolution } from "../../protocol/protocol";
import { keyIn, showFind } from "./find";
import { announce, showHead, showOpen } from "./head";
import { showHistory } from "./history";
import { beginKeep, showKeep } from "./keep";
import { showKept } from "./kept";
import { beginPoints, showPoints } from "./points";
import { beginRaw, showRaw } from "./raw";
import { sayFailure, sayResolved, sayState, showFacts } from "./state";

/** How often times are said anew. */
const TIMES_MS = 30_000;

/** A private window's questions leave nothing on the disk. */
const { inIncognitoContext: incognito } = browser.extension;

let snapshot: Snapshot | null = null;
let https: HttpsState = { kind: "checking" };
/** The host's state that was carried out. */
let followed = "";
/** What was found last, and stays shown while something newer is looked for. */
let resolved: Resolution | null = null;
/** The key may be asked for again before the last answer is there. */
let latest = 0;

// In a frame the page could be shown as part of another.
if (window === window.top) void begin();

async function begin(): Promise<void> {
  await speakInPage();
  const written = new URLSearchParams(location.search).get("key") ?? "";
  const key = keyIn(written);
  if (!key) {
    showFind(written);
    return;
  }
  history.replaceState(null, "", keyPageAddress(key));
  sayState("asking", say("keyPage.asking"));
  element("page").hidden = false;
  void showHead(key);
  beginPoints();
  beginRaw(key);
  beginKeep(key, () => void look(key));
  element("refresh").addEventListener("click", async () => {
    if (element("refresh").ariaDisabled === "true" || snapshot?.host.kind !== "ready") return;
    if (await look(key, "networkOnly")) announce(say("keyPage.refreshed"));
  });
  setInterval(() => resolved && showFacts(resolved), TIMES_MS);
  watchEvents(async (event) => {
    if (event.key !== key || event.seq === resolved?.seq) return;
    if (await look(key)) announce(say("keyPage.updated"));
  });
  watch((now) => {
    snapshot = now;
    https = now.https;
    if (resolved) showPoints(resolved.endpoints, https);
    // The same state again is no news, and must not ask again.
    const state = JSON.stringify(now.host);
    if (state === followed) return;
    followed = state;
    if (now.host.kind === "ready") void look(key);
    else sayHost(now);
  });
}

function sayHost({ host }: Snapshot): void {
  // An answer of the host that went away is none any more.
  latest += 1;
  busy(false);
  // Nobody to ask; once there is, the page asks by itself.
  element("refresh").ariaDisabled = "true";
  const { title, what, todo, code } = hostWords(host);
  element("facts").hidden = true;
  sayState(host.kind === "connecting" ? "asking" : "problem", title, what, todo, code);
}

/** Whether it shows what it was asked for: no problem, and nothing newer. */
async function look(key: string, policy?: Policy): Promise<boolean> {
  latest += 1;
  const turn = latest;
  busy(true);
  // What is there stays while the network is asked for something newer.
  if (!resolved || policy) sayState("asking", say(policy ? "keyPage.askingNetwork" : "keyPage.asking"));
  const answer = await ask("resolve", {
    host: key,
    ...(policy && { policy }),
    ...(incognito && { incognito }),
  });
  // Asked again meanwhile, and the page belongs to that.
  if (turn !== latest) return false;
  busy(false);
  if ("failed" in answer) {
    resolved = null;
    // 52 characters that are no point of the curve: only the program can tell.
    if (answer.failed.data?.code === "not-a-key") showFind(key);
    else sayFailure(answer.failed);
  } else {
    resolved = answer.resolved;
    sayResolved(resolved);
    showPoints(resolved.endpoints, https);
    showKept(resolved.records, key);
  }
  element("points").hidden = resolved === null;
  element("kept").hidden = resolved === null;
  void showOpen(key, resolved !== null && resolved.endpoints.length > 0);
  await remember(key, turn);
  return resolved !== null;
}

/** Shows what this computer remembers of the key, where the program can tell. */
async function remember(key: string, turn: number): Promise<void> {
  const { host } = snapshot ?? {};
  const told = host?.kind === "ready" && host.hello.capabilities.includes("keys");
  const answer = told ? await askHost("key", { key, ...(incognito && { incognito }) }) : null;
  if (turn !== latest) return;
  const known: KeyResult | null = answer && "result" in answer ? answer.result : null;
  // Without an answer of the network there is still what it said before.
  const packet = known?.packets.find(({ seq }) => !resolved || seq === resolved.seq) ?? null;
  showRaw(resolved?.records ?? null, packet, key);
  element("history").hidden = known === null;
  element("keep").hidden = known === null || incognito;
  if (!known) return;
  showHistory(known.packets, key, incognito);
  // What is kept alive is on the disk, where private windows leave nothing.
  if (!incognito) showKeep(known.kept);
}

function busy(now: boolean): void {
  element("refresh").ariaDisabled = String(now);
  element("refresh").classList.toggle("busy", now);
}
