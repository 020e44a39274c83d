import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { artOf } from "../../native-host/src/server/app/art.js";
import { ALPHABET, KeyError, keyBytes, keyText, readKey } from "../../native-host/src/server/app/key.js";
import { hex, hexBytes } from "../../native-host/src/server/app/packet.js";
import { root } from "../harness/paths.ts";
import { vectors } from "./vectors.ts";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

test("keys are read and written as others do", () => {
  for (const { public_key, public_key_hex } of vectors) {
    assert.equal(hex(keyBytes(public_key)), public_key_hex);
    assert.equal(keyText(hexBytes(public_key_hex)), public_key);
  }
});

test("every spelling that people pass on is the same key", () => {
  const spellings = [
    KEY,
    ` ${KEY.toUpperCase()}\n`,
    `${KEY}.`,
    `pk:${KEY}`,
    `PK:${KEY}/path?x#y`,
    `pk://${KEY}/path`,
    `pubky${KEY}`,
    `pubky://${KEY}/pub/file`,
    `http://${KEY}/`,
    `https://user:password@www.${KEY}:8080/@x`,
    `a.b.${KEY}`,
    `${KEY}/path`,
  ];
  for (const spelling of spellings) assert.equal(readKey(spelling).key, KEY, spelling);
  assert.equal(readKey(`https://WWW.${KEY}./`).host, `www.${KEY}`);
});

test("each key has one spelling of its last character", () => {
  for (const last of ALPHABET.slice(1, 16)) {
    assert.throws(() => keyBytes(KEY.slice(0, -1) + last), /last character/);
  }
});

test("what is no key is refused with the reason", () => {
  const cases: [string, RegExp][] = [
    ["", /nothing/],
    ["abc", /52 characters, this has 3/],
    [KEY.replace("o4", "v4"), /position 1 /],
    [`${KEY}.example`, /does not end in a key/],
    ["https://example.com/", /does not end in a key/],
    [`https://example.com/${KEY}`, /does not end in a key/],
    ["http://[", /not an address/],
    [`pk:${KEY}y`, /53/],
  ];
  for (const [text, reason] of cases) {
    assert.throws(
      () => readKey(text),
      (failure: Error) => failure instanceof KeyError && reason.test(failure.message),
      text,
    );
  }
});

/** The eight points of small order, and spellings of them that are not canonical (y of p or more). */
const SMALL = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];
const NOT_CANONICAL = [
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

test("keys that anybody could sign for are none", () => {
  for (const bytes of SMALL) assert.throws(() => keyBytes(keyText(hexBytes(bytes))), /small order/, bytes);
});

test("bytes that are no point, or a second name of one, are no key", () => {
  // No point of the curve has this y.
  const nowhere = "0200000000000000000000000000000000000000000000000000000000000000";
  for (const bytes of [...NOT_CANONICAL, nowhere]) {
    assert.throws(() => keyBytes(keyText(hexBytes(bytes))), /not a point/, bytes);
  }
});

test("key art is what the extension draws", async () => {
  const drawn: Record<string, string> = JSON.parse(
    readFileSync(join(root, "extension/art/vectors.json"), "utf8"),
  );
  for (const [key, markup] of Object.entries(drawn)) {
    const art = await artOf(keyBytes(key));
    assert(art);
    for (const part of [art.ground, art.squares.fill, art.dots.fill])
      assert(markup.includes(`fill="${part}"`));
    for (const part of [art.squares.d, art.dots.d]) assert(markup.includes(`d="${part}"`));
  }
});
