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
import { hostWords, obstacleWords, type Words } from "../../pages/words";
import { showRecords } from "./records";

type State = "asking" | "verified" | "ready" | "problem";

const KEY_GROUPS = /.{13}/g;

let shown = "";
/** Whether the records of the tab's key ask for TLS; null while they are not known. */
let tls: boolean | null = null;
let https: HttpsState = { kind: "checking" };

void begin();

async function begin(): Promise<void> {
  element("options").addEventListener("click", () => void browser.runtime.openOptionsPage());
  element("https-options").addEventListener("click", () => void browser.runtime.openOptionsPage());
  element("grant").addEventListener("click", () => void requestHostAccess());
  const keyHost = await tabsKeyHost();
  if (keyHost) showKey(keyHost);
  watch((snapshot) => {
    https = snapshot.https;
    showHttps();
    showObstacle(snapshot);
    showHostStatus(snapshot);
    // The same state again is no news, and must not ask again.
    const state = JSON.stringify([snapshot.host, snapshot.obstacle]);
    if (state === shown) return;
    shown = state;
    if (keyHost) void showKeyState(keyHost, snapshot);
    else showHostState(snapshot);
  });
}

async function tabsKeyHost(): Promise<KeyHost | null> {
  const asked = new URLSearchParams(location.search).get("tabId");
  const tab = asked
    ? await browser.tabs.get(Number(asked))
    : (await browser.tabs.query({ active: true, currentWindow: true }))[0];
  const address = tab?.pendingUrl || tab?.url;
  if (!tab || !address) return null;
  if (address.startsWith(`${location.origin}/`)) return keyHostOf(wantedAddress(new URL(address)) ?? "");
  return (
    keyHostOf(address) ?? keyHostOf((await ask("sentFrom", { tabId: tab.id ?? -1, url: address })).from ?? "")
  );
}

function showKey({ key, host }: KeyHost): void {
  element("key-section").hidden = false;
  // In four groups, so that people can compare it; they are apart only by sight.
  const groups = (key.match(KEY_GROUPS) ?? []).map((group) => {
    const span = document.createElement("span");
    span.textContent = group;
    return span;
  });
  element("key").replaceChildren(...groups);
  element("name").hidden = host === key;
  element("name").textContent = plainText(host.slice(0, -key.length));
  const copy = element("copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(key);
    copy.textContent = "Copied";
    setTimeout(() => {
      copy.textContent = "Copy key";
    }, 1_500);
  });
}

async function showKeyState({ key, host }: KeyHost, snapshot: Snapshot): Promise<void> {
  element("facts").hidden = true;
  if (snapshot.obstacle === "noHostAccess") return say("problem", "Keys can’t be opened");
  if (snapshot.host.kind === "connecting") return say("asking", "Starting pkarr…");
  if (snapshot.host.kind !== "ready") return sayProblem(hostWords(snapshot.host));
  say("asking", "Looking up the key…");
  const answer = await ask("resolve", { host });
  if ("failed" in answer) {
    const { message, data, code } = answer.failed;
    sayProblem({
      title: "Not verified",
      what: plainText(message),
      todo: plainText(data?.todo ?? ""),
      code: plainText(data?.code ?? String(code)),
    });
    return;
  }
  const { warnings, stale } = answer.resolved;
  say("verified", "Verified", verifiedWords(warnings.includes("future-seq"), stale));
  showRecords(answer.resolved, key);
  tls = asksForTls(answer.resolved.endpoints);
  showHttps();
  element("facts").hidden = false;
}

function showHostState({ host, obstacle }: Snapshot): void {
  element("how").hidden = host.kind !== "ready" || obstacle === "noHostAccess";
  if (obstacle === "noHostAccess") say("problem", "Keys can’t be opened");
  else if (host.kind === "ready") say("ready", "Ready", "This tab shows no key.");
  else if (host.kind === "connecting") say("asking", "Starting pkarr…");
  else sayProblem(hostWords(host));
}

function showHttps(): void {
  const offered = https.kind === "off" || https.kind === "restart";
  element("https").hidden = !tls;
  element("https-what").textContent =
    https.kind === "on"
      ? "The site asks for https://, and this browser opens it so."
      : "The site asks for https://; the way from this computer to it is encrypted with the key.";
  // A program that knows nothing of it can't reach the site either, and the tab says so.
  if (https.kind === "unsupported") element("https-what").textContent = "The site asks for https://.";
  element("https-options").hidden = !offered;
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
