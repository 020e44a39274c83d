import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DnsError,
  decode,
  encode,
  packetTtl,
  record,
  TYPES,
  typeName,
} from "../../native-host/src/server/app/dns.js";
import { hexBytes, joined } from "../../native-host/src/server/app/packet.js";
import { hostText, valueText } from "../../native-host/src/server/app/zone-show.js";
import { vectors } from "./vectors.ts";

const HEADER = [0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0];

function packet(...parts: (number[] | Uint8Array)[]): Uint8Array {
  return joined(...parts.map((part) => Uint8Array.from(part)));
}

/** A record's type, class IN, TTL 300, and its data. */
function rest(type: number, data: number[]): number[] {
  return [type >> 8, type & 255, 0, 1, 0, 0, 1, 44, data.length >> 8, data.length & 255, ...data];
}

test("packets of others are read: names, types, times, in order", () => {
  for (const { what, dns, records } of vectors) {
    const read = decode(hexBytes(dns));
    const seen = read.map((one) => ({ name: hostText(one.name), ttl: one.ttl, type: typeName(one) }));
    const expected = records.map(({ name, ttl, rdata }) => ({ name, ttl, type: rdata.split("(")[0] }));
    assert.deepEqual(seen, expected, what);
  }
});

test("their data is read too", () => {
  const values = vectors
    .filter(({ public_key }) => public_key.startsWith("bizf"))
    .map(({ dns }) => decode(hexBytes(dns)).map(valueText));
  assert.equal(values[0]?.[0], "203.0.113.7");
  assert.equal(values[0]?.[1], "2001:db8::7");
  assert.equal(values[0]?.[2], '1 . alpn="h2,h3" port=8443');
  assert.equal(values[1]?.[4], "example.com.");
  assert.equal(values[1]?.[5], "10 example.org. port=4433");
});

test("what is written is read back, and takes no more room than what others write", () => {
  for (const { what, dns } of vectors) {
    const read = decode(hexBytes(dns));
    const written = encode(read);
    assert.deepEqual(decode(written), read, what);
    assert(written.length <= dns.length / 2, what);
  }
});

test("compressed names in data are written out, and compressed again", () => {
  const name = [3, 119, 119, 119, 1, 107, 0];
  for (const [type, data] of [
    [TYPES.CNAME, [0xc0, 16]],
    [TYPES.NS, [2, 110, 115, 0xc0, 16]],
    [TYPES.MX, [0, 10, 0xc0, 12]],
    [TYPES.SOA, [0xc0, 12, 0xc0, 16, ...Array(20).fill(1)]],
    [TYPES.SRV, [0, 1, 0, 2, 0, 3, 0xc0, 16]],
  ] as const) {
    const all = packet(HEADER, name, rest(type, [...data]));
    const read = decode(all);
    assert(!read[0]?.data.includes(0xc0), typeName(read[0] as never));
    const written = encode(read);
    assert.deepEqual(decode(written), read);
    // Names in the types of later RFCs stay whole.
    if (type !== TYPES.SRV) assert.equal(written.length, all.length);
  }
});

test("a hostile packet is refused, and quickly", () => {
  const a = rest(1, [1, 2, 3, 4]);
  const cases: Record<string, Uint8Array> = {
    "nothing at all": new Uint8Array(),
    "half a header": packet(HEADER.slice(0, 7)),
    "65535 answers": packet([0, 0, 0x80, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0], [0], a),
    "65535 of each": packet([0, 0, 0x80, 0, ...Array(8).fill(0xff)]),
    "an answer that is not there": packet(HEADER),
    "a pointer to itself": packet(HEADER, [0xc0, 12], a),
    "a pointer forward": packet(HEADER, [0xc0, 14], [1, 97, 0], a),
    "pointers in a circle": packet(HEADER, [1, 97, 0xc0, 12], a),
    "a pointer into the header": packet(HEADER, [0xc0, 4], a),
    "a pointer past the end": packet(HEADER, [0xff, 0xff], a),
    "half a pointer": packet(HEADER, [0xc0]),
    "a label of 64": packet(HEADER, [0x40, ...Array(64).fill(97), 0], a),
    "an extended label": packet(HEADER, [0x80, 0], a),
    "a label longer than the packet": packet(HEADER, [40, 97]),
    "a name of 300 bytes": packet(HEADER, Array(150).fill([1, 97]).flat(), [0], a),
    "data that is cut short": packet(HEADER, [0], a.slice(0, -1)),
    "an address of three bytes": packet(HEADER, [0], rest(1, [1, 2, 3])),
    "an address of five bytes": packet(HEADER, [0], rest(1, [1, 2, 3, 4, 5])),
    "half an IPv6 address": packet(HEADER, [0], rest(28, Array(8).fill(1))),
    "a text longer than its record": packet(HEADER, [0], rest(16, [9, 97])),
    "a CNAME with something after it": packet(HEADER, [0], rest(5, [0, 0])),
    "a CNAME that ends outside": packet(HEADER, [0], rest(5, [3, 97]), [97, 97, 0]),
    "a parameter longer than its record": packet(HEADER, [0], rest(65, [0, 1, 0, 0, 3, 0, 9, 1])),
    "a question that is cut short": packet([0, 0, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0], [1, 97, 0, 0, 1]),
    "an additional record that is none": packet([0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 1]),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    assert.throws(() => decode(bytes), DnsError, what);
  }
});

test("a long chain of pointers backwards ends, and its name is bounded", () => {
  // Each points to the one before it, up to the first, which is the root.
  const chain = Array.from({ length: 200 }, (_, at) => {
    const target = at === 0 ? 12 : 13 + (at - 1) * 2;
    return [0xc0 | (target >> 8), target & 255];
  }).flat();
  const last = 13 + 199 * 2;
  const hidden = [0, 16, 0, 1, 0, 0, 0, 0, (chain.length + 1) >> 8, (chain.length + 1) & 255];
  const bytes = packet(
    [0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0],
    [0],
    rest(99, chain),
    [0xc0 | (last >> 8), last & 255],
    hidden,
  );
  assert.doesNotThrow(() => decode(bytes));
});

test("random bytes are a packet or an error, never anything else", () => {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  };
  const samples = vectors.map(({ dns }) => hexBytes(dns));
  for (let round = 0; round < 3_000; round += 1) {
    const bytes = Uint8Array.from(samples[round % samples.length] ?? []);
    for (let changes = 1 + (random() % 4); changes > 0; changes -= 1) {
      bytes[(random() * 256 + random()) % bytes.length] = random();
    }
    try {
      for (const one of decode(bytes)) {
        assert(valueText(one).length < 5_000);
        // What was read can be written again.
        assert.deepEqual(decode(encode([one])), [one]);
      }
    } catch (failure) {
      assert(failure instanceof DnsError, String(failure));
    }
  }
});

test("a packet is fresh for the least time of its records, within bounds", () => {
  const ttl = (...times: number[]) =>
    packetTtl(times.map((time) => record(["k"], time, 1, new Uint8Array(4))));
  assert.equal(ttl(), 300);
  assert.equal(ttl(3_600, 7_200), 3_600);
  assert.equal(ttl(30, 7_200), 300);
  assert.equal(ttl(0xffff_ffff), 86_400);
});
