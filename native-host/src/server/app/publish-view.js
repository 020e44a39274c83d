/** The view in which a key is made, its records are written, signed and handed to the relay. */

import { showArt } from "./art.js";
import { LookupError, lookUp, remember } from "./ask.js";
import { encode, inZone, typeName } from "./dns.js";
import { KeyError, keyBytes } from "./key.js";
import { isSame, merged } from "./merge.js";
import {
  canCheck,
  hex,
  keyPair,
  MOST_PUBLISHED_BYTES,
  newKeyPair,
  nextSeq,
  PacketError,
  readSeed,
  sign,
} from "./packet.js";
import { announce, download, element, input, isolated, made, onCopy, showKey } from "./page.js";
import { put, RelayError } from "./relay.js";
import { relay, relayName } from "./relay-field.js";
import { counted, relativeTime } from "./text.js";
import { parse } from "./zone.js";
import { ZoneError } from "./zone-scan.js";
import { isWritten, relativeName, valueText, zoneText } from "./zone-show.js";

/** @import { Record } from "./dns.js" */
/** @import { KeyPair, SignedPacket } from "./packet.js" */

/** How long a key file may be. */
const MOST_FILE_BYTES = 1_024;
/** How often the network is asked for what was published, and how often at most. */
const WATCH_MS = 5_000;
const WATCH_TIMES = 6;

/** @type {KeyPair | null} */
let pair = null;
/** Whether the secret is somewhere else than in this page. */
let saved = true;
/** @type {{ packet: SignedPacket | null, records: Record[] } | null} what is under the key, as it was read last */
let base = null;
/** @type {SignedPacket | null} what was published last */
let published = null;
/** Ends what is under way for another key or another relay. */
let work = new AbortController();

export function beginPublish() {
  element("make").addEventListener("click", () => void useKey(newKeyPair, false));
  input("key-file").addEventListener("change", () => {
    const [file] = input("key-file").files ?? [];
    if (file) void useKey(async () => await keyPair(readSeed(await textOfFile(file))), true);
    input("key-file").value = "";
  });
  element("secret-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void useKey(async () => await keyPair(readSeed(input("secret").value)), true);
  });
  input("secret").addEventListener("input", () => keyProblem(""));
  element("download-secret").addEventListener("click", () => {
    if (!pair) return;
    download(`${pair.key}.key`, `${hex(pair.seed)}\n`);
    markSaved(true);
    announce("The secret key is saved as a file.");
  });
  onCopy(
    "copy-secret",
    () => (pair ? hex(pair.seed) : ""),
    () => markSaved(true),
  );
  element("forget").addEventListener("click", forget);
  element("read-again").addEventListener("click", () => void read());
  element("zone").addEventListener("input", judge);
  element("put").addEventListener("click", () => void publish());
  element("watch-again").addEventListener("click", () => void watch());
  // A key that is nowhere else must not go with a slip of the hand.
  addEventListener("beforeunload", (event) => {
    if (pair && !saved) event.preventDefault();
  });
}

/** Reads again what is under the key, after another relay was chosen. */
export function readAgain() {
  if (pair) void read();
}

/** @param {Blob} file */
async function textOfFile(file) {
  if (file.size > MOST_FILE_BYTES) throw new PacketError("This file is too long for a secret key.");
  return await file.text();
}

// --- the key ---------------------------------------------------------------------------------------------------------

/**
 * @param {() => Promise<KeyPair>} make
 * @param {boolean} isSaved
 */
async function useKey(make, isSaved) {
  keyProblem("");
  try {
    if (!(await canCheck())) {
      throw new PacketError("This page can’t sign here; the note at its top says what would help.");
    }
    pair = await make();
  } catch (failure) {
    if (failure instanceof PacketError || failure instanceof KeyError) keyProblem(failure.message);
    else keyProblem(`The browser could not do it: ${String(failure)}`);
    return;
  }
  input("secret").value = "";
  element("no-pair").hidden = true;
  element("pair").hidden = false;
  showKey(element("pair-key"), pair.key);
  void showArt(element("pair-art"), keyBytes(pair.key));
  markSaved(isSaved);
  element("keep-secret").hidden = isSaved;
  element("download-secret").classList.toggle("plain", isSaved);
  element("pair-title").focus();
  element("step-records").hidden = false;
  element("step-publish").hidden = false;
  element("put-state").replaceChildren();
  element("watch").hidden = true;
  area().value = "";
  base = null;
  published = null;
  void read();
}

/** @param {string} what */
function keyProblem(what) {
  element("key-problem").textContent = what;
  input("secret").ariaInvalid = String(what !== "" && input("secret").value !== "");
}

