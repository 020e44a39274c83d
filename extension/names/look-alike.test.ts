import { describe, expect, it } from "vitest";
import { ALICE, BOB, changed } from "./fixtures";
import { looksLike, resembled } from "./look-alike";

describe("a key that looks like another", () => {
  it.each([
    ["4 at the beginning and 4 at the end", changed(ALICE, 4, 48), true],
    ["4 and 2", changed(ALICE, 4, 50), true],
    ["3 and 3", changed(ALICE, 3, 49), true],
    ["2 and 4", changed(ALICE, 2, 48), true],
    ["6 at the beginning", changed(ALICE, 6, 51), true],
    ["all but one in the middle", changed(ALICE, 26, 27), true],
    ["all but the first", changed(ALICE, 0, 1), true],
    ["3 and 2", changed(ALICE, 3, 50), false],
    ["2 and 3", changed(ALICE, 2, 49), false],
    ["4 and 1", changed(ALICE, 4, 51), false],
    ["nothing but the middle", changed(changed(ALICE, 0, 2), 49, 51), false],
    ["the same key", ALICE, false],
    ["another key", BOB, false],
  ])("has %s in common: %s", (_, key, alike) => {
    expect(looksLike(key, ALICE)).toBe(alike);
    expect(looksLike(ALICE, key)).toBe(alike);
  });

  const fake = changed(ALICE, 4, 48);
  const named = [{ key: ALICE, name: "alice" }];
  const often = (key: string, count: number) => ({ key, count, last: 0 });

  it("is told with the named key it may be taken for", () => {
    expect(resembled(fake, named, [])).toEqual({ key: ALICE, name: "alice" });
    expect(resembled(ALICE, named, [often(fake, 9)])).toBeNull();
    expect(resembled(BOB, named, [])).toBeNull();
  });

  it("is told with one that is opened often", () => {
    expect(resembled(fake, [], [often(ALICE, 3)])).toEqual({ key: ALICE, name: null });
    expect(resembled(fake, [], [often(ALICE, 2)])).toBeNull();
    expect(resembled(fake, [], [often(ALICE, 3), often(fake, 2)])).toEqual({ key: ALICE, name: null });
    expect(resembled(ALICE, [], [often(ALICE, 4), often(fake, 3)])).toBeNull();
  });

  it("is told no more once a person has named it too", () => {
    expect(resembled(fake, [...named, { key: fake, name: "alice’s other" }], [])).toBeNull();
  });
});
