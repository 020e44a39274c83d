/**
 * Zone text: records as people write them (RFC 1035, section 5).
 *
 * Names are relative to the key: `@` is the key itself, `www` is below it. It is the text that `pkarr publish` reads,
 * and every mistake is told with its line and column.
 */

import { isName, lowered, nameBytes, record, TYPES } from "./dns.js";
import { KEY_CHARS, keyBytes } from "./key.js";
import { joined } from "./packet.js";
import { parsedUrl } from "./text.js";
import { bytesOf, entries, mistake, unlike, Words } from "./zone-scan.js";
import { PARAMS } from "./zone-show.js";

/** @import { Name, Record } from "./dns.js" */
/** @import { Word } from "./zone-scan.js" */

/** Of records that name none and follow no `$TTL`. */
const DEFAULT_TTL = 300;
const MOST_TTL = 0xffff_ffff;

/**
 * Reads zone text.
 * @param {string} text
 * @param {string} key what the names are below
 * @returns {Record[]}
 */
export function parse(text, key) {
  const state = { key, origin: [key], ttl: DEFAULT_TTL };
  /** @type {Name | null} */
  let owner = null;
  const records = [];
  for (const { indented, words: all } of entries(text)) {
    const words = new Words(all);
    const first = words.next("a name");
    if (!indented && !first.quoted && first.text.startsWith("$")) {
      directive(first, words, state);
      words.finish();
      continue;
    }
    if (indented) words.rest.unshift(first);
    else owner = ownerName(first, state);
    if (!owner) {
      throw mistake(
        first,
        "a record that begins with a space repeats the name before it, and there is none.",
      );
    }
    let { ttl } = state;
    // Time to live and class are optional, in either order.
    for (let left = 2; left > 0; left -= 1) {
      const word = words.peek();
      if (!word) break;
      const seconds = duration(word.text);
      if (seconds !== null) ttl = seconds;
      else if (/^(?:CH|HS|CS)$/i.test(word.text)) {
        throw mistake(word, `the class ${word.text} does not exist here; leave it out or write IN.`);
      } else if (!/^IN$/i.test(word.text)) break;
      words.next("a type");
    }
    const type = words.next("the type of the record");
    const code = typeCode(type);
    const data = dataOf(code, type, words, state);
    words.finish();
    records.push(record(owner, ttl, code, data));
  }
  return records;
}

/** @typedef {{ key: string, origin: Name, ttl: number }} State */

/**
 * @param {Word} name
 * @param {Words} words
 * @param {State} state
 */
function directive(name, words, state) {
  switch (name.text.toUpperCase()) {
    case "$TTL": {
      const word = words.next("a time in seconds");
      const seconds = duration(word.text);
      if (seconds === null) throw unlike(word, "a time such as 300, 5m or 1d");
      state.ttl = seconds;
      break;
    }
    case "$ORIGIN":
      state.origin = ownerName(words.next("a name"), state);
      break;
    default:
      throw mistake(name, `${name.text} is not supported; $TTL and $ORIGIN are.`);
  }
}

/**
 * The name of a record, which is always below the key.
 * @param {Word} word
 * @param {State} state
 * @returns {Name}
 */
function ownerName(word, { key, origin }) {
  if (word.text === "@") return origin;
  if (word.text === "" || word.text === ".") return [key];
  const { labels, absolute } = labelsOf(word);
  const below = lowered(labels).at(-1) === key ? labels : [...labels, ...(absolute ? [key] : origin)];
  if (!isName(below)) throw unlike(word, "a domain name");
  return below;
}

/**
 * A name in the data of a record: relative unless it ends in a dot or in a key.
 * @param {Word} word
 * @param {State} state
 * @returns {Name}
 */
function targetName(word, { origin }) {
  if (word.text === "@") return origin;
  if (word.text === ".") return [];
  const { labels, absolute } = labelsOf(word);
  const target = absolute || isKeyLabel(lowered(labels).at(-1) ?? "") ? labels : [...labels, ...origin];
  if (!isName(target)) throw unlike(word, "a domain name");
  return target;
}

