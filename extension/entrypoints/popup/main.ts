/**
 * The toolbar's popup: what the key of this tab stands for and whether that is verified; in a tab without a
 * key, how the host program is. It shows the active tab, or the one in `?tabId=`.
 */

import { browser } from "wxt/browser";
import { requestHostAccess } from "../../browser/host-access";
import { asksForTls } from "../../https/address";
import type { HttpsState } from "../../https/state";
import { type KeyHost, keyHostOf } from "../../key/key";
import { ask, type Snapshot, watch } from "../../messages/messages";
import { element } from "../../pages/element";
import { wantedAddress } from "../../pages/page-address";
import { plainText } from "../../pages/plain-text";
import { chosenEndpoint, protectionWords } from "../../pages/protection-words";
import { hostWords, obstacleWords, type Words } from "../../pages/words";
import type { Endpoint, Policy } from "../../protocol/protocol";
import { announce, showKey } from "./key";
import { showRecords } from "./records";

type State = "asking" | "verified" | "ready" | "problem";

/** What the popup is about: a tab, and the key-host address it stands for. */
interface Subject extends KeyHost {
  tabId: number;
  address: string;
}

let shown = "";
/** The state of the key may be asked for again before the last answer is there. */
let latest = 0;
/** Where the tab's key leads; null while that is not known. */
let endpoints: readonly Endpoint[] | null = null;
let https: HttpsState = { kind: "checking" };

void begin();

async function begin(): Promise<void> {
  element("options").addEventListener("click", () => void browser.runtime.openOptionsPage());
  element("https-options").addEventListener("click", () => void browser.runtime.openOptionsPage());
  element("grant").addEventListener("click", () => void requestHostAccess());
  element("names").addEventListener("click", () => void openNames());
  const subject = await tabsSubject();
  if (subject) void showKey(subject, subject.address);
  let last: Snapshot | null = null;
  const refresh = element("refresh");
  refresh.addEventListener("click", async () => {
    if (!subject || !last || refresh.ariaDisabled === "true") return;
    if (await showKeyState(subject, last, "networkOnly")) announce("Refreshed.");
  });
  element("open-icann").addEventListener("click", () => subject && void openByName(subject));
  watch((snapshot) => {
    last = snapshot;
    https = snapshot.https;
    showProtection(subject);
    showObstacle(snapshot);
    showHostStatus(snapshot);
    // The same state again is no news, and must not ask again.
    const state = JSON.stringify([snapshot.host, snapshot.obstacle]);
    if (state === shown) return;
    shown = state;
    if (subject) void showKeyState(subject, snapshot);
    else showHostState(snapshot);
  });
}

async function tabsSubject(): Promise<Subject | null> {
  const asked = new URLSearchParams(location.search).get("tabId");
  const tab = asked
    ? await browser.tabs.get(Number(asked))
    : (await browser.tabs.query({ active: true, currentWindow: true }))[0];
  const url = tab?.pendingUrl || tab?.url;
  if (!tab || !url) return null;
  const tabId = tab.id ?? -1;
  let address: string | null = url;
  if (url.startsWith(`${location.origin}/`)) address = wantedAddress(new URL(url));
  else if (!keyHostOf(url)) address = (await ask("sentFrom", { tabId, url })).from;
  const keyHost = keyHostOf(address ?? "");
  return address && keyHost ? { tabId, address, ...keyHost } : null;
}

