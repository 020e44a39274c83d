/**
 * DNS packets: from the bytes that were signed to records, and back (RFC 1035, section 4).
 *
 * The bytes are a stranger's. Every count and length is checked against what is there, and a name may point only to
 * where the packet has been read already, so nothing goes in circles.
 */

import { joined } from "./packet.js";

export const TYPES = /** @type {const} */ ({
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  SVCB: 64,
  HTTPS: 65,
  CAA: 257,
});
const TYPE_NAMES = new Map(Object.entries(TYPES).map(([name, code]) => [/** @type {number} */ (code), name]));

/** The class of the Internet. */
const IN = 1;
const HEADER_BYTES = 12;
/** The least a question takes, and a record: more of them can't be in a packet. */
const LEAST_BYTES = 5;
const MOST_NAME_BYTES = 255;
const MOST_LABEL_BYTES = 63;
/** Where pointers of two bytes with 14 bits reach. */
const POINTER_REACH = 0x4000;

/** The bytes are no DNS packet, in words for people. */
export class DnsError extends Error {}

/**
 * A name: its labels, each a string of characters that stand for one byte each.
 * @typedef {string[]} Name
 */

/**
 * @typedef {object} Record
 * @property {Name} name
 * @property {number} type
 * @property {number} class
 * @property {number} ttl seconds
 * @property {Uint8Array<ArrayBuffer>} data without compressed names: it stands for itself
 */

