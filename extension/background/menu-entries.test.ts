import { describe, expect, it } from "vitest";
import { ALICE, BOB, keyNumber, memory } from "../names/fixtures";
import { COPY_LINK, COPY_PAGE, type Entry, MenuEntries, type Menus, OPEN } from "./menu-entries";
import { MET_LIMIT, MetKeys } from "./met-keys";

const TAB = { id: 1, incognito: false };
const PRIVATE = { id: 2, incognito: true };

/** A menu in a browser whose session keeps `area`. */
function menu(area = memory()) {
  const shown = new Map<string, Entry>();
  const menus: Menus = {
    removeAll: async () => shown.clear(),
    create: ({ id, ...entry }) => shown.set(id, entry),
    update: async (id, entry) => shown.set(id, { ...shown.get(id), ...entry }),
  };
  const entries = new MenuEntries(
    menus,
    new MetKeys(area),
    () => "http",
    async () => {},
  );
  const entry = async (id: string): Promise<Entry> => {
    await entries.settled;
    return shown.get(id) ?? {};
  };
  return { entries, entry, area, all: () => JSON.stringify([...shown]) };
}

describe("copying addresses", () => {
  it("is offered for keys that were met, also after the background slept", async () => {
    const { entries, entry, area } = menu();
    const before = (await entry(COPY_LINK)).targetUrlPatterns;
    expect(before).toHaveLength(1);
    entries.met(`www.${ALICE}`, TAB);
    const patterns = [`*://*.${ALICE}/*`];
    expect((await entry(COPY_LINK)).targetUrlPatterns).toEqual(patterns);
    expect((await entry(COPY_PAGE)).documentUrlPatterns).toEqual(patterns);
    const later = menu(area);
    expect((await later.entry(COPY_LINK)).targetUrlPatterns).toEqual(patterns);
    expect((await later.entry(COPY_PAGE)).documentUrlPatterns).toEqual(patterns);
  });

  it("is offered for a limited number, the last ones", async () => {
    const { entries, entry } = menu();
    for (let number = 0; number <= MET_LIMIT; number += 1) entries.met(keyNumber(number), TAB);
    const patterns = (await entry(COPY_LINK)).targetUrlPatterns;
    expect(patterns).toHaveLength(MET_LIMIT);
    expect(patterns?.[0]).toContain(keyNumber(1));
  });

  it("is not offered for keys that were forgotten", async () => {
    const { entries, entry, area, all } = menu();
    const nothing = (await entry(COPY_PAGE)).documentUrlPatterns;
    entries.met(ALICE, TAB);
    entries.met(BOB, TAB);
    entries.forget(ALICE);
    expect((await entry(COPY_PAGE)).documentUrlPatterns).toEqual([`*://*.${BOB}/*`]);
    entries.forget();
    expect((await entry(COPY_PAGE)).documentUrlPatterns).toEqual(nothing);
    expect(all() + JSON.stringify(area.kept)).not.toContain(BOB);
  });
});

describe("opening a selected key", () => {
  it("is offered while one is selected, and named", async () => {
    const { entries, entry } = menu();
    expect((await entry(OPEN)).visible).toBe(false);
    entries.selected(`pk:${ALICE}`, TAB);
    expect(await entry(OPEN)).toMatchObject({ visible: true, title: `&Open key ${ALICE}` });
    entries.selected("", TAB);
    expect((await entry(OPEN)).visible).toBe(false);
  });

  it("is not offered any more when the tab goes elsewhere", async () => {
    const { entries, entry } = menu();
    entries.selected(ALICE, TAB);
    entries.left(TAB.id + 7);
    expect((await entry(OPEN)).visible).toBe(true);
    entries.left(TAB.id);
    expect((await entry(OPEN)).visible).toBe(false);
  });
});

it("is made anew when another language is spoken, with the keys that were met", async () => {
  const { entries, entry } = menu();
  entries.met(ALICE, TAB);
  entries.selected(ALICE, TAB);
  entries.renew();
  expect(await entry(OPEN)).toMatchObject({ visible: false, title: "&Open key" });
  expect((await entry(COPY_LINK)).targetUrlPatterns).toEqual([`*://*.${ALICE}/*`]);
});

it("is not made before the language is there", async () => {
  let speaks = (): void => {};
  const spoken = new Promise<void>((resolve) => {
    speaks = resolve;
  });
  const made: string[] = [];
  const menus: Menus = {
    removeAll: async () => {},
    create: ({ id }) => made.push(id),
    update: async () => {},
  };
  const entries = new MenuEntries(
    menus,
    new MetKeys(memory()),
    () => "http",
    () => spoken,
  );
  await new Promise((resolve) => setTimeout(resolve));
  expect(made).toEqual([]);
  speaks();
  await entries.settled;
  expect(made).toEqual([OPEN, COPY_LINK, COPY_PAGE]);
});

it("keeps nothing of private windows", async () => {
  const { entries, entry, area, all } = menu();
  entries.met(ALICE, PRIVATE);
  entries.selected(ALICE, PRIVATE);
  expect(await entry(OPEN)).toMatchObject({ visible: true, title: "&Open key" });
  expect(all() + JSON.stringify(area.kept)).not.toContain(ALICE);
});

it("goes on after a change that the browser refuses", async () => {
  const shown: string[] = [];
  const menus: Menus = {
    removeAll: async () => {
      throw new Error("not now");
    },
    create: () => {},
    update: async (id) => shown.push(id),
  };
  const entries = new MenuEntries(
    menus,
    new MetKeys(memory()),
    () => "http",
    async () => {},
  );
  entries.selected(ALICE, TAB);
  await entries.settled;
  expect(shown).toEqual([OPEN]);
});
