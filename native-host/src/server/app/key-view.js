/** The view of a key: who signed what, when, and what it means. */

import { showArt } from "./art.js";
import { LookupError, lookUp } from "./ask.js";
import { inZone, packetTtl, typeName } from "./dns.js";
import { KeyError, keyBytes, readKey } from "./key.js";
import { meaningOf, PURPOSES } from "./meaning.js";
import { EARLY, hex, MOST_DNS_BYTES } from "./packet.js";
import { download, element, input, isolated, made, onCopy, showKey } from "./page.js";
import { RelayError } from "./relay.js";
import { relay, relayName } from "./relay-field.js";
import { absoluteTime, counted, duration, relativeTime } from "./text.js";
import { isKeyLabel } from "./zone.js";
import { relativeName, valueText, zoneText } from "./zone-show.js";

/** @import { Found } from "./ask.js" */
/** @import { Record } from "./dns.js" */

/** @type {string | null} the key that is shown */
let shown = null;
/** @type {Found | null} */
let found = null;
/** Ends the question before. */
let asking = new AbortController();

export function beginLookUp() {
  const field = input("typed");
  const problem = element("typed-problem");
  field.addEventListener("input", () => tell(""));
  element("look-up-form").addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      const { key } = readKey(field.value);
      if (location.hash === `#${key}`) void ask(key);
      else location.hash = key;
    } catch (failure) {
      if (!(failure instanceof KeyError)) throw failure;
      tell(failure.message);
      field.focus();
    }
  });
  element("refresh").addEventListener("click", () => shown && void ask(shown, true));
  onCopy("copy-key", () => shown ?? "");
  onCopy("copy-uri", () => `pk:${shown}`);
  onCopy("copy-permalink", () => `${location.origin}/#${shown}`);
  onCopy("copy-zone", () => (found && shown ? zoneText(found.records, shown) : ""));
  element("download-packet").addEventListener("click", () => {
    if (found) download(`${shown}.pkarr`, found.packet.payload);
  });

  /** @param {string} what */
  function tell(what) {
    problem.textContent = what;
    field.ariaInvalid = String(what !== "");
  }
}

/** The view with nothing looked up. */
export function showStart() {
  asking.abort();
  shown = null;
  element("look-up").dataset.shows = "start";
  element("page").hidden = true;
  element("start").hidden = false;
  input("typed").value = "";
  element("typed-problem").textContent = "";
  input("typed").ariaInvalid = "false";
}

/**
 * The view of a key, which is looked up.
 * @param {string} key
 */
export function showKeyPage(key) {
  element("look-up").dataset.shows = "key";
  element("start").hidden = true;
  element("page").hidden = false;
  element("typed-problem").textContent = "";
  input("typed").value = key;
  input("typed").ariaInvalid = "false";
  showKey(element("key"), key);
  void showArt(element("art"), keyBytes(key));
  void ask(key);
}

/** Asks again, after another relay was chosen. */
export function askAgain() {
  if (shown) void ask(shown);
}

/**
 * @param {string} key
 * @param {boolean} [anew] past the relay's memory
 */
async function ask(key, anew = false) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  if (shown !== key) showRecords(null);
  shown = key;
  busy(true);
  if (!found) {
    state("asking", "Looking up the key…", `Asking ${relayName()}.`);
    element("facts").hidden = true;
  }
  try {
    const answer = await lookUp(relay(), key, { anew, signal });
    if (signal.aborted) return;
    showRecords(answer);
    showFacts(answer);
  } catch (failure) {
    if (signal.aborted) return;
    showFailure(failure);
  }
  busy(false);
}

/** @param {boolean} is */
function busy(is) {
  const button = element("refresh");
  button.classList.toggle("busy", is);
  button.ariaBusy = String(is);
}

/**
 * @param {"asking" | "verified" | "stale" | "problem" | "unchecked"} kind
 * @param {string} summary
 * @param {string} what
 * @param {string} [todo]
 */
function state(kind, summary, what, todo = "") {
  element("state").dataset.state = kind;
  element("summary").textContent = summary;
  element("what").textContent = what;
  element("todo").textContent = todo;
}

/** @param {unknown} failure */
function showFailure(failure) {
  showRecords(null);
  element("facts").hidden = true;
  if (failure instanceof LookupError) {
    state("problem", failure.title, failure.message, failure.todo);
  } else if (failure instanceof RelayError) {
    const title = failure.failure === "missing" ? "Nothing is published under this key" : "No answer";
    state("problem", title, failure.message, failure.todo);
  } else {
    state("problem", "Something went wrong in this page", String(failure), "Load the page again.");
    throw failure;
  }
}

