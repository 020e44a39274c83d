import { describe, expect, it } from "vitest";
import { ALICE, BOB } from "../names/fixtures";
import { NameRefused } from "../names/problem";
import { type Backup, BackupRefused, backupFile, backupIn, LONGEST_BACKUP } from "./backup";

const FULL: Backup = {
  settings: {
    way: "redirect",
    searchRescue: false,
    lookAhead: true,
    linkify: true,
    paused: false,
    keepOpened: true,
    language: "ar",
  },
  pausedKeys: [ALICE],
  names: [{ name: "Bob – größe “x”", key: BOB }],
  opened: [{ key: BOB, count: 3, last: 1_700_000_000_000 }],
  program: {
    relays: [],
    bootstrap: ["dht.example:6881"],
    allowPrivateFor: [ALICE],
    stale: true,
    cacheSize: 9,
  },
};

const file = (parts: object): string => JSON.stringify({ "pkarr-settings": 1, ...parts });

describe("the file of everything", () => {
  it("brings back what was exported", () => {
    expect(backupIn(backupFile(FULL))).toEqual(FULL);
    expect(backupIn(backupFile({}))).toEqual({});
  });

  it.each([
    ["no JSON", "{", "fileNoJson", ""],
    ["nests without end", "[".repeat(1_000_000), "fileNoJson", ""],
    ["other JSON", "[]", "fileOther", ""],
    ["nothing of ours", '{"settings":{}}', "fileOther", ""],
    ["names alone", JSON.stringify({ "pkarr-names": 1, names: [] }), "fileOther", ""],
    ["no members of its own", '{"__proto__":{"pkarr-settings":1}}', "fileOther", ""],
    ["another version", '{"pkarr-settings":2,"more":1}', "fileOtherVersion", ""],
    ["something unknown", file({ more: 1 }), "fileWrong", "more"],
    ["an unknown setting", file({ settings: { gatewayPort: 1 } }), "fileWrong", "settings.gatewayPort"],
    ["an unknown way", file({ settings: { way: "x" } }), "fileWrong", "settings.way"],
    ["an unknown language", file({ settings: { language: "toString" } }), "fileWrong", "settings.language"],
    ["a switch that is none", file({ settings: { paused: "true" } }), "fileWrong", "settings.paused"],
    ["nothing instead of a list", file({ pausedKeys: null }), "fileWrong", "pausedKeys"],
    ["a key that is none", file({ pausedKeys: [ALICE, "b"] }), "fileWrong", "pausedKeys.1"],
    ["too many keys", file({ pausedKeys: Array(1_001).fill(ALICE) }), "fileWrong", "pausedKeys"],
    [
      "a count that is none",
      file({ opened: [{ key: BOB, count: -1, last: 0 }] }),
      "fileWrong",
      "opened.0.count",
    ],
    [
      "a time without end",
      file({ opened: [{ key: BOB, count: 1, last: 1e300 }] }),
      "fileWrong",
      "opened.0.last",
    ],
    ["too many addresses", file({ program: { relays: Array(65).fill("x") } }), "fileWrong", "program.relays"],
    ["a long address", file({ program: { relays: ["x".repeat(2_001)] } }), "fileWrong", "program.relays.0"],
    ["all keys allowed", file({ program: { allowPrivate: true } }), "fileWrong", "program.allowPrivate"],
    ["too much", " ".repeat(LONGEST_BACKUP + 1), "fileTooLarge", ""],
  ])("is refused with %s", (_, text, why, place) => {
    let refused: unknown;
    try {
      backupIn(text);
    } catch (failure) {
      refused = failure;
    }
    expect(refused).toBeInstanceOf(BackupRefused);
    expect(refused).toMatchObject({ why: `options.${why}`, place });
  });

  it.each([
    ["a name that hides something", [{ name: "a\u202eb", key: ALICE }]],
    [
      "a name twice",
      [
        { name: "a", key: ALICE },
        { name: "A", key: BOB },
      ],
    ],
  ])("is refused with %s, as a file of names is", (_, names) => {
    expect(() => backupIn(file({ names }))).toThrow(NameRefused);
  });
});
