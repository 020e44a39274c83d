import { describe, expect, it } from "vitest";
import { folded, petName } from "./pet-name";

describe("a pet name", () => {
  it.each([
    ["alice", "alice"],
    ["  Alice  of   Berlin ", "Alice of Berlin"],
    ["Zoe\u0308", "Zoë"],
    ["日本の鍵", "日本の鍵"],
    ["🦀", "🦀"],
    ["alice.work", "alice.work"],
    ["x".repeat(40), "x".repeat(40)],
  ])("%j is kept as %j", (written, name) => {
    expect(petName(written)).toEqual({ name });
  });

  it.each([
    ["", "empty"],
    ["   ", "empty"],
    ["x".repeat(41), "too-long"],
    ["e\u0301".repeat(2_000_000), "too-long"],
    ["ali\u202ece", "unseen"],
    ["ali\u200bce", "unseen"],
    ["ali\nce", "unseen"],
    ["ali\tce", "unseen"],
    ["\u{e0041}alice", "unseen"],
    ["alice/x", "of-addresses"],
    ["alice@home", "of-addresses"],
    ["a#b", "of-addresses"],
    ["pk:alice", "of-addresses"],
    ["\u0301alice", "marks"],
    [`a${"\u0334".repeat(5)}`, "marks"],
  ])("%j is refused", (written, problem) => {
    expect(petName(written)).toEqual({ problem });
  });

  it("is the same whatever its case and width", () => {
    expect(folded("ＡLICE")).toBe(folded("alice"));
    expect(folded("alice")).not.toBe(folded("alicia"));
  });
});
