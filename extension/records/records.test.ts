import { describe, expect, it } from "vitest";
import type { Meaning, RecordView } from "../protocol/protocol";
import { difference } from "./difference";
import { grouped } from "./groups";
import { relativeName } from "./names";
import { zoneText } from "./zone-text";

const KEY = "bizf9xcxpohgckh7ox99x4tdcfr5ng797uz6pnug4ruskytcdqhy";

function record(name: string, type: string, value: string, more: Partial<RecordView> = {}): RecordView {
  return {
    name: name === "@" ? KEY : `${name}.${KEY}`,
    type,
    ttl: 300,
    value,
    outOfZone: false,
    meaning: null,
    ...more,
  };
}

describe("names of records", () => {
  it.each([
    [KEY, "@"],
    [`${KEY}.`, "@"],
    [KEY.toUpperCase(), "@"],
    [`www.${KEY}`, "www"],
    [`A.b.${KEY}.`, "A.b"],
    ["_did", "_did"],
    [`not${KEY}`, `not${KEY}`],
    [`${KEY}.example`, `${KEY}.example`],
  ])("%s is %s to the key", (name, relative) => {
    expect(relativeName(name, KEY)).toBe(relative);
  });
});

describe("records by what they are for", () => {
  const address: Meaning = { kind: "address", address: "203.0.113.7" };
  const relay: Meaning = { kind: "irohRelay", url: "https://relay.example" };

  it("stand together, the site first, in the packet's order", () => {
    const iroh = record("_iroh", "TXT", '"relay=https://relay.example"', { meaning: relay });
    const first = record("@", "A", "203.0.113.7", { meaning: address });
    const second = record("www", "A", "203.0.113.8", { meaning: address });
    const unknown = record("@", "TYPE4711", "\\# 0");
    expect(grouped([iroh, first, unknown, second])).toEqual([
      { purpose: "site", records: [first, second] },
      { purpose: "iroh", records: [iroh] },
      { purpose: "rest", records: [unknown] },
    ]);
  });

  it("go to the rest when only a newer program knows what they are", () => {
    const odd = record("@", "TXT", '"x"', { meaning: { kind: "teapot" } as unknown as Meaning });
    expect(grouped([odd])).toEqual([{ purpose: "rest", records: [odd] }]);
  });
});

describe("what changed between packets", () => {
  const a = record("@", "A", "203.0.113.7");
  const b = record("www", "A", "203.0.113.7");
  const text = record("@", "TXT", '"x"');

  it("is nothing where only the order did", () => {
    expect(difference([a, b], [b, a])).toEqual({ added: [], removed: [], retimed: [] });
  });

  it("tells what came and what went", () => {
    expect(difference([a, b], [a, text])).toEqual({ added: [text], removed: [b], retimed: [] });
  });

  it("knows a record again by another time to live", () => {
    const longer = { ...a, ttl: 3_600 };
    expect(difference([a], [longer])).toEqual({
      added: [],
      removed: [],
      retimed: [{ record: longer, before: 300 }],
    });
  });

  it("counts the same record twice as two", () => {
    expect(difference([a, a], [a])).toEqual({ added: [], removed: [a], retimed: [] });
  });
});

describe("records as a zone file", () => {
  it("have a line each", () => {
    expect(zoneText([record("@", "A", "203.0.113.7"), record("www", "CNAME", "a.example.")], KEY)).toBe(
      "@ 300 A 203.0.113.7\nwww 300 CNAME a.example.\n",
    );
  });

  it("are comments where no zone file could publish them", () => {
    const outside = record("@", "TXT", '"v=0"', { name: "_did", outOfZone: true });
    expect(zoneText([outside], KEY)).toBe('; _did 300 TXT "v=0"\n');
  });

  it("never become two lines", () => {
    expect(zoneText([record("@", "TXT", '"a"\n@ 300 A 192.0.2.1\u2028')], KEY).split("\n")).toHaveLength(2);
  });
});