/** @param {Found} answer */
function showFacts({ packet, records, checked, older, seen, nodes }) {
  const now = Date.now();
  const early = packet.seq > BigInt(now) * 1_000n + EARLY;
  if (!checked) {
    state(
      "unchecked",
      "Not checked",
      "This is what the relay says. Whether this key has signed it, this page can’t tell here.",
      "See above what would help.",
    );
  } else if (older) {
    state(
      "stale",
      "Verified, and newer than the relay’s",
      "The relay answered with an older packet than this page has seen before. Shown is the newer one.",
      "Ask the network, or another relay.",
    );
  } else if (early) {
    state(
      "stale",
      "Verified, with a date in the future",
      "Its records are signed with this key, but by a clock that is ahead.",
    );
  } else {
    state("verified", "Verified", "This page has checked it: the records are signed with this key.");
  }
  const at = Number(packet.seq / 1_000n);
  const signed = /** @type {HTMLTimeElement} */ (element("signed"));
  signed.textContent = absoluteTime(at)
    ? `${relativeTime(at, now)}, ${absoluteTime(at)}`
    : `at number ${packet.seq}`;
  signed.dateTime = absoluteTime(at) ? new Date(at).toISOString() : "";
  element("seen").textContent =
    seen === null ? "it does not say" : `${relativeTime(seen, now)}, ${absoluteTime(seen)}`;
  element("nodes-fact").hidden = nodes === null;
  element("nodes").textContent = nodes === null ? "" : `on ${counted(nodes, "node")}`;
  element("fresh").textContent = duration(packetTtl(records));
  const size = `${packet.dns.length} of ${MOST_DNS_BYTES} bytes`;
  element("packet").textContent =
    `${records.length === 0 ? "no records" : counted(records.length, "record")}, ${size}`;
  element("asked").textContent = relayName();
  element("facts").hidden = false;
}

/** @param {Found | null} answer */
function showRecords(answer) {
  found = answer;
  const hasSite = answer?.records.some((record) => isSite(record, shown ?? "")) ?? false;
  element("open-site").hidden = !hasSite;
  element("open-site-hint").hidden = !hasSite;
  if (hasSite) /** @type {HTMLAnchorElement} */ (element("open-site")).href = `http://${shown}/`;
  element("kept").hidden = answer === null;
  element("raw").hidden = answer === null;
  if (!answer || !shown) return;
  const { packet, records } = answer;
  const key = shown;
  const groups = PURPOSES.flatMap(({ purpose, title, about }) => {
    const own = records.filter((record) => meaningOf(record, key).purpose === purpose);
    return own.length > 0 ? [group(purpose, title, about, own, key)] : [];
  });
  const nothing = made(
    "p",
    "quiet",
    "The packet is signed and empty: nothing is kept under this key at present.",
  );
  element("groups").replaceChildren(...(groups.length > 0 ? groups : [nothing]));
  element("raw-rows").replaceChildren(...records.map((record) => row(record, key)));
  element("part-signature").textContent = hex(packet.signature);
  element("part-seq-number").textContent = String(packet.seq);
  element("part-seq").textContent = packet.seq.toString(16).padStart(16, "0");
  element("part-dns-size").textContent = counted(packet.dns.length, "byte");
  element("part-dns").textContent = hex(packet.dns);
}

/**
 * Whether the record says where the site of the key itself is.
 * @param {Record} record
 * @param {string} key
 */
function isSite(record, key) {
  return meaningOf(record, key).purpose === "site" && relativeName(record.name, key) === "@";
}

/**
 * @param {string} purpose
 * @param {string} title
 * @param {string} about
 * @param {Record[]} records
 * @param {string} key
 */
function group(purpose, title, about, records, key) {
  const heading = made("h3", "", title);
  heading.id = `group-${purpose}`;
  const list = made("ul", "", ...records.map((record) => item(record, key)));
  const place = made("section", "group", heading, ...(about ? [made("p", "quiet", about)] : []), list);
  place.dataset.purpose = purpose;
  place.setAttribute("aria-labelledby", heading.id);
  return place;
}

/**
 * @param {Record} record
 * @param {string} key
 */
function item(record, key) {
  const sentences = meaningOf(record, key).sentences.map((parts) =>
    made("p", "", ...parts.map((part) => (typeof part === "string" ? part : valueElement(part.value)))),
  );
  const outside = inZone(record, key)
    ? []
    : [
        made(
          "p",
          "quiet",
          "This name lies outside the key’s zone: it is shown, and never used to answer a question.",
        ),
      ];
  const name = isolated(relativeName(record.name, key), "name mono");
  return made(
    "li",
    outside.length > 0 ? "outside" : "",
    name,
    made("div", "words", ...sentences, ...outside),
  );
}

/**
 * A name below another key leads to that key's page.
 * @param {string} text
 */
function valueElement(text) {
  const label = text.toLowerCase().slice(text.lastIndexOf(".") + 1);
  if (!isKeyLabel(label)) return isolated(text);
  const link = made("a", "key-link", isolated(text, "value mono"));
  link.href = `#${label}`;
  return link;
}

/**
 * Cells keep their roles when narrow pages lay them out otherwise.
 * @param {Record} record
 * @param {string} key
 */
function row(record, key) {
  const name = cell("name", relativeName(record.name, key));
  const outside = !inZone(record, key);
  if (outside) name.append(" ", made("span", "quiet", "outside the zone, ignored"));
  const line = made(
    "tr",
    outside ? "outside" : "",
    name,
    cell("ttl", String(record.ttl)),
    cell("type", typeName(record)),
    cell("value", valueText(record)),
  );
  line.role = "row";
  return line;
}

/**
 * @param {string} className
 * @param {string} text
 */
function cell(className, text) {
  const place = made("td", className, isolated(text, "mono"));
  place.role = "cell";
  return place;
}