/** @param {Record} record */
export function typeName({ type }) {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`;
}

/**
 * The answers of a packet.
 * @param {Uint8Array} dns
 * @returns {Record[]}
 */
export function decode(dns) {
  const reader = new Reader(dns);
  if (dns.length < HEADER_BYTES) throw new DnsError(`${dns.length} bytes are no DNS packet.`);
  reader.at = 4;
  const [questions, answers, authorities, additional] = [
    reader.u16(),
    reader.u16(),
    reader.u16(),
    reader.u16(),
  ];
  const count = questions + answers + authorities + additional;
  if (count > dns.length / LEAST_BYTES) {
    throw new DnsError(`${count} records can’t be in ${dns.length} bytes.`);
  }
  for (let left = questions; left > 0; left -= 1) {
    reader.name();
    reader.bytes(4);
  }
  const records = Array.from({ length: answers }, () => reader.record());
  // Nobody is shown them, but they are part of what has to be a packet.
  for (let left = authorities + additional; left > 0; left -= 1) reader.record();
  return records;
}

/** Reads forward through bytes, and never past their end. */
export class Reader {
  /** @param {Uint8Array} all */
  constructor(all) {
    this.all = all;
    this.at = 0;
    this.end = all.length;
  }

  get left() {
    return this.end - this.at;
  }

  /** @param {number} count */
  bytes(count) {
    if (this.left < count) throw new DnsError("The DNS packet ends in the middle of a record.");
    this.at += count;
    return Uint8Array.from(this.all.subarray(this.at - count, this.at));
  }

  u8() {
    return this.bytes(1)[0] ?? 0;
  }

  u16() {
    return this.u8() * 0x100 + this.u8();
  }

  u32() {
    return this.u16() * 0x10000 + this.u16();
  }

  /** A string of DNS: one byte of length, and so many bytes. */
  string() {
    return this.bytes(this.u8());
  }

  /** @returns {Name} */
  name() {
    /** @type {Name} */
    const labels = [];
    let size = 1;
    /** Where reading goes on after the first pointer. */
    let after = 0;
    // The part of a name that a pointer leads to lies before all that was read of it.
    let before = this.at;
    const end = this.end;
    while (true) {
      const length = this.u8();
      if (length === 0) break;
      if (length < 0x40) {
        size += 1 + length;
        if (size > MOST_NAME_BYTES) throw new DnsError("A name in the DNS packet is too long.");
        labels.push(String.fromCharCode(...this.bytes(length)));
      } else if (length >= 0xc0) {
        const target = (length - 0xc0) * 0x100 + this.u8();
        if (target >= before || target < HEADER_BYTES) {
          throw new DnsError("A name in the DNS packet points to no earlier name.");
        }
        after ||= this.at;
        before = target;
        this.at = target;
        this.end = this.all.length;
      } else {
        throw new DnsError("A name in the DNS packet has a label of an unknown kind.");
      }
    }
    if (after) this.at = after;
    this.end = end;
    return labels;
  }

  /** @returns {Record} */
  record() {
    const name = this.name();
    const type = this.u16();
    const code = this.u16();
    const ttl = this.u32();
    const length = this.u16();
    if (this.left < length) throw new DnsError("The DNS packet ends in the middle of a record.");
    const whole = this.end;
    this.end = this.at + length;
    const data = expanded(this, type);
    if (this.left > 0)
      throw new DnsError(
        `A record of the type ${typeName({ name, type, class: code, ttl, data })} has surplus bytes.`,
      );
    this.end = whole;
    checkData(type, data);
    return { name, type, class: code, ttl, data };
  }
}

/**
 * The data of a record with the names in it written out.
 * @param {Reader} reader
 * @param {number} type
 */
function expanded(reader, type) {
  switch (type) {
    case TYPES.NS:
    case TYPES.CNAME:
    case TYPES.PTR:
    case TYPES.DNAME:
      return nameBytes(reader.name());
    case TYPES.MX:
      return joined(reader.bytes(2), nameBytes(reader.name()));
    case TYPES.SRV:
      return joined(reader.bytes(6), nameBytes(reader.name()));
    case TYPES.SOA:
      return joined(nameBytes(reader.name()), nameBytes(reader.name()), reader.bytes(20));
    case TYPES.SVCB:
    case TYPES.HTTPS:
      return joined(reader.bytes(2), nameBytes(reader.name()), reader.bytes(reader.left));
    default:
      return reader.bytes(reader.left);
  }
}

/**
 * Whether the data is what its type asks for.
 * @param {number} type
 * @param {Uint8Array<ArrayBuffer>} data
 */
function checkData(type, data) {
  const reader = new Reader(data);
  switch (type) {
    case TYPES.A:
      if (data.length !== 4) throw new DnsError("An A record does not have four bytes.");
      break;
    case TYPES.AAAA:
      if (data.length !== 16) throw new DnsError("An AAAA record does not have sixteen bytes.");
      break;
    case TYPES.TXT:
      while (reader.left > 0) reader.string();
      break;
    case TYPES.CAA:
      reader.u8();
      reader.string();
      break;
    case TYPES.SVCB:
    case TYPES.HTTPS:
      serviceOf(data);
      break;
  }
}

/**
 * The data of a service record (RFC 9460, section 2.2).
 * @param {Uint8Array<ArrayBuffer>} data
 */
export function serviceOf(data) {
  const reader = new Reader(data);
  const priority = reader.u16();
  const target = reader.name();
  /** @type {{ key: number, value: Uint8Array<ArrayBuffer> }[]} */
  const params = [];
  while (reader.left > 0) params.push({ key: reader.u16(), value: reader.bytes(reader.u16()) });
  return { priority, target, params };
}

/** @param {Name} name */
export function nameBytes(name) {
  return joined(
    ...name.map((label) => joined(Uint8Array.of(label.length), labelBytes(label))),
    Uint8Array.of(0),
  );
}

/** @param {string} label */
function labelBytes(label) {
  return Uint8Array.from(label, (character) => character.charCodeAt(0));
}

/**
 * Whether the labels can be a name.
 * @param {Name} name
 */
export function isName(name) {
  const size = name.reduce((sum, label) => sum + 1 + label.length, 1);
  return (
    size <= MOST_NAME_BYTES && name.every((label) => label.length >= 1 && label.length <= MOST_LABEL_BYTES)
  );
}

/**
 * Labels compare without regard to case.
 * @param {Name} name
 */
export function lowered(name) {
  return name.map((label) => label.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
}

/**
 * The records as an answer packet, names compressed.
 * @param {readonly Record[]} records
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encode(records) {
  const writer = new Writer();
  // An answer (QR is the first bit of the flags) without a question.
  for (const number of [0, 0x8000, 0, records.length, 0, 0]) writer.u16(number);
  for (const record of records) writer.record(record);
  return Uint8Array.from(writer.written);
}

class Writer {
  constructor() {
    /** @type {number[]} */
    this.written = [];
    /** @type {Map<string, number>} where a name was written before */
    this.places = new Map();
  }

  /** @param {number} number */
  u16(number) {
    this.written.push((number >> 8) & 0xff, number & 0xff);
  }

  /** @param {Name} name */
  name(name) {
    for (let at = 0; at < name.length; at += 1) {
      // As it is spelled: nobody's capital letters are changed. A dot in a label is not one between labels.
      const rest = JSON.stringify(name.slice(at));
      const place = this.places.get(rest);
      if (place !== undefined) return this.u16(0xc000 | place);
      if (this.written.length < POINTER_REACH) this.places.set(rest, this.written.length);
      const label = name[at] ?? "";
      this.written.push(label.length, ...labelBytes(label));
    }
    this.written.push(0);
  }

  /** @param {Record} record */
  record({ name, type, class: code, ttl, data }) {
    this.name(name);
    this.u16(type);
    this.u16(code);
    this.u16(Math.floor(ttl / 0x10000));
    this.u16(ttl % 0x10000);
    const length = this.written.length;
    this.u16(0);
    this.data(type, data);
    const size = this.written.length - length - 2;
    this.written[length] = size >> 8;
    this.written[length + 1] = size & 0xff;
  }

  /**
   * Names in the types of RFC 1035 may be compressed, and in no others (RFC 3597, section 4).
   * @param {number} type
   * @param {Uint8Array<ArrayBuffer>} data
   */
  data(type, data) {
    const reader = new Reader(data);
    switch (type) {
      case TYPES.MX:
        this.u16(reader.u16());
        this.name(reader.name());
        break;
      case TYPES.NS:
      case TYPES.CNAME:
      case TYPES.PTR:
        this.name(reader.name());
        break;
      case TYPES.SOA:
        this.name(reader.name());
        this.name(reader.name());
        break;
    }
    this.written.push(...reader.bytes(reader.left));
  }
}

/**
 * Whether a record's name belongs to the key. Others are shown and answer nothing.
 * @param {Record} record
 * @param {string} key
 */
export function inZone({ name }, key) {
  return lowered(name).at(-1) === key;
}

/**
 * A record of the Internet.
 * @param {Name} name
 * @param {number} ttl
 * @param {number} type
 * @param {Uint8Array<ArrayBuffer>} data
 * @returns {Record}
 */
export function record(name, ttl, type, data) {
  return { name, type, class: IN, ttl, data };
}

/** Times to live that are believed: five minutes to a day. */
const LEAST_TTL = 300;
const MOST_TTL = 86_400;

/**
 * How long a packet is fresh, in seconds: the least TTL of its records within bounds.
 * @param {readonly Record[]} records
 */
export function packetTtl(records) {
  const least = records.length > 0 ? Math.min(...records.map(({ ttl }) => ttl)) : LEAST_TTL;
  return Math.min(Math.max(least, LEAST_TTL), MOST_TTL);
}
