/** Which relay is asked: the server this page came from, or any other one. */

import { element, input } from "./page.js";
import { RelayError, relayAddress } from "./relay.js";

/** This server. */
const OWN = location.origin;

let chosen = OWN;

/** The address of the relay, without a slash at its end. */
export function relay() {
  return chosen;
}

/** The relay as people read it. */
export function relayName() {
  return chosen === OWN ? "this server" : chosen.replace(/^https:\/\//, "");
}

/** @param {() => void} changed */
export function beginRelayField(changed) {
  const field = input("relay-typed");
  const problem = element("relay-problem");
  field.placeholder = OWN;
  show();
  field.addEventListener("input", () => {
    problem.textContent = "";
    field.ariaInvalid = "false";
  });
  element("relay-form").addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      chosen = relayAddress(field.value, OWN);
    } catch (failure) {
      if (!(failure instanceof RelayError)) throw failure;
      problem.textContent = `${failure.message} ${failure.todo}`;
      field.ariaInvalid = "true";
      field.focus();
      return;
    }
    show();
    /** @type {HTMLDetailsElement} */ (element("relay-box")).open = false;
    changed();
  });
}

function show() {
  element("relay-shown").textContent = relayName();
}
