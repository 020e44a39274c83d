/** Where the key itself leads: its endpoints in the order they are tried, what is wrong with them and what to do. */

import { browser } from "wxt/browser";
import type { HttpsState } from "../../https/state";
import type { MessageId } from "../../i18n/catalogue";
import { say } from "../../i18n/i18n";
import { element } from "../../pages/element";
import { chosenEndpoint } from "../../pages/protection-words";
import { isolated } from "../../pages/sentence";
import type { Endpoint } from "../../protocol/protocol";

/** More than a packet can hold. */
const MOST_ENDPOINTS = 60;

type Trouble = "refused" | "tlsOff" | "tlsRestart";

const TROUBLES: Record<Trouble, [title: MessageId, what: MessageId, todo: MessageId]> = {
  refused: ["keyPage.refusedTitle", "keyPage.refusedWhat", "keyPage.refusedTodo"],
  tlsOff: ["keyPage.tlsOffTitle", "keyPage.tlsOffWhat", "keyPage.tlsOffTodo"],
  tlsRestart: ["keyPage.tlsOffTitle", "keyPage.tlsRestartWhat", "keyPage.tlsRestartTodo"],
};

export function beginPoints(): void {
  element("settings").addEventListener("click", () => void browser.runtime.openOptionsPage());
}

export function showPoints(endpoints: readonly Endpoint[], https: HttpsState): void {
  const nowhere = endpoints.length === 0;
  element("points").hidden = false;
  element("points-what").textContent = say(nowhere ? "keyPage.pointsNowhere" : "keyPage.pointsOrder");
  element("points-what").hidden = endpoints.length === 1;
  element("points-todo").textContent = nowhere ? say("keyPage.pointsNowhereTodo") : "";
  const chosen = chosenEndpoint(endpoints);
  element("endpoints").replaceChildren(
    ...endpoints.slice(0, MOST_ENDPOINTS).map((endpoint) => item(endpoint, endpoint === chosen)),
  );
  const trouble = troubleWith(endpoints, https);
  element("points-problem").hidden = trouble === null;
  if (!trouble) return;
  const [title, what, todo] = TROUBLES[trouble];
  element("points-problem-title").textContent = say(title);
  element("points-problem-what").textContent = say(what);
  element("points-problem-todo").textContent = say(todo);
}

export function troubleWith(endpoints: readonly Endpoint[], https: HttpsState): Trouble | null {
  if (endpoints.length === 0) return null;
  const chosen = chosenEndpoint(endpoints);
  if (!chosen) return "refused";
  if (chosen.kind !== "address" || !chosen.tls) return null;
  if (https.kind === "off") return "tlsOff";
  return https.kind === "restart" ? "tlsRestart" : null;
}

function item(endpoint: Endpoint, first: boolean): HTMLLIElement {
  const line = document.createElement("li");
  line.className = first ? "first" : "";
  line.append(isolated(endpointText(endpoint), "value mono"));
  const notes: MessageId[] = [];
  if (first) notes.push("keyPage.endpointFirst");
  if (endpoint.kind === "icann") notes.push("keyPage.endpointIcann");
  else {
    notes.push(endpoint.tls ? "keyPage.endpointTls" : "keyPage.endpointAsUrl");
    if (!endpoint.allowed) notes.push("keyPage.endpointRefused");
  }
  for (const id of notes) {
    const note = document.createElement("span");
    note.className = id === "keyPage.endpointRefused" ? "note-line bad" : "note-line quiet";
    note.textContent = say(id);
    line.append(" ", note);
  }
  return line;
}

function endpointText(endpoint: Endpoint): string {
  const port = endpoint.port === null ? "" : `:${endpoint.port}`;
  if (endpoint.kind === "icann") return `https://${endpoint.name}${port}`;
  return `${endpoint.address.includes(":") ? `[${endpoint.address}]` : endpoint.address}${port}`;
}
