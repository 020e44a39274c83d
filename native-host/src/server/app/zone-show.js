/** The words a record is shown with: one line of printable ASCII, as it stands in zone text. */

import { lowered, Reader, serviceOf, TYPES, typeName } from "./dns.js";
import { hex, joined } from "./packet.js";

/** @import { Name, Record } from "./dns.js" */

/** Parameters of services by their numbers (RFC 9460, section 14.3.2). */
export const PARAMS = ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", undefined, "ipv6hint"];

/** Types that zone text is read with; others are kept as they are. */
const WRITTEN = new Set(
  Object.entries(TYPES)
    .filter(([name]) => !["SOA", "DNAME"].includes(name))
    .map(([, code]) => /** @type {number} */ (code)),
);

/**
 * Whether zone text can stand for the record: it is the Internet's, in the key's zone, of a type that is read.
 * @param {Record} record
 * @param {string} key
 */
export function isWritten(record, key) {
  return record.class === 1 && lowered(record.name).at(-1) === key && WRITTEN.has(record.type);
}

/**
 * The records as zone text, a line each.
 * @param {readonly Record[]} records
 * @param {string} key
 */
export function zoneText(records, key) {
  return records
    .map((record) => {
      const line = `${relativeName(record.name, key)} ${record.ttl} ${typeName(record)} ${valueText(record)}`;
      return `${isWritten(record, key) ? "" : "; "}${line}\n`;
    })
    .join("");
}

/**
 * The name as people write it below its key; one outside stays whole.
 * @param {Name} name
 * @param {string} key
 */
export function relativeName(name, key) {
  if (lowered(name).at(-1) !== key) return hostText(name);
  return name.length === 1 ? "@" : hostText(name.slice(0, -1));
}

/**
 * A name with its final dot: ASCII, escaped where needed.
 * @param {Name} name
 */
function absolute(name) {
  return `${name.map(labelText).join(".")}.`;
}

/**
 * A name without its final dot; empty for the root.
 * @param {Name} name
 */
export function hostText(name) {
  return name.map(labelText).join(".");
}

/** @param {string} label */
function labelText(label) {
  return label.replace(/[.\\";()@$]|[^!-~]/g, (character) =>
    /[!-~]/.test(character) ? `\\${character}` : byteText(character.charCodeAt(0)),
  );
}

/** @param {number} byte */
function byteText(byte) {
  return `\\${String(byte).padStart(3, "0")}`;
}

/** @param {Uint8Array} bytes */
function quoted(bytes) {
  const text = Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    if (character === '"' || character === "\\") return `\\${character}`;
    return byte >= 0x20 && byte <= 0x7e ? character : byteText(byte);
  });
  return `"${text.join("")}"`;
}

/**
 * The data of a record as it stands in zone text: one line of printable ASCII.
 * @param {Record} record
 * @returns {string}
 */
export function valueText({ type, data }) {
  const reader = new Reader(data);
  switch (type) {
    case TYPES.A:
      return data.join(".");
    case TYPES.AAAA:
      return ipv6Text(data);
    case TYPES.NS:
    case TYPES.CNAME:
    case TYPES.PTR:
    case TYPES.DNAME:
      return absolute(reader.name());
    case TYPES.MX:
      return `${reader.u16()} ${absolute(reader.name())}`;
    case TYPES.SRV:
      return `${reader.u16()} ${reader.u16()} ${reader.u16()} ${absolute(reader.name())}`;
    case TYPES.SOA: {
      const names = `${absolute(reader.name())} ${absolute(reader.name())}`;
      return [names, ...Array.from({ length: 5 }, () => reader.u32())].join(" ");
    }
    case TYPES.TXT:
      return strings(data).map(quoted).join(" ") || '""';
    case TYPES.CAA:
      return `${reader.u8()} ${quoted(reader.string()).slice(1, -1)} ${quoted(reader.bytes(reader.left))}`;
    case TYPES.SVCB:
    case TYPES.HTTPS: {
      const { priority, target, params } = serviceOf(data);
      return [priority, absolute(target), ...params.map(paramText)].join(" ");
    }
    default:
      return data.length > 0 ? `\\# ${data.length} ${hex(data)}` : "\\# 0";
  }
}

/**
 * The strings of a TXT record.
 * @param {Uint8Array} data
 */
export function strings(data) {
  const reader = new Reader(data);
  const all = [];
  while (reader.left > 0) all.push(reader.string());
  return all;
}

/** @param {Uint8Array} bytes */
export function ipv6Text(bytes) {
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/**
 * @param {Uint8Array} value
 * @param {number} size
 */
export function chunks(value, size) {
  return Array.from({ length: Math.floor(value.length / size) }, (_, at) =>
    value.slice(at * size, at * size + size),
  );
}

/** @param {{ key: number, value: Uint8Array<ArrayBuffer> }} param */
function paramText({ key, value }) {
  const number = (/** @type {Uint8Array} */ two) => ((two[0] ?? 0) << 8) | (two[1] ?? 0);
  switch (PARAMS[key]) {
    case "mandatory":
      return `mandatory=${chunks(value, 2)
        .map((two) => PARAMS[number(two)] ?? `key${number(two)}`)
        .join(",")}`;
    case "alpn":
      return `alpn=${quoted(joined(...protocols(value).flatMap((one, at) => (at > 0 ? [COMMA, one] : [one]))))}`;
    case "no-default-alpn":
      return "no-default-alpn";
    case "port":
      return `port=${number(value)}`;
    case "ipv4hint":
      return `ipv4hint=${chunks(value, 4)
        .map((four) => four.join("."))
        .join(",")}`;
    case "ipv6hint":
      return `ipv6hint=${chunks(value, 16).map(ipv6Text).join(",")}`;
    default:
      return `key${key}=${quoted(value)}`;
  }
}

const COMMA = Uint8Array.of(0x2c);

/**
 * The protocols in an `alpn` parameter; what is cut short is left out.
 * @param {Uint8Array<ArrayBuffer>} value
 */
export function protocols(value) {
  try {
    return strings(value);
  } catch {
    return [];
  }
}
