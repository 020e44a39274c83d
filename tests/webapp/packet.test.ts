import assert from "node:assert/strict";
import { test } from "node:test";
import { keyText } from "../../native-host/src/server/app/key.js";
import {
  hex,
  hexBytes,
  isNewer,
  keyPair,
  newKeyPair,
  nextSeq,
  PacketError,
  readPacket,
  readSeed,
  sign,
  verdict,
} from "../../native-host/src/server/app/packet.js";
import { vectors } from "./vectors.ts";

const [first] = vectors;
assert(first);
const packet = readPacket(hexBytes(first.relay_payload));

test("signing gives the bytes that others sign", async () => {
  for (const one of vectors.filter(({ dns }) => dns.length <= 996 * 2)) {
    const pair = await keyPair(hexBytes(one.secret_key));
    assert.equal(pair.key, one.public_key);
    const signed = await sign(pair, BigInt(one.seq), hexBytes(one.dns));
    assert.equal(hex(signed.payload), one.relay_payload, one.what);
  }
});

test("what others signed is good", async () => {
  for (const one of vectors) {
    const read = readPacket(hexBytes(one.relay_payload));
    assert.equal(read.seq, BigInt(one.seq));
    assert.equal(hex(read.dns), one.dns);
    assert.equal(await verdict(one.public_key, read), "good", one.what);
  }
});

test("a packet with any byte changed is bad, and so is that of another key", async () => {
  for (const at of [0, 31, 32, 63, 64, 71, 72, packet.payload.length - 1]) {
    const changed = Uint8Array.from(packet.payload);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(await verdict(first.public_key, readPacket(changed)), "bad", `byte ${at}`);
  }
  assert.equal(await verdict(first.public_key, readPacket(packet.payload.slice(0, -1))), "bad");
  const other = vectors.find(({ public_key }) => public_key !== first.public_key);
  assert.equal(await verdict(other?.public_key ?? "", packet), "bad");
});

test("a second spelling of a good signature is bad", async () => {
  // s + the group's order signs the same, for those who don't look closely.
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  let scalar = 0n;
  for (const byte of packet.signature.slice(32).reverse()) scalar = (scalar << 8n) | BigInt(byte);
  const changed = Uint8Array.from(packet.payload);
  let more = scalar + order;
  for (let at = 32; at < 64; at += 1, more >>= 8n) changed[at] = Number(more & 255n);
  assert.equal(await verdict(first.public_key, readPacket(changed)), "bad");
});

test("a signature of small order is bad", async () => {
  const changed = Uint8Array.from(packet.payload);
  changed.fill(0, 0, 64);
  changed[0] = 1;
  assert.equal(await verdict(first.public_key, readPacket(changed)), "bad");
});

test("bytes that can't be a packet are refused", () => {
  const negative = Uint8Array.from(packet.payload);
  negative[64] = 0x80;
  for (const [bytes, reason] of [
    [new Uint8Array(71), /too few/],
    [new Uint8Array(1_073), /at most 1072/],
    [negative, /negative/],
  ] as const) {
    assert.throws(() => readPacket(bytes), reason);
  }
  assert.equal(readPacket(new Uint8Array(72)).dns.length, 0);
});

test("the higher number is newer, then the larger bytes", async () => {
  const pair = await keyPair(new Uint8Array(32).fill(7));
  const made = (seq: bigint, ...dns: number[]) => sign(pair, seq, Uint8Array.from(dns));
  const [a, b, c, d] = await Promise.all([made(1n, 9), made(2n, 1), made(2n, 1, 0), made(2n, 3)]);
  for (const [newer, older] of [
    [b, a],
    [c, b],
    [d, c],
  ] as const) {
    assert(isNewer(newer, older));
    assert(!isNewer(older, newer));
  }
  assert(!isNewer(a, a));
});

test("numbers come from the clock, and always above the last", () => {
  const now = 1_700_000_000_000;
  const clock = 1_700_000_000_000_000n;
  assert.equal(nextSeq(null, now), clock);
  assert.equal(nextSeq(clock - 1n, now), clock);
  assert.equal(nextSeq(clock, now), clock + 1n);
  assert.equal(nextSeq(clock + 3_600_000_000n, now), clock + 3_600_000_001n);
  assert.throws(() => nextSeq(clock + 7_200_000_001n, now), /two hours ahead/);
});

test("no more is signed than the network takes", async () => {
  const pair = await newKeyPair();
  await assert.rejects(sign(pair, 1n, new Uint8Array(997)), /997 bytes, and 996 are allowed/);
  assert.equal((await sign(pair, 1n, new Uint8Array(996))).payload.length, 72 + 996);
});

test("a new key signs for itself, and comes back from its seed", async () => {
  const pair = await newKeyPair();
  const signed = await sign(pair, 5n, new Uint8Array(12));
  assert.equal(await verdict(pair.key, signed), "good");
  const again = await keyPair(readSeed(`${hex(pair.seed)}\n`));
  assert.equal(again.key, pair.key);
});

test("key files are read as the program reads them", () => {
  assert.equal(hex(readSeed(` ${first.secret_key.toUpperCase()}\n`)), first.secret_key);
  assert.equal(hex(readSeed(keyText(hexBytes(first.secret_key)))), first.secret_key);
  assert.throws(() => readSeed("pkarr-key-1 m=65536,t=3,p=1 aa bb cc"), /locked with a passphrase/);
  for (const text of ["", "abc", `${first.secret_key}00`]) assert.throws(() => readSeed(text), PacketError);
});
