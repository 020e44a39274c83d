/**
 * The web app of a pkarr server: look a key up, check its signature in the page, make a key, publish.
 *
 * Which view is shown is told by the fragment, which no server gets to see: `#<key>` a key, `#publish`, `#seen`.
 */

import { KeyError, readKey } from "./key.js";
import { askAgain, beginLookUp, showKeyPage, showStart } from "./key-view.js";
import { canCheck } from "./packet.js";
import { element, onCopy } from "./page.js";
import { beginPublish, readAgain } from "./publish-view.js";
import { beginRelayField } from "./relay-field.js";

/** @typedef {"look-up" | "publish" | "about"} View */

const TITLES = {
  "look-up": "Look up a key · pkarr",
  publish: "Publish under a key · pkarr",
  about: "What is seen · pkarr",
};

/** @param {boolean} first whether nothing was shown before */
function route(first) {
  const fragment = decoded(location.hash.slice(1));
  // The link that skips the head of the page.
  if (fragment === "main") return element("main").focus();
  if (fragment === "" || fragment === "look-up") {
    show("look-up", first);
    return showStart();
  }
  if (fragment === "publish") return show("publish", first);
  if (fragment === "seen") return show("about", first);
  try {
    const { key } = readKey(fragment);
    show("look-up", first, "key-title");
    showKeyPage(key);
    document.title = `${key} · pkarr`;
  } catch (failure) {
    if (!(failure instanceof KeyError)) throw failure;
    show("look-up", first);
    showStart();
    // A link that is not quite a key: what is wrong with it is worth knowing.
    /** @type {HTMLInputElement} */ (element("typed")).value = fragment;
    element("typed-problem").textContent = failure.message;
  }
}

/**
 * @param {View} view
 * @param {boolean} first
 * @param {string} [title] what has the focus now, for those who are read to
 */
function show(view, first, title = `${view}-title`) {
  for (const one of /** @type {View[]} */ (["look-up", "publish", "about"]))
    element(one).hidden = one !== view;
  for (const [id, own] of [
    ["to-look-up", "look-up"],
    ["to-publish", "publish"],
    ["to-seen", "about"],
  ]) {
    if (own === view) element(id ?? "").setAttribute("aria-current", "page");
    else element(id ?? "").removeAttribute("aria-current");
  }
  document.title = TITLES[view];
  if (first) return;
  element(title).focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function tellWhetherAble() {
  if (await canCheck()) return;
  element("unable").hidden = false;
  const secure = globalThis.isSecureContext;
  element("unable-what").textContent = secure
    ? "This browser has no Ed25519 in its WebCrypto. What is shown is what the relay says, and no key can be made."
    : "A browser gives its cryptography only to pages that came by https:// or from this computer. What is shown is what the relay says, and no key can be made.";
  element("unable-todo").textContent = secure
    ? "Take a newer browser (Chrome 137, Edge 137, Firefox 129, Safari 18 or later), or look the key up with: pkarr resolve KEY"
    : "Open this server by https://, or through a tunnel as http://localhost; or look the key up with: pkarr resolve KEY";
}

/** Where this server is a resolver that browsers can use, says so. */
async function tellSecureDns() {
  // Browsers take no other address.
  if (location.protocol !== "https:") return;
  // Without a question it says that one is missing, where it answers any.
  const { status } = await fetch("/dns-query", { method: "HEAD" }).catch(() => ({ status: 0 }));
  if (status === 0 || status === 404) return;
  const address = `${location.origin}/dns-query`;
  element("secure-dns-address").textContent = address;
  onCopy("copy-secure-dns", () => address);
  element("secure-dns").hidden = false;
}

beginLookUp();
beginPublish();
beginRelayField(() => {
  askAgain();
  readAgain();
});
addEventListener("hashchange", () => route(false));
void tellWhetherAble();
void tellSecureDns();
route(true);
