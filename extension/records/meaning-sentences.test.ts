import { describe, expect, it } from "vitest";
import { sayInParts } from "../i18n/i18n";
import type { Meaning, RecordView } from "../protocol/protocol";
import { meaningSentences } from "./meaning-sentences";

const SITE: Extract<Meaning, { kind: "site" }> = {
  kind: "site",
  priority: 1,
  target: "",
  port: null,
  protocols: [],
  addresses: [],
};

function words(meaning: Meaning | null): string[] {
  const record: RecordView = { name: "x", type: "T", ttl: 1, value: "V", outOfZone: false, meaning };
  return meaningSentences(record).map(([id, values]) =>
    sayInParts(id, values)
      .map(({ text }) => text)
      .join(""),
  );
}

describe("what a record is for", () => {
  it.each<[Meaning | null, string[]]>([
    [{ kind: "address", address: "192.0.2.1" }, ["This name is at the address 192.0.2.1."]],
    [{ kind: "alias", target: "a.example" }, ["This name stands for a.example."]],
    [SITE, ["The site of this name is served at its own addresses."]],
    [{ ...SITE, port: 8080 }, ["The site of this name is served at its own addresses, port 8080."]],
    [
      { ...SITE, priority: 10, target: "a.example", port: 443, protocols: ["h2", "h3"], addresses: ["::1"] },
      [
        "The site of this name is served by a.example, port 443.",
        "Lower numbers are tried first; this is number 10.",
        "It speaks h2 h3.",
        "Addresses named beside it: ::1.",
      ],
    ],
    [{ ...SITE, priority: 0, target: "a.example" }, ["The site of this name is that of a.example."]],
    [{ ...SITE, priority: 0 }, ["The site of this name is served at its own addresses."]],
    [
      { kind: "did", version: "0", keys: 1, services: 0 },
      ["An identity document of version 0 with 1 key and no services."],
    ],
    [{ kind: "didKey", id: "0", algorithm: "0" }, ["Key 0 of the document is of the type Ed25519."]],
    [{ kind: "didKey", id: "0", algorithm: "9" }, ["Key 0 of the document is of the type 9."]],
    [
      { kind: "mail", preference: 10, target: "mail.example" },
      ["Mail for this name goes to mail.example; lower numbers are tried first, this is number 10."],
    ],
    [{ kind: "service", target: "a.example", port: 1234 }, ["A service is at a.example, port 1234."]],
    [null, ["A record of the type T, of a use that is not known here: V"]],
    [
      { kind: "teapot" } as unknown as Meaning,
      ["A record of the type T, of a use that is not known here: V"],
    ],
  ])("%j is said in words", (meaning, sentences) => {
    expect(words(meaning)).toEqual(sentences);
  });
});
