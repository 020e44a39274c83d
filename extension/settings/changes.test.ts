import { describe, expect, it } from "vitest";
import { ALICE, BOB, plainKey } from "../names/fixtures";
import type { HostSettings } from "../protocol/protocol";
import { changesBy, changesNothing, type Everything } from "./changes";

const CAROL = plainKey("n");

const PROGRAM: HostSettings = {
  relays: ["https://relay.example"],
  bootstrap: ["dht.example:6881"],
  allowPrivateFor: [],
  allowPrivate: false,
  stale: true,
  cacheSize: 1_000,
  chosen: [],
  fixed: ["bootstrap"],
  file: "/config",
};

const NOW: Everything = {
  settings: {
    way: "gateway",
    searchRescue: true,
    lookAhead: true,
    linkify: false,
    paused: false,
    keepOpened: true,
    language: "browser",
  },
  pausedKeys: [ALICE],
  names: [{ key: ALICE, name: "alice" }],
  opened: [{ key: ALICE, count: 1, last: 1 }],
  program: PROGRAM,
};

describe("what a file would change", () => {
  it("is nothing where it says the same, or nothing", () => {
    expect(changesNothing(changesBy({}, NOW))).toBe(true);
    const { relays, stale } = PROGRAM;
    const same = {
      ...NOW,
      pausedKeys: [ALICE],
      names: [...NOW.names],
      opened: [],
      program: { relays, stale },
    };
    expect(changesNothing(changesBy(same, NOW))).toBe(true);
  });

  it("is each setting that differs, with both values", () => {
    const { settings } = changesBy({ settings: { way: "redirect", linkify: false, language: "de" } }, NOW);
    expect(settings).toEqual([
      { name: "way", before: "gateway", after: "redirect" },
      { name: "language", before: "browser", after: "de" },
    ]);
  });

  it("adds keys and names, and counts names that differ", () => {
    const changes = changesBy(
      {
        pausedKeys: [ALICE, BOB, BOB],
        names: [
          { key: ALICE, name: "other" },
          { key: BOB, name: "bob" },
          { key: CAROL, name: "ALICE" },
        ],
        opened: [
          { key: ALICE, count: 9, last: 9 },
          { key: BOB, count: 1, last: 1 },
        ],
      },
      NOW,
    );
    expect(changes).toMatchObject({ newPausedKeys: [BOB], newNames: 1, collisions: 2, newOpened: 1 });
    expect(changesNothing(changes)).toBe(false);
  });

  it("leaves what is fixed in the program, and all of it where the program is not there", () => {
    const program = { relays: [], bootstrap: ["x:1"] };
    const changes = changesBy({ program }, NOW);
    expect(changes.program).toEqual([{ name: "relays", before: PROGRAM.relays, after: [] }]);
    expect(changes.leftOut).toEqual(["bootstrap"]);
    const without = changesBy({ program }, { ...NOW, program: null });
    expect(without.program).toEqual([]);
    expect(without.leftOut).toEqual(["relays", "bootstrap"]);
  });
});
