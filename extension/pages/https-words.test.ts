import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { WHAT_TRUST_MEANS } from "./https-words";

it("says what trusting the root means as the documentation does", () => {
  const text = readFileSync(`${import.meta.dirname}/../../docs/security.md`, "utf8").replace(/\s+/g, " ");
  for (const sentence of WHAT_TRUST_MEANS) expect(text).toContain(sentence);
});
