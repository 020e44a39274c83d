/** Small things that every view needs: elements by id, text of strangers as elements, copying, announcing. */

import { plainText } from "./text.js";

/** The length of the groups a key is shown in. */
const GROUP = 13;
/** How long a button says what it has done. */
const SAID_MS = 1_500;

/**
 * The page's elements by id; a missing one is a mistake in the page.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element with id ${id}`);
  return found;
}

/**
 * @param {string} id
 * @returns {HTMLInputElement}
 */
export function input(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {...(Node | string)} children
 */
export function made(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/**
 * Text that neither takes its direction from what is around it nor gives it any.
 * @param {string} text
 * @param {string} [className]
 */
export function isolated(text, className = "value") {
  const node = made("bdi", className, plainText(text));
  // Zone text and addresses run from left to right in every script.
  if (className.includes("mono")) node.dir = "ltr";
  return node;
}

/**
 * Shows a whole key in groups that are apart only by sight.
 * @param {HTMLElement} place
 * @param {string} key
 */
export function showKey(place, key) {
  place.className = "key-text mono";
  place.dir = "ltr";
  const groups = key.match(new RegExp(`.{${GROUP}}`, "g")) ?? [];
  place.replaceChildren(...groups.map((group) => made("span", "", group)));
}

/**
 * Says it to those who don't see what changed.
 * @param {string} text
 */
export function announce(text) {
  element("said").textContent = text;
}

/**
 * Makes the button copy this text.
 * @param {string} id
 * @param {() => string} text
 * @param {() => void} [copied]
 */
export function onCopy(id, text, copied = () => {}) {
  const button = element(id);
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const done = await copy(text());
    if (done) copied();
    button.textContent = done ? "Copied" : "Not copied";
    announce(done ? "Copied." : "The browser did not let it be copied.");
    setTimeout(() => {
      button.textContent = label;
    }, SAID_MS);
  });
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Lets the browser save these bytes.
 * @param {string} name
 * @param {Uint8Array<ArrayBuffer> | string} content
 */
export function download(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
