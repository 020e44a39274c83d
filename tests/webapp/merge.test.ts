import assert from "node:assert/strict";
import { test } from "node:test";
import { isSame, merged } from "../../native-host/src/server/app/merge.js";
import { parse } from "../../native-host/src/server/app/zone.js";
import { zoneText } from "../../native-host/src/server/app/zone-show.js";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const zone = (...lines: string[]) => parse(lines.join("\n"), KEY);

function merge(read: string[], edited: string[], now: string[]): string[] {
  return zoneText(merged(zone(...read), zone(...edited), zone(...now)), KEY)
    .trimEnd()
    .split("\n")
    .filter(Boolean);
}

const A = "@ 300 A 192.0.2.1";
const B = "www 300 A 192.0.2.2";
const C = '_note 300 TXT "c"';

test("what was changed here is changed, what came meanwhile is kept", () => {
  assert.deepEqual(merge([A, B], [A, C], [A, B]), [A, C]);
  assert.deepEqual(merge([A], [B], [A, C]), [B, C]);
  assert.deepEqual(merge([], [A], [C]), [A, C]);
  assert.deepEqual(merge([A], [], [A]), []);
  assert.deepEqual(merge([A], [A], [A, C]), [A, C]);
});

test("what somebody else took away stays away", () => {
  assert.deepEqual(merge([A, B], [A, B, C], [A]), [A, C]);
  assert.deepEqual(merge([A, B], [A], [A]), [A]);
});

test("a changed time to live is one record, not two", () => {
  const longer = "@ 3600 A 192.0.2.1";
  assert.deepEqual(merge([A], [longer], [A]), [longer]);
  assert.deepEqual(merge([A], [A], [longer]), [longer]);
  assert.deepEqual(merge([A], [longer], []), [longer]);
  assert.deepEqual(merge([A], [longer], ["@ 60 A 192.0.2.1"]), [longer]);
});

test("records are the same in any order, but not with other times", () => {
  assert(isSame(zone(A, B), zone(B, A)));
  assert(!isSame(zone(A), zone("@ 60 A 192.0.2.1")));
  assert(!isSame(zone(A), zone(A, B)));
});
