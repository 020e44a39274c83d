import { describe, expect, it, vi } from "vitest";
import { ALICE, BOB, keyNumber, memory, plainKey } from "./fixtures";
import { MOST_NAMES, Names } from "./names";
import type { NameRefused } from "./problem";

function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => "nothing refused",
    (refused: NameRefused) => refused.error.data?.code,
  );
}

describe("names of keys", () => {
  it("outlive the browser", async () => {
    const area = memory();
    expect(await new Names(area).name(ALICE, " alice ")).toBe("alice");
    expect(await new Names(area).nameOf(ALICE)).toBe("alice");
    expect(await new Names(area).nameOf(BOB)).toBeNull();
  });

  it("can be changed and removed", async () => {
    const names = new Names(memory());
    const changes = vi.fn();
    names.onChange(changes);
    await names.name(ALICE, "alice");
    await names.name(ALICE, "Alice");
    expect(await names.all()).toEqual([{ key: ALICE, name: "Alice" }]);
    await names.forget(ALICE);
    await names.forget(ALICE);
    expect(await names.all()).toEqual([]);
    expect(changes).toHaveBeenCalledTimes(3);
  });

  it("can be removed all at once", async () => {
    const area = memory();
    const names = new Names(area);
    await names.name(ALICE, "alice");
    await names.name(BOB, "bob");
    await names.forgetAll();
    expect(await names.all()).toEqual([]);
    expect(JSON.stringify(area.kept)).not.toContain(ALICE);
  });

  it("belong to one key each, without regard to case", async () => {
    const names = new Names(memory());
    await names.name(ALICE, "alice");
    expect(await codeOf(names.name(BOB, "ALICE"))).toBe("name-taken");
    expect(await codeOf(names.name(BOB, ""))).toBe("name-empty");
    expect(await codeOf(names.name("bob", "bob"))).toBe("not-a-key");
    expect(await names.all()).toEqual([{ key: ALICE, name: "alice" }]);
  });

  it("are not lost when two are given at once", async () => {
    const area = memory();
    const names = new Names(area);
    await Promise.all([names.name(ALICE, "alice"), names.name(BOB, "bob")]);
    expect(await new Names(area).all()).toHaveLength(2);
  });

  it("are no more than can be kept", async () => {
    const kept = Object.fromEntries(
      Array.from({ length: MOST_NAMES }, (_, number) => [keyNumber(number), `name ${number}`]),
    );
    const names = new Names(memory({ names: { version: 1, names: kept } }));
    expect(await names.all()).toHaveLength(MOST_NAMES);
    expect(await codeOf(names.name(ALICE, "alice"))).toBe("too-many-names");
    expect(await names.name(keyNumber(1), "renamed")).toBe("renamed");
  });

  it.each([
    null,
    "names",
    [],
    { version: 1 },
    { version: 1, names: [] },
    { version: "1", names: { [ALICE]: "alice" } },
  ])("are none where something else is stored: %j", async (names) => {
    expect(await new Names(memory({ names })).all()).toEqual([]);
  });

  it("are passed over one by one where they can't be right", async () => {
    const stored = {
      [ALICE]: "alice",
      [BOB]: "ALICE",
      x: "x",
      [plainKey("y")]: 7,
      [plainKey("n")]: "a\u202eb",
    };
    expect(await new Names(memory({ names: { version: 1, names: stored } })).all()).toEqual([
      { key: ALICE, name: "alice" },
    ]);
  });

  it("of a newer version are left as they are", async () => {
    const newer = { version: 2, names: { [ALICE]: { text: "alice" } } };
    const area = memory({ names: newer });
    expect(await codeOf(new Names(area).name(BOB, "bob"))).toBe("names-unreadable");
    expect(area.kept.names).toEqual(newer);
  });
});

describe("names from elsewhere", () => {
  const carol = plainKey("n");

  async function named(...given: [key: string, name: string][]): Promise<Names> {
    const names = new Names(memory());
    for (const [key, name] of given) await names.name(key, name);
    return names;
  }

  it("come in beside those that are here", async () => {
    const names = await named([ALICE, "alice"]);
    const theirs = [
      { key: ALICE, name: "alice" },
      { key: BOB, name: "bob" },
    ];
    expect(await names.import(theirs, null)).toEqual({ added: 1, changed: 0, collisions: [] });
    expect(await names.nameOf(BOB)).toBe("bob");
  });

  it("change nothing before it is said what to keep", async () => {
    const names = await named([ALICE, "alice"]);
    const theirs = [
      { key: BOB, name: "Alice" },
      { key: carol, name: "carol" },
    ];
    const { collisions } = await names.import(theirs, null);
    expect(collisions).toEqual([{ key: BOB, name: "Alice", mine: null, holder: ALICE }]);
    expect(await names.all()).toEqual([{ key: ALICE, name: "alice" }]);
  });

  it("give way where mine are kept", async () => {
    const names = await named([ALICE, "alice"], [BOB, "bob"]);
    const theirs = [
      { key: ALICE, name: "alicia" },
      { key: carol, name: "Bob" },
    ];
    expect(await names.import(theirs, "mine")).toMatchObject({ added: 0, changed: 0 });
    expect(await names.all()).toEqual([
      { key: ALICE, name: "alice" },
      { key: BOB, name: "bob" },
    ]);
  });

  it("win where theirs are kept, and no key that was named here loses its name", async () => {
    const names = await named([ALICE, "alice"], [BOB, "bob"]);
    const theirs = [
      { key: ALICE, name: "alicia" },
      { key: carol, name: "Bob" },
    ];
    expect(await names.import(theirs, "theirs")).toMatchObject({ added: 1, changed: 2 });
    expect(await names.nameOf(ALICE)).toBe("alicia");
    expect(await names.nameOf(carol)).toBe("Bob");
    expect(await names.nameOf(BOB)).toBe("bob 2");
  });

  it("may swap names", async () => {
    const names = await named([ALICE, "alice"], [BOB, "bob"]);
    const theirs = [
      { key: ALICE, name: "bob" },
      { key: BOB, name: "alice" },
    ];
    expect(await names.import(theirs, "theirs")).toMatchObject({ added: 0, changed: 2 });
    expect(await names.nameOf(ALICE)).toBe("bob");
    expect(await names.nameOf(BOB)).toBe("alice");
  });

  it("are refused as a whole if there are too many", async () => {
    const names = await named([ALICE, "alice"]);
    const theirs = Array.from({ length: MOST_NAMES }, (_, number) => ({
      key: keyNumber(number),
      name: `name ${number}`,
    }));
    expect(await codeOf(names.import(theirs, null))).toBe("too-many-names");
    expect(await names.all()).toHaveLength(1);
  });
});