/** Whether it shows what it was asked for: no problem, and nothing newer. */
async function showKeyState(subject: Subject, snapshot: Snapshot, policy?: Policy): Promise<boolean> {
  latest += 1;
  const turn = latest;
  const { key, host } = subject;
  const refresh = element<HTMLButtonElement>("refresh");
  refresh.hidden = snapshot.host.kind !== "ready";
  refresh.ariaDisabled = "false";
  // What is there stays while the network is asked for something newer.
  if (!policy) element("facts").hidden = true;
  if (snapshot.obstacle === "noHostAccess" || snapshot.host.kind !== "ready") {
    sayHostState(snapshot);
    return false;
  }
  say("asking", policy === "networkOnly" ? "Asking the network…" : "Looking up the key…");
  refresh.ariaDisabled = "true";
  const answer = await ask("resolve", { host, ...(policy && { policy }) });
  // Asked again meanwhile, and the page belongs to that.
  if (turn !== latest) return false;
  refresh.ariaDisabled = "false";
  if ("failed" in answer) {
    const { message, data, code } = answer.failed;
    element("facts").hidden = true;
    sayProblem({
      title: "Not verified",
      what: plainText(message),
      todo: plainText(data?.todo ?? ""),
      code: plainText(data?.code ?? String(code)),
    });
    return false;
  }
  const { warnings, stale } = answer.resolved;
  say("verified", "Verified", verifiedWords(warnings.includes("future-seq"), stale));
  showRecords(answer.resolved, key);
  endpoints = answer.resolved.endpoints;
  showProtection(subject);
  element("facts").hidden = false;
  return true;
}

function showHostState(snapshot: Snapshot): void {
  element("how").hidden = snapshot.host.kind !== "ready" || snapshot.obstacle === "noHostAccess";
  sayHostState(snapshot);
}

function sayHostState({ host, obstacle }: Snapshot): void {
  if (obstacle === "noHostAccess") say("problem", "Keys can’t be opened");
  else if (host.kind === "ready") say("ready", "Ready", "This tab shows no key.");
  else if (host.kind === "connecting") say("asking", "Starting pkarr…");
  else sayProblem(hostWords(host));
}

/** How the connection is protected, and whether https:// could be switched on for it. */
function showProtection(subject: Subject | null): void {
  const words = subject && endpoints ? protectionWords(subject.address, endpoints, https) : "";
  const offered = https.kind === "off" || https.kind === "restart";
  element("protection-row").hidden = words === "";
  element("protection").textContent = words;
  element("https-options").textContent =
    https.kind === "off" ? "Switch on https://" : "https:// in the options";
  element("https-options").hidden = !offered || !asksForTls(endpoints ?? []);
  const name = ownName();
  element("open-icann").hidden = name === null;
  if (name) element("open-icann").textContent = `Open ${plainText(new URL(name).host)}`;
}

/** The site's address in the names of the web, if its key leads to one. */
function ownName(): string | null {
  const chosen = endpoints && chosenEndpoint(endpoints);
  const icann = chosen?.kind === "icann" ? chosen : endpoints?.find((endpoint) => endpoint.kind === "icann");
  if (icann?.kind !== "icann") return null;
  return URL.parse(`https://${icann.name}${icann.port === null ? "" : `:${icann.port}`}/`)?.href ?? null;
}

async function openByName({ tabId, address }: Subject): Promise<void> {
  const name = ownName();
  if (!name) return;
  const { pathname, search, hash } = new URL(address);
  const there = new URL(name);
  there.pathname = pathname;
  there.search = search;
  there.hash = hash;
  await browser.tabs.update(tabId, { url: there.href });
  window.close();
}

async function openNames(): Promise<void> {
  await browser.tabs.create({ url: browser.runtime.getURL("/names.html") });
  window.close();
}

function showHostStatus({ host, way }: Snapshot): void {
  const parts: string[] = [];
  if (host.kind === "ready") {
    parts.push(`pkarr ${plainText(host.hello.version)}`, `gateway port ${host.gateway.port}`);
    if (way === "redirect") parts.push("redirecting");
  }
  element("host-status").textContent = parts.join(" · ");
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

function say(state: State, summary: string, more = ""): void {
  element("state").dataset.state = state;
  element("summary").textContent = summary;
  put("problem", more);
  put("todo", "");
  put("code", "");
}

function sayProblem({ title, what, todo, code }: Words): void {
  say("problem", title, what);
  put("todo", todo);
  put("code", code);
}

function put(id: string, text: string): void {
  element(id).textContent = text;
  element(id).hidden = text === "";
}

function verifiedWords(early: boolean, stale: boolean): string {
  if (early) return "Signed with this key, but with a date in the future.";
  if (stale) return "Signed with this key. The network is slow or away: there may be something newer.";
  return "Its records are signed with this key.";
}
