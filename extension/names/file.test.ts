import { describe, expect, it } from "vitest";
import { namesFile, namesIn } from "./file";
import { ALICE, BOB } from "./fixtures";
import { NameRefused } from "./problem";

const file = (names: unknown, version: unknown = 1): string =>
  JSON.stringify({ "pkarr-names": version, names });
const alice = { name: "alice", key: ALICE };

describe("the file of names", () => {
  it("brings back what was exported", () => {
    const names = [alice, { name: "Bob – größe “x”", key: BOB }];
    expect(namesIn(namesFile(names))).toEqual(names);
    expect(namesIn(namesFile([]))).toEqual([]);
  });

  it.each([
    ["no JSON", "{", /no JSON/],
    ["other JSON", "[]", /no names/],
    ["nothing of ours", '{"names":[]}', /no names/],
    ["another version", file([alice], 2), /version/],
    ["something unknown", JSON.stringify({ "pkarr-names": 1, names: [], more: 1 }), /doesn’t belong/],
    ["no list", file({}), /doesn’t belong/],
    ["an entry that is none", file([alice, null]), /Entry 2/],
    ["an entry with more in it", file([{ ...alice, note: "" }]), /Entry 1/],
    ["an entry without a key", file([{ name: "alice", key: "alice" }]), /Entry 1 has no key/],
    ["a name that is none", file([{ name: "a\u202eb", key: ALICE }]), /no usable name/],
    ["a name that is no text", file([{ name: {}, key: ALICE }]), /no usable name/],
    ["a key twice", file([alice, { name: "other", key: ALICE }]), /Entry 2 has a key/],
    ["a name twice", file([alice, { name: "ALICE", key: BOB }]), /Entry 2 has a name/],
    ["too many", file(Array.from({ length: 5_001 }, () => alice)), /more than 5,000/],
    ["too much", " ".repeat(2_000_001), /too large/],
    ["no members of its own", '{"__proto__":{"pkarr-names":1,"names":[]}}', /no names/],
  ])("is refused with %s", (_, text, why) => {
    expect(() => namesIn(text)).toThrow(NameRefused);
    expect(() => namesIn(text)).toThrow(why);
  });
});
