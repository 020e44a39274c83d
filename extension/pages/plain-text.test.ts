import { describe, expect, it } from "vitest";
import { plainText } from "./plain-text";

describe("text from a record", () => {
  it("keeps what can be read", () => {
    expect(plainText("v=spf1 mx -all; größe 日本 🦀")).toBe("v=spf1 mx -all; größe 日本 🦀");
    expect(plainText("<img src=x onerror=alert(1)>")).toBe("<img src=x onerror=alert(1)>");
  });

  it("marks what reorders, hides or breaks", () => {
    expect(plainText("a\u202eb\u200bc\u2066d\n\0e\u2028f\u{e0041}g")).toBe(
      "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}\u{fffd}e\u{fffd}f\u{fffd}g",
    );
  });

  it("is cut when it has no end", () => {
    expect(plainText("x".repeat(5_000))).toHaveLength(401);
  });
});
