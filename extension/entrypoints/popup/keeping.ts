/** Keeping the key alive in the network from this computer: whether it is, and the button for it. */

import { say } from "../../i18n/i18n";
import { askHost } from "../../messages/messages";
import { element } from "../../pages/element";
import { problemWords } from "../../pages/problem-words";
import { relativeTime } from "../../pages/time";
import type { Kept, RpcError } from "../../protocol/protocol";

const FIRST_TIME_MS = 1_500;

let key: string | null = null;
let kept: Kept | null = null;
let working = false;
let again: ReturnType<typeof setTimeout> | undefined;

/** Shows how it stands with this key, as far as the program at hand knows of it. */
export async function showKeeping(of: string): Promise<void> {
  if (working) return;
  if (key === null) element("keep").addEventListener("click", () => void turn());
  key = of;
  const answer = await askHost("key", { key });
  // A program that can't tell can't keep either.
  if ("failed" in answer || working) return;
  kept = answer.result.kept;
  show();
}

/** The first time comes in a moment, and is worth seeing. */
function lookAgain(): void {
  clearTimeout(again);
  if (kept?.storedNodes !== null || key === null) return;
  const of = key;
  again = setTimeout(() => void showKeeping(of), FIRST_TIME_MS);
}

/** Nothing can be kept now. */
export function hideKeeping(): void {
  if (!working) element("keeping").hidden = true;
}

async function turn(): Promise<void> {
  if (key === null || working) return;
  working = true;
  const keep = kept === null;
  const button = element("keep");
  button.ariaDisabled = "true";
  tell(say(keep ? "popup.keepWorking" : "popup.keepStopping"), "working");
  // It may take as long as the network does.
  const answer = await askHost("keep", { key, keep });
  working = false;
  button.ariaDisabled = "false";
  if ("failed" in answer) {
    tell(failedWords(answer.failed), "failed");
    return;
  }
  kept = answer.result;
  show();
}

function show(): void {
  const button = element("keep");
  element("keeping").hidden = false;
  // What is published from here is stopped where its secret key is.
  button.hidden = kept?.own === true;
  button.textContent = say(kept === null ? "popup.keep" : "popup.keepStop");
  lookAgain();
  tell(kept === null ? say("popup.keepOffer") : keptWords(kept, Date.now()), kept === null ? "off" : "on");
}

function tell(words: string, state: "off" | "on" | "working" | "failed"): void {
  element("kept").textContent = words;
  element("keeping").dataset.state = state;
}

function failedWords(error: RpcError): string {
  const { what, todo } = problemWords(error);
  return `${what} ${todo}`.trim();
}

export function keptWords({ own, storedNodes, nextAt }: Kept, now: number): string {
  if (storedNodes === null) return say(own ? "popup.keptOwnFirst" : "popup.keptFirst");
  // What is due now needs no time.
  if (nextAt === null || nextAt <= now)
    return say(own ? "popup.keptOwn" : "popup.kept", { nodes: storedNodes });
  const when = relativeTime(nextAt, now);
  return say(own ? "popup.keptOwnNext" : "popup.keptNext", { nodes: storedNodes, when });
}