/** @param {boolean} is */
function markSaved(is) {
  saved = is;
  element("keep-secret").dataset.saved = String(is);
}

function forget() {
  if (!saved && !confirm("The secret key is nowhere else yet. Forget it for good?")) return;
  work.abort();
  pair = null;
  saved = true;
  base = null;
  element("no-pair").hidden = false;
  element("pair").hidden = true;
  element("step-records").hidden = true;
  element("step-publish").hidden = true;
  element("make").focus();
}

// --- the records -----------------------------------------------------------------------------------------------------

function area() {
  return /** @type {HTMLTextAreaElement} */ (element("zone"));
}

/**
 * What is under the key now: null packet where nothing is.
 * @param {string} key
 * @param {AbortSignal} signal
 */
async function current(key, signal) {
  try {
    const { packet, records, checked } = await lookUp(relay(), key, { anew: true, signal });
    if (!checked) throw new LookupError("Not checked", "This page can’t check what is there.", "");
    return { packet, records };
  } catch (failure) {
    if (failure instanceof RelayError && failure.failure === "missing") return { packet: null, records: [] };
    // What the key has signed and is no packet of records is followed by one that is.
    if (failure instanceof LookupError && failure.packet) return { packet: failure.packet, records: [] };
    throw failure;
  }
}

async function read() {
  if (!pair) return;
  const { key } = pair;
  work.abort();
  work = new AbortController();
  const { signal } = work;
  element("read-problem").hidden = true;
  element("read-state").textContent = `Reading what is under the key from ${relayName()}, past its memory…`;
  /** @type {HTMLButtonElement} */ (element("put")).disabled = true;
  let now;
  try {
    now = await current(key, signal);
  } catch (failure) {
    if (signal.aborted) return;
    element("read-state").textContent = "";
    const todo = failure instanceof RelayError || failure instanceof LookupError ? failure.todo : "";
    tell(
      "read-what",
      `What is under the key could not be read, so publishing might overwrite it. ${messageOf(failure)}`,
    );
    tell("read-todo", todo);
    element("read-problem").hidden = false;
    return;
  }
  if (signal.aborted) return;
  show(now);
}

/** @param {{ packet: SignedPacket | null, records: Record[] }} now */
function show(now) {
  if (!pair) return;
  const { key } = pair;
  const written = now.records.filter((record) => isWritten(record, key));
  const others = now.records.filter((record) => !isWritten(record, key));
  // What somebody has begun to write stays.
  const edited = base && parsed();
  const before = base?.records.filter((record) => isWritten(record, key)) ?? [];
  if (!base || (edited && isSame(edited, before))) area().value = zoneText(written, key);
  else if (edited) area().value = zoneText(merged(before, edited, written), key);
  base = now;
  element("editor").hidden = false;
  element("read-state").textContent = now.packet
    ? `${counted(now.records.length, "record")} from ${relativeTime(Number(now.packet.seq / 1_000n), Date.now())}, signed with this key.`
    : "Nothing is published under this key yet.";
  element("others").hidden = others.length === 0;
  element("other-rows").replaceChildren(
    ...others.map((record) => {
      const line = `${relativeName(record.name, key)} ${record.ttl} ${typeName(record)} ${valueText(record)}`;
      const outside = inZone(record, key) ? [] : [made("p", "quiet", "Outside the key’s zone.")];
      return made("li", "", isolated(line, "value mono"), ...outside);
    }),
  );
  judge();
}

/** The records in the editor; null while there is a mistake in them. */
function parsed() {
  if (!pair) return null;
  try {
    return parse(area().value, pair.key);
  } catch (failure) {
    if (failure instanceof ZoneError) return null;
    throw failure;
  }
}

/** Everything that would be published. */
function all() {
  if (!pair || !base) return null;
  const { key } = pair;
  const edited = parsed();
  return edited && [...edited, ...base.records.filter((record) => !isWritten(record, key))];
}

function judge() {
  const place = element("zone-state");
  const button = /** @type {HTMLButtonElement} */ (element("put"));
  const records = all();
  let good = false;
  if (records) {
    const size = encode(records).length;
    good = size <= MOST_PUBLISHED_BYTES;
    const what = `${records.length === 0 ? "No records" : counted(records.length, "record")}, ${size} of ${MOST_PUBLISHED_BYTES} bytes.`;
    place.textContent = good ? what : `${what} Leave some out.`;
  } else if (pair) {
    try {
      parse(area().value, pair.key);
    } catch (failure) {
      place.textContent = messageOf(failure);
    }
  }
  place.dataset.state = good ? "good" : "bad";
  area().ariaInvalid = String(!good);
  button.disabled = !good || busy;
}

