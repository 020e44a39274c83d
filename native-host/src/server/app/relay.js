/**
 * A relay over HTTP: what asks the DHT for this page, which can't.
 *
 * Nobody has to trust one. What it hands out is checked against the key that was asked for; all else it says (when the
 * packet was last seen, on how many nodes it is) is hearsay and named as such. Bodies are read up to a bound, and every
 * request has an end.
 */

import { MOST_PAYLOAD_BYTES } from "./packet.js";
import { parsedUrl, plainText } from "./text.js";

/** The DHT may take its time, above all to say that there is nothing. */
const PATIENCE_MS = 40_000;
/** Of a reason for a refusal. */
const MOST_REASON_BYTES = 600;

/**
 * Why a relay did not do what it was asked: `missing` has nothing under the key, `stale` knows something newer, `busy`
 * asks for a pause, `unreachable` gave no answer that this page may read, `refused` is the rest.
 * @typedef {"missing" | "stale" | "busy" | "unreachable" | "refused"} Failure
 */

export class RelayError extends Error {
  /**
   * @param {Failure} failure
   * @param {string} what one sentence
   * @param {string} todo another
   */
  constructor(failure, what, todo) {
    super(what);
    this.failure = failure;
    this.todo = todo;
  }
}

/**
 * The address of a relay that a person typed, without a slash at its end.
 * @param {string} text
 * @param {string} own the relay that served this page
 */
export function relayAddress(text, own) {
  const trimmed = text.trim();
  if (trimmed === "") return own;
  const url = parsedUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw new RelayError(
      "refused",
      "This is not the address of a relay.",
      "It looks like https://relay.example.",
    );
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new RelayError(
      "refused",
      "The address of a relay has no name, password, query or fragment in it.",
      "It looks like https://relay.example.",
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/**
 * What a relay says beside the packet.
 * @typedef {object} Answer
 * @property {Uint8Array} payload
 * @property {number | null} seen when it says that the DHT last had it, in milliseconds since 1970
 * @property {number | null} nodes on how many nodes it says that it is
 */

/**
 * Asks for the newest packet of a key.
 * @param {string} relay
 * @param {string} key
 * @param {{ anew?: boolean, signal?: AbortSignal }} [how] `anew`: by the DHT, and not from the relay's memory
 * @returns {Promise<Answer>}
 */
export async function get(relay, key, { anew = false, signal } = {}) {
  const address = `${relay}/${key}${anew ? "?policy=NetworkOnly" : ""}`;
  const response = await asked(address, { cache: anew ? "no-store" : "no-cache" }, signal);
  if (response.status !== 200) throw await refusal(response);
  const payload = await bounded(response, MOST_PAYLOAD_BYTES);
  if (!payload) {
    throw new RelayError(
      "refused",
      "The answer is longer than any signed packet.",
      "What is at this address is no relay; try another one.",
    );
  }
  return { payload, seen: date(response), nodes: storedNodes(response) };
}

/**
 * Hands over a packet.
 * @param {string} relay
 * @param {string} key
 * @param {Uint8Array<ArrayBuffer>} payload
 * @param {{ replaces?: bigint | null, signal?: AbortSignal }} [how] `replaces`: the number of the packet that it follows
 * @returns {Promise<{ nodes: number | null }>} on how many nodes it says that it is: one at least
 */
export async function put(relay, key, payload, { replaces = null, signal } = {}) {
  /** @param {HeadersInit} headers */
  const send = (headers) => asked(`${relay}/${key}`, { method: "PUT", body: payload, headers }, signal);
  let response;
  if (replaces === null) {
    response = await send({});
  } else {
    try {
      response = await send({ "If-Match": String(replaces) });
    } catch (failure) {
      // Some relays let pages of others send no such header; what is older they refuse all the same.
      if (!(failure instanceof RelayError) || signal?.aborted) throw failure;
      response = await send({});
    }
  }
  if (!response.ok) throw await refusal(response);
  return { nodes: storedNodes(response) };
}

/**
 * @param {string} address
 * @param {RequestInit} options
 * @param {AbortSignal | undefined} signal
 */
async function asked(address, options, signal) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await fetch(address, {
      ...options,
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
  } catch (failure) {
    if (signal?.aborted) throw failure;
    throw unreachable(patience.aborted);
  }
}

/** @param {boolean} late */
function unreachable(late) {
  return new RelayError(
    "unreachable",
    late ? "The relay did not answer in time." : "The relay can’t be reached.",
    late
      ? "Try again, or ask another relay."
      : "Check its address and the connection. A page that came by https:// can’t ask a relay at http://, and a relay must allow other pages to ask it.",
  );
}

/**
 * The body, or null when it is longer.
 * @param {Response} response
 * @param {number} most bytes
 */
async function bounded(response, most) {
  const reader = response.body?.getReader();
  const bytes = new Uint8Array(most);
  let size = 0;
  try {
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      if (size + value.length > most) {
        void reader.cancel();
        return null;
      }
      bytes.set(value, size);
      size += value.length;
    }
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === "AbortError") throw failure;
    throw unreachable(true);
  }
  return bytes.slice(0, size);
}

/** @param {Response} response */
async function refusal(response) {
  const { status } = response;
  const body = await bounded(response, MOST_REASON_BYTES);
  const reason =
    body && /^text\/plain\b|^$/.test(response.headers.get("Content-Type") ?? "")
      ? plainText(new TextDecoder().decode(body).trim())
      : "";
  const said = reason ? `It says: ${reason}` : "";
  switch (status) {
    case 404:
      if (response.headers.has("Pkarr-Invalid-Signed-Packet-Seq")) {
        return new RelayError(
          "missing",
          "The newest that this key has signed holds no records, says the relay.",
          "Only the key’s owner can mend this, by publishing records again.",
        );
      }
      return new RelayError(
        "missing",
        "The relay knows of nothing under this key.",
        "Check the key. Records fade from the network some hours after their last publication, so its owner may have to publish again.",
      );
    case 409:
    case 412:
    case 428:
      return new RelayError(
        "stale",
        "Something newer is under this key already, or is being published at this moment.",
        "Read it again, then publish.",
      );
    case 413:
      return new RelayError(
        "refused",
        "The packet is larger than the relay takes.",
        "Leave some records out.",
      );
    case 429:
    case 503: {
      const pause = Number(response.headers.get("Retry-After"));
      const wait =
        Number.isInteger(pause) && pause > 0 ? `Try again in ${pause} seconds` : "Try again in a while";
      return new RelayError(
        "busy",
        status === 429
          ? "The relay has been asked too often."
          : "The relay is too busy, or its network is away.",
        `${wait}, or ask another relay. ${said}`.trim(),
      );
    }
    default:
      return new RelayError(
        "refused",
        `The relay answered with the status ${status}.`,
        said || "What is at this address may be no relay; try another one.",
      );
  }
}

/** @param {Response} response */
function date(response) {
  const at = Date.parse(response.headers.get("Memento-Datetime") ?? "");
  return Number.isNaN(at) ? null : at;
}

/** @param {Response} response */
function storedNodes(response) {
  const text = response.headers.get("Pkarr-Dht-Stored-Nodes") ?? "";
  return /^\d{1,5}$/.test(text) ? Number(text) : null;
}
