/** The banner: in one line what is known of the key or the program, and below it what that means and what to do. */

import { say } from "../../i18n/i18n";
import type { Snapshot } from "../../messages/messages";
import { element } from "../../pages/element";
import { plainText } from "../../pages/plain-text";
import { problemWords } from "../../pages/problem-words";
import { hostWords, type Words } from "../../pages/words";
import type { Resolution, RpcError } from "../../protocol/protocol";

export type State = "asking" | "verified" | "stale" | "ready" | "paused" | "problem";

/** Which pages of ours help. */
interface Remedies {
  welcome?: boolean;
  check?: boolean;
}

/** What lies at this computer, its program or its network, and a check-up may find. */
const OF_THIS_COMPUTER = new Set(["dht-unreachable", "internal", "busy", "gateway-failed", "host-gone"]);

export function show(state: State, summary: string, more = ""): void {
  element("state").dataset.state = state;
  element("summary").textContent = summary;
  put("problem", more);
  put("todo", "");
  put("code", "");
  offer({});
}

export function showResolved({ warnings, stale, seenAt, ttl }: Resolution): void {
  if (stale) {
    const over = seenAt + ttl * 1_000 <= Date.now();
    // Asked again before its time was over, and there was no answer.
    show("stale", say(over ? "popup.stale" : "popup.unrefreshed"), say("popup.staleWhat"));
  } else {
    const early = warnings.includes("future-seq");
    show("verified", say("popup.verified"), say(early ? "popup.verifiedFuture" : "popup.verifiedWhat"));
  }
}

export function showFailed(error: RpcError): void {
  const words = problemWords(error);
  showProblem({ ...words, title: say("popup.notVerified") }, { check: OF_THIS_COMPUTER.has(words.code) });
}

export function showPaused(where: "here" | "everywhere"): void {
  show(
    "paused",
    say(where === "here" ? "popup.pausedHere" : "popup.pausedEverywhere"),
    say("popup.pausedWhat"),
  );
}

/** How the program and the extension are, where there is no key to speak of. */
export function showHost({ host, obstacle }: Snapshot): void {
  // The note below says why.
  if (obstacle === "noHostAccess") show("problem", say("popup.cantOpen"));
  else if (host.kind === "ready") show("ready", say("popup.ready"), say("popup.readyWhat"));
  else if (host.kind === "connecting") show("asking", say("popup.starting"));
  else {
    const setUp = host.kind !== "crashed" && host.kind !== "failed";
    showProblem(hostWords(host), { welcome: setUp, check: !setUp });
  }
}

function showProblem({ title, what, todo, code }: Words, remedies: Remedies): void {
  show("problem", title, what);
  put("todo", todo);
  put("code", plainText(code));
  offer(remedies);
}

function offer({ welcome = false, check = false }: Remedies): void {
  element("remedies").hidden = !welcome && !check;
  element("welcome").hidden = !welcome;
  element("check").hidden = !check;
}

function put(id: string, text: string): void {
  element(id).textContent = text;
  element(id).hidden = text === "";
}