// --- publishing ------------------------------------------------------------------------------------------------------

let busy = false;

async function publish() {
  const written = all();
  if (!pair || !base || !written || busy) return;
  busy = true;
  judge();
  work.abort();
  work = new AbortController();
  const { signal } = work;
  element("watch").hidden = true;
  outcome(
    "none",
    "Signing, and handing it to the relay…",
    "It answers once nodes of the network have stored it.",
  );
  try {
    await attempt(pair, base, written, signal);
  } catch (failure) {
    if (!signal.aborted) await explain(failure, signal);
  } finally {
    busy = false;
    judge();
  }
}

/**
 * @param {KeyPair} signer
 * @param {{ packet: SignedPacket | null, records: Record[] }} read
 * @param {Record[]} written
 * @param {AbortSignal} signal
 */
async function attempt(signer, read, written, signal) {
  const now = await current(signer.key, signal);
  const moved = now.packet !== null && now.packet.seq !== read.packet?.seq;
  const records = moved ? merged(read.records, written, now.records) : written;
  const last = now.packet ?? read.packet;
  const packet = await sign(signer, nextSeq(last?.seq ?? null, Date.now()), encode(records));
  const { nodes } = await put(relay(), signer.key, packet.payload, { replaces: last?.seq ?? null, signal });
  remember(signer.key, packet);
  published = packet;
  base = { packet, records };
  // What was typed stays as it was typed.
  const own = records.filter((record) => isWritten(record, signer.key));
  if (moved) area().value = zoneText(own, signer.key);
  const merge = moved ? " Somebody had published for this key meanwhile; what they changed was kept." : "";
  outcome(
    "good",
    `Published: ${counted(records.length, "record")}.`,
    `Stored on ${nodes === null ? "at least one node" : counted(nodes, "node")} of the network, says the relay.${merge}`,
  );
  element("read-state").textContent =
    `${counted(records.length, "record")} from just now, signed with this key.`;
  /** @type {HTMLAnchorElement} */ (element("look-at-it")).href = `#${signer.key}`;
  element("watched").replaceChildren();
  element("watch").hidden = false;
  void watch();
}

/**
 * @param {unknown} failure
 * @param {AbortSignal} signal
 */
async function explain(failure, signal) {
  if (failure instanceof RelayError && failure.failure === "stale" && pair) {
    try {
      show(await current(pair.key, signal));
      outcome(
        "bad",
        "Not published: something newer is under this key.",
        "It was read and your changes were put on top of it. Look at the records above, then publish once more.",
      );
      return;
    } catch {
      // The words of the refusal itself say what to do.
    }
  }
  const todo = failure instanceof RelayError || failure instanceof LookupError ? failure.todo : "";
  outcome("bad", "Not published.", `${messageOf(failure)} ${todo}`.trim());
}

/**
 * @param {"none" | "good" | "bad"} state
 * @param {string} what
 * @param {string} more
 */
function outcome(state, what, more) {
  const place = element("put-state");
  place.dataset.state = state;
  place.replaceChildren(made("p", "", what), made("p", "", more));
}

/** Asks the network now and then whether it has what was published, until it does. */
async function watch() {
  if (!pair || !published) return;
  const { key } = pair;
  const expected = published;
  const { signal } = work;
  const list = element("watched");
  for (let time = 0; time < WATCH_TIMES && !signal.aborted && published === expected; time += 1) {
    const line = made("li", "", "Asking the network…");
    list.append(line);
    let has = false;
    try {
      const { packet, older, seen, nodes } = await lookUp(relay(), key, { anew: true, signal });
      has = !older && packet.seq === expected.seq;
      const when = seen === null ? "" : `, seen ${relativeTime(seen, Date.now())}`;
      const where = nodes === null ? "" : `, on ${counted(nodes, "node")}`;
      line.textContent = has
        ? `The network has it${when}${where}.`
        : packet.seq > expected.seq
          ? "Somebody with this key has published something newer meanwhile."
          : "The network answers with the packet before it.";
    } catch (failure) {
      if (signal.aborted) return;
      line.textContent = messageOf(failure);
    }
    if (has) return;
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  }
}

/** @param {unknown} failure */
function messageOf(failure) {
  return failure instanceof Error ? failure.message : String(failure);
}

/**
 * @param {string} id
 * @param {string} text
 */
function tell(id, text) {
  element(id).textContent = text;
}
