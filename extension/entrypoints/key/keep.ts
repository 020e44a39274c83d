/** Whether the key is kept alive in the network from this computer, and the switch for it. */

import { say } from "../../i18n/i18n";
import { askHost } from "../../messages/messages";
import { element } from "../../pages/element";
import { problemWords } from "../../pages/problem-words";
import { relativeTime } from "../../pages/time";
import type { Kept } from "../../protocol/protocol";

let kept: Kept | null = null;
let turning = false;

/** `changed`: the packet that is kept may be newer than the one that is shown. */
export function beginKeep(key: string, changed: () => void): void {
  const box = element<HTMLInputElement>("keep-switch");
  box.addEventListener("change", async () => {
    const on = box.checked;
    // It stays where the keyboard is; what is pressed meanwhile changes nothing.
    if (turning || kept?.own) {
      box.checked = !on;
      return;
    }
    turning = true;
    element("keep-problem").textContent = "";
    tell([say(on ? "keyPage.keepStarting" : "keyPage.keepStopping")]);
    box.ariaDisabled = "true";
    const answer = await askHost("keep", { key, keep: on });
    turning = false;
    if ("failed" in answer) {
      const { what, todo } = problemWords(answer.failed);
      element("keep-problem").textContent = `${what} ${todo}`;
      showKeep(kept);
      return;
    }
    showKeep(answer.result);
    if (on) changed();
  });
}

export function showKeep(now: Kept | null): void {
  if (turning) return;
  kept = now;
  element("keep").hidden = false;
  const box = element<HTMLInputElement>("keep-switch");
  box.checked = now !== null;
  box.ariaDisabled = String(now?.own === true);
  tell(now ? keptWords(now) : [say("keyPage.keepOff")]);
}

function keptWords({ own, storedNodes, lastAt, nextAt }: Kept): string[] {
  const now = Date.now();
  const words: string[] = own ? [say("keyPage.keepOwn")] : [];
  if (lastAt !== null) {
    const when = relativeTime(lastAt, now);
    words.push(say("keyPage.keepLast", { when, nodes: storedNodes ?? 0 }));
  } else if (!own) words.push(say("keyPage.keepNew"));
  if (nextAt !== null && nextAt > now)
    words.push(say("keyPage.keepNext", { when: relativeTime(nextAt, now) }));
  return words;
}

/** The same words again would be read out again. */
function tell(words: string[]): void {
  const place = element("keep-state");
  if ([...place.children].map((line) => line.textContent).join("\n") === words.join("\n")) return;
  place.replaceChildren(
    ...words.map((text) => {
      const line = document.createElement("p");
      line.textContent = text;
      return line;
    }),
  );
}
