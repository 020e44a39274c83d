import { describe, expect, it } from "vitest";
import { ALICE, BOB, keyNumber, memory } from "./fixtures";
import { MOST_OPENED, Opened } from "./opened";

const HALF_HOUR = 30 * 60_000;

function clock(): { now: () => number; pass: (ms: number) => void } {
  let at = Date.UTC(2026, 10, 22);
  return {
    now: () => at,
    pass: (ms) => {
      at += ms;
    },
  };
}

describe("keys opened before", () => {
  it("are counted once a visit, and outlive the browser", async () => {
    const area = memory();
    const { now, pass } = clock();
    const opened = new Opened(area, now);
    for (let load = 0; load < 20; load += 1) await opened.note(ALICE);
    expect((await opened.of(ALICE))?.count).toBe(1);
    pass(HALF_HOUR);
    await opened.note(BOB);
    await opened.note(ALICE);
    pass(HALF_HOUR);
    await opened.note(BOB);
    expect(await new Opened(area, now).all()).toEqual([
      { key: BOB, count: 2, last: now() },
      { key: ALICE, count: 2, last: now() - HALF_HOUR },
    ]);
  });

  it("are bounded, and what is opened often stays", async () => {
    const { now, pass } = clock();
    const opened = new Opened(memory(), now);
    for (let visit = 0; visit < 2; visit += 1) {
      await opened.note(ALICE);
      pass(HALF_HOUR);
    }
    for (let number = 0; number < MOST_OPENED + 20; number += 1) {
      await opened.note(keyNumber(number));
      pass(1);
    }
    const all = await opened.all();
    expect(all).toHaveLength(MOST_OPENED);
    expect(all.some(({ key }) => key === ALICE)).toBe(true);
    expect(all[0]?.key).toBe(keyNumber(MOST_OPENED + 19));
    expect(await opened.of(keyNumber(0))).toBeNull();
  });

  it("come from elsewhere too: of each the higher count and the later visit, none in the future", async () => {
    const area = memory();
    const { now } = clock();
    const opened = new Opened(area, now);
    await opened.note(ALICE);
    await opened.import([
      { key: ALICE, count: 5, last: 1 },
      { key: BOB, count: 2, last: now() + HALF_HOUR },
      { key: "bob", count: 1, last: 1 },
      { key: keyNumber(1), count: -1, last: 1 },
    ]);
    expect(await new Opened(area, now).all()).toEqual([
      { key: ALICE, count: 5, last: now() },
      { key: BOB, count: 2, last: now() },
    ]);
    const many = Array.from({ length: MOST_OPENED }, (_, number) => ({
      key: keyNumber(number),
      count: 1,
      last: 1,
    }));
    await opened.import(many);
    expect(await opened.all()).toHaveLength(MOST_OPENED);
    expect((await opened.of(ALICE))?.count).toBe(5);
  });

  it("can be forgotten, one or all", async () => {
    const area = memory();
    const opened = new Opened(area);
    await Promise.all([opened.note(ALICE), opened.note(BOB)]);
    await opened.forget(ALICE);
    expect((await opened.all()).map(({ key }) => key)).toEqual([BOB]);
    await opened.forget();
    expect(JSON.stringify(area.kept)).not.toContain(BOB);
  });

  it("are not noted while that is switched off", async () => {
    const area = memory();
    const opened = new Opened(area);
    expect(await opened.isKept()).toBe(true);
    await opened.keep(false);
    await opened.note(ALICE);
    expect(await opened.all()).toEqual([]);
    expect(await new Opened(area).isKept()).toBe(false);
    await opened.keep(true);
    await opened.note(ALICE);
    expect(await opened.all()).toHaveLength(1);
  });

  it("are told of when they are forgotten", async () => {
    const opened = new Opened(memory());
    const told: (string | undefined)[] = [];
    opened.onForget((key) => told.push(key));
    await opened.forget(ALICE);
    await opened.forget();
    expect(told).toEqual([ALICE, undefined]);
  });

  it("stay as a newer version stored them", async () => {
    const stored = { version: 2, keys: { [ALICE]: "in another way" } };
    const area = memory({ opened: stored });
    const opened = new Opened(area);
    await opened.note(BOB);
    expect(await opened.all()).toEqual([]);
    await expect(opened.forget()).rejects.toMatchObject({ error: { data: { code: "opened-unreadable" } } });
    await expect(opened.forget(ALICE)).rejects.toThrow();
    expect(area.kept.opened).toEqual(stored);
  });

  it("are passed over where what is stored can't be right", async () => {
    const keys = {
      [ALICE]: { count: 2, last: 5 },
      [BOB]: { count: "many", last: 5 },
      x: { count: 1, last: 1 },
    };
    expect(await new Opened(memory({ opened: { version: 1, keys } })).all()).toEqual([
      { key: ALICE, count: 2, last: 5 },
    ]);
    expect(await new Opened(memory({ opened: "?" })).all()).toEqual([]);
  });
});
