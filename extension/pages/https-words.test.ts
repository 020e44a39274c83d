import { describe, expect, it } from "vitest";
import type { HttpsStatus } from "../protocol/protocol";
import { httpsWords, storeWords } from "./https-words";

const store = (trusts: boolean, failure: string | null = null) => ({
  name: "Firefox (default)",
  place: "/home/a",
  trusts,
  failure,
});
const status = (...stores: HttpsStatus["stores"]): HttpsStatus => ({
  enabled: true,
  root: { file: "/data/root.pem\u202e", fingerprint: "AB:CD", notAfter: 0 },
  probe: "probe",
  stores,
});

describe("a browser that does not trust the root", () => {
  it("is to be restarted where a store took it", () => {
    const words = httpsWords({ kind: "restart", status: status(store(false, "It is locked."), store(true)) });
    expect(words.code).toBe("https-restart");
    expect(words.todo).toMatch(/open it again/);
  });

  it("is to be told by hand where none did, and where the file is", () => {
    const words = httpsWords({ kind: "restart", status: status(store(false, "It is locked.")) });
    expect(words.code).toBe("https-not-trusted");
    expect(words.todo).toContain("/data/root.pem\u{fffd}");
    expect(httpsWords({ kind: "restart", status: status() }).code).toBe("https-not-trusted");
  });
});

describe("a store", () => {
  it.each([
    [store(true), "trusts it"],
    [store(false), "does not trust it"],
    [store(false, "It is locked.\n"), "It is locked.\u{fffd}"],
  ])("is told of: %o", (one, words) => {
    expect(storeWords(one)).toBe(words);
  });
});