/** @param {string} label */
export function isKeyLabel(label) {
  if (label.length !== KEY_CHARS) return false;
  try {
    keyBytes(label);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {Word} word
 * @returns {{ labels: Name, absolute: boolean }}
 */
function labelsOf(word) {
  // A dot that is escaped is part of its label.
  const parts = word.text.match(/(?:\\.|[^\\.])+|\./gsu) ?? [];
  const labels = [];
  let dots = 1;
  for (const part of parts) {
    if (part === ".") {
      dots += 1;
      if (dots > 1) throw unlike(word, "a domain name");
      continue;
    }
    dots = 0;
    labels.push(String.fromCharCode(...bytesOf({ ...word, text: part })));
  }
  return { labels, absolute: dots === 1 };
}

/** @param {Word} word */
function typeCode(word) {
  const code = /** @type {Partial<{ [name: string]: number }>} */ (TYPES)[word.text.toUpperCase()];
  if (code === undefined || code === TYPES.SOA || code === TYPES.DNAME) {
    throw mistake(word, `“${word.text}” is not a record type known here.`);
  }
  return code;
}

/**
 * @param {number} code
 * @param {Word} type
 * @param {Words} words
 * @param {State} state
 * @returns {Uint8Array<ArrayBuffer>}
 */
function dataOf(code, type, words, state) {
  const name = () => nameBytes(targetName(words.next("a name"), state));
  /** @param {string} what */
  const number = (what) => twoBytes(wordNumber(words.next(what), 0xffff));
  switch (code) {
    case TYPES.A:
      return ipv4(words.next("an address"));
    case TYPES.AAAA:
      return ipv6(words.next("an address"));
    case TYPES.NS:
    case TYPES.CNAME:
    case TYPES.PTR:
      return name();
    case TYPES.MX:
      return joined(number("a preference"), name());
    case TYPES.SRV:
      return joined(number("a priority"), number("a weight"), number("a port"), name());
    case TYPES.TXT: {
      const strings = [string(words.next("a text"))];
      while (words.peek()) strings.push(string(words.next("a text")));
      return joined(...strings);
    }
    case TYPES.CAA: {
      const flag = Uint8Array.of(wordNumber(words.next("a flag"), 255));
      return joined(flag, string(words.next("a tag")), bytesOf(words.next("a value")));
    }
    case TYPES.SVCB:
    case TYPES.HTTPS:
      return service(words, state);
    default:
      throw mistake(type, `“${type.text}” is not a record type known here.`);
  }
}

/** @param {number} number */
function twoBytes(number) {
  return Uint8Array.of(number >> 8, number & 0xff);
}

/**
 * @param {Word} word
 * @param {number} most
 */
function wordNumber(word, most) {
  const number = /^\d{1,10}$/.test(word.text) ? Number(word.text) : most + 1;
  if (number > most) throw unlike(word, `a number up to ${most}`);
  return number;
}

/** @param {Word} word */
function string(word) {
  const bytes = bytesOf(word);
  if (bytes.length > 255) throw mistake(word, "a text has at most 255 bytes; write several, each in quotes.");
  return joined(Uint8Array.of(bytes.length), bytes);
}

/** @param {Word} word */
function ipv4(word) {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(word.text)?.slice(1) ?? [];
  const bad = parts.length !== 4 || parts.some((part) => Number(part) > 255 || /^0\d/.test(part));
  if (bad) throw unlike(word, "an IPv4 address");
  return Uint8Array.from(parts, Number);
}

/** @param {Word} word */
function ipv6(word) {
  const url = /^[0-9a-f:.]+$/i.test(word.text) ? parsedUrl(`http://[${word.text}]/`) : null;
  if (!url) throw unlike(word, "an IPv6 address");
  const [head = "", tail] = url.hostname.slice(1, -1).split("::");
  const first = head.split(":").filter(Boolean);
  const last = (tail ?? "").split(":").filter(Boolean);
  const groups = [...first, ...Array(8 - first.length - last.length).fill("0"), ...last];
  return joined(...groups.map((group) => twoBytes(Number.parseInt(group, 16))));
}

/**
 * @param {Words} words
 * @param {State} state
 */
function service(words, state) {
  const priority = twoBytes(wordNumber(words.next("a priority"), 0xffff));
  const target = nameBytes(targetName(words.next("a target"), state));
  /** @type {Map<number, Uint8Array<ArrayBuffer>>} */
  const params = new Map();
  while (words.peek()) {
    const word = words.next("a parameter");
    const at = word.text.indexOf("=");
    const name = (at < 0 ? word.text : word.text.slice(0, at)).toLowerCase();
    const key = paramKey(name);
    if (key === null) throw unlike(word, "a parameter such as port=8443 or key667=value");
    if (params.has(key)) throw mistake(word, `${name} is there twice.`);
    params.set(key, paramValue(key, { ...word, text: at < 0 ? "" : word.text.slice(at + 1) }));
  }
  // In the order of their numbers (RFC 9460, section 2.2).
  const sorted = [...params].sort(([a], [b]) => a - b);
  return joined(
    priority,
    target,
    ...sorted.map(([key, value]) => joined(twoBytes(key), twoBytes(value.length), value)),
  );
}

/** @param {string} name */
function paramKey(name) {
  const known = name === "" ? -1 : PARAMS.indexOf(name);
  if (known >= 0) return known;
  const number = /^key(\d{1,5})$/.exec(name)?.[1];
  return number !== undefined && Number(number) <= 0xffff ? Number(number) : null;
}

/**
 * @param {number} key
 * @param {Word} word
 */
function paramValue(key, word) {
  const parts = word.text
    .split(",")
    .filter(Boolean)
    .map((text) => ({ ...word, text }));
  switch (PARAMS[key]) {
    case "mandatory":
      return joined(
        ...parts
          .map((part) => {
            const named = paramKey(part.text.toLowerCase());
            if (named === null) throw unlike(part, "a parameter");
            return named;
          })
          .sort((a, b) => a - b)
          .map(twoBytes),
      );
    case "alpn":
      return joined(...parts.map(string));
    case "no-default-alpn":
      if (word.text !== "") throw unlike(word, "empty");
      return new Uint8Array();
    case "port":
      return twoBytes(wordNumber(word, 0xffff));
    case "ipv4hint":
      return joined(...parts.map(ipv4));
    case "ipv6hint":
      return joined(...parts.map(ipv6));
    default:
      return bytesOf(word);
  }
}

/** The units of times, in seconds. */
const UNITS = new Map(Object.entries({ m: 60, h: 3_600, d: 86_400, w: 604_800 }));

/**
 * A time in seconds: `300`, `5m`, `1h30m`, `1d`, `2w`.
 * @param {string} text
 */
function duration(text) {
  if (!/^(?:\d+[smhdw])*\d*$/i.test(text) || text === "") return null;
  let total = 0;
  for (const [, number, unit] of text.toLowerCase().matchAll(/(\d+)([smhdw]?)/g)) {
    total += Number(number) * (UNITS.get(unit ?? "") ?? 1);
  }
  return total <= MOST_TTL ? total : null;
}
