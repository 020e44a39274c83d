import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { HttpsStatus } from "../protocol/protocol";
import { httpsWords, whatTrustMeans } from "./https-words";

it("says what trusting the root means as the documentation does", () => {
  const text = readFileSync(`${import.meta.dirname}/../../docs/security.md`, "utf8").replace(/\s+/g, " ");
  for (const sentence of whatTrustMeans()) expect(text).toContain(sentence);
});

describe("a browser that does not trust the root yet", () => {
  const root = { file: "/data/root.pem", fingerprint: "AB:CD", notAfter: 0 };
  const store = { name: "Firefox", place: "/profile", trusts: true, others: false, failure: null };
  const todo = (status: Partial<HttpsStatus>) =>
    httpsWords({
      kind: "restart",
      status: { enabled: true, root, probe: "probe", stores: [store], ...status },
    }).todo;

  it("is to be started again, and told by hand if that does not help", () => {
    expect(todo({})).toMatch(/^Close all windows .*If that does not help, import \/data\/root\.pem /);
    expect(todo({ root: null })).toBe("Close all windows of this browser and open it again.");
  });

  it("is to be told by hand where no store could take it", () => {
    expect(todo({ stores: [{ ...store, trusts: false }] })).toMatch(/^Import .*\/data\/root\.pem$/);
  });
});
