/**
 * host.html: stands in for a key host while the host program is not there. Says what is wrong and what to do,
 * and turns into the wanted site once nothing is.
 */

import type { HostState } from "../../host/state";
import { ask, watch } from "../../messages/messages";
import { element } from "../../pages/element";
import { wantedAddress, writtenAddress } from "../../pages/page-address";
import { plainText } from "../../pages/plain-text";
import { forgetTurns, mayTurn } from "../../pages/turns";
import { hostWords } from "../../pages/words";

/** A start that takes no longer shows nothing, so the page does not flash up. */
const SILENT_MS = 400;

const wanted = wantedAddress(location);
let left = false;

// In a frame the page could be shown as part of another.
if (window === window.top) begin();

function begin(): void {
  element("url").textContent = plainText(wanted ?? writtenAddress(location));
  if (!wanted) {
    say(
      "not-a-key",
      "This is not a key",
      "The address does not lead to a key.",
      "Check it: a key has 52 characters and ends in y or o.",
    );
    element("promise").hidden = true;
    element("retry").hidden = true;
    return;
  }
  document.title = new URL(wanted).hostname;
  setTimeout(reveal, SILENT_MS);
  element("retry").addEventListener("click", () => {
    forgetTurns(wanted);
    void ask("retry", {});
  });
  watch(({ host }) => show(host));
}

function show(state: HostState): void {
  if (left) return;
  if (state.kind === "ready" && wanted) {
    go(wanted);
    return;
  }
  const { title, what, todo, code } = hostWords(state);
  say(code, title, what, todo);
  document.body.dataset.state = state.kind;
  if (state.kind !== "connecting") reveal();
}

function go(address: string): void {
  if (!mayTurn(address)) {
    say(
      "host-unsteady",
      "The pkarr program comes and goes",
      "It was there, and gone again, several times.",
      "Try again in a moment.",
    );
    reveal();
    return;
  }
  left = true;
  location.replace(address);
}

function say(code: string, title: string, what: string, todo: string): void {
  document.body.dataset.state = code;
  element("title").textContent = title;
  element("state").textContent = what;
  element("todo").textContent = todo;
  element("code").textContent = code;
  if (!wanted) reveal();
}

function reveal(): void {
  if (!left) element("sheet").hidden = false;
}
