import { describe, expect, it } from "vitest";
import { brandOf, systemOf, versionOf } from "./brand";

const CHROMIUM_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36";

describe("which browser this is", () => {
  it.each([
    ["chromium", ["Not;A=Brand", "Chromium"]],
    ["chrome", ["Chromium", "Google Chrome", "Not;A=Brand"]],
    ["edge", ["Chromium", "Microsoft Edge"]],
    ["brave", ["Brave", "Chromium"]],
    ["opera", ["Opera", "Chromium"]],
    ["chromium", []],
  ])("%s: %s", (brand, names) => {
    const brands = names.map((name) => ({ brand: name, version: "156" }));
    expect(brandOf({ userAgent: CHROMIUM_AGENT, brands })).toBe(brand);
  });

  it("knows Firefox, which tells no brands", () => {
    const userAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
    expect(brandOf({ userAgent, brands: [] })).toBe("firefox");
    expect(versionOf({ userAgent, brands: [] })).toBe("153.0");
  });

  it("tells the version of what the browser is built on", () => {
    const brands = [
      { brand: "Brave", version: "1.9" },
      { brand: "Chromium", version: "156" },
    ];
    expect(versionOf({ userAgent: CHROMIUM_AGENT, brands })).toBe("156");
  });

  it("knows the systems that programs can be registered on", () => {
    expect(["linux", "mac", "win", "cros", "android"].map(systemOf)).toEqual([
      "linux",
      "mac",
      "win",
      "other",
      "other",
    ]);
  });
});
