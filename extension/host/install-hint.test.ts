import { describe, expect, it } from "vitest";
import { allowSnap, installHint } from "./install-hint";

describe("how the program is made known to browsers", () => {
  it.each([
    ["linux", "target/release/pkarr install"],
    ["mac", "target/release/pkarr install"],
    ["win", ".\\target\\release\\pkarr.exe install"],
  ] as const)("on %s, what was built says where it is", (system, last) => {
    const hint = installHint(system);
    expect(hint?.sources.split("\n")).toEqual(["cargo build --release --bin pkarr", last]);
    expect(hint?.installed).toBe("pkarr install");
  });

  it("has nothing to say where browsers start no programs", () => {
    expect(installHint("other")).toBeNull();
  });

  it("names the program to the portal of snaps", () => {
    expect(allowSnap("org.pkarr.host")).toMatch(/ org\.pkarr\.host snap\.firefox yes$/);
  });
});
