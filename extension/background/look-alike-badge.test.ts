import { describe, expect, it, vi } from "vitest";
import { ALICE, BOB } from "../names/fixtures";
import { BADGE, type Buttons, warnOfLookAlikes } from "./look-alike-badge";

const TAB = 7;

/** A tab, and its button; ALICE looks like another key. */
function stage(badge = "") {
  const page = { url: "" };
  const shown = { badge, title: "" };
  const hear = { updated: (_id: number, _change: object, _tab: object) => {}, changed: () => {} };
  const alike = new Set([ALICE]);
  const buttons = {
    tabs: {
      onUpdated: {
        addListener: (listener: typeof hear.updated) => {
          hear.updated = listener;
        },
      },
      get: async () => ({ ...page }),
      query: async () => [{ id: TAB, ...page }],
    },
    action: {
      getBadgeText: async () => shown.badge,
      setBadgeBackgroundColor: async () => {},
      setBadgeText: async ({ text }: { text: string }) => {
        shown.badge = text;
      },
      setTitle: async ({ title }: { title: string }) => {
        shown.title = title;
      },
    },
  };
  warnOfLookAlikes(buttons as unknown as Buttons, {
    isAlike: async (key) => alike.has(key),
    onChange: (listener) => {
      hear.changed = listener;
    },
  });
  const goes = (url: string, change: object): void => {
    page.url = url;
    hear.updated(TAB, change, { ...page });
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { shown, alike, goes, settled, named: () => hear.changed() };
}

describe("a tab with a key that looks like another one", () => {
  it.each([{ status: "loading" }, { url: `http://${ALICE}/` }, { status: "complete" }])(
    "is marked on %j",
    async (change) => {
      const { shown, goes } = stage();
      goes(`http://${ALICE}/`, change);
      await vi.waitFor(() => expect(shown).toEqual({ badge: BADGE.text, title: BADGE.title }));
    },
  );

  it("is marked no more once the key has a name, also after the background slept", async () => {
    const { shown, alike, goes, named, settled } = stage(BADGE.text);
    alike.clear();
    goes(`http://${ALICE}/`, { title: "nothing new" });
    await settled();
    expect(shown.badge).toBe(BADGE.text);
    named();
    await vi.waitFor(() => expect(shown.badge).toBe(""));
  });

  it("is not marked once it has gone on", async () => {
    const { shown, goes, settled } = stage();
    goes(`http://${ALICE}/`, { status: "loading" });
    goes("https://example.com/", { status: "loading" });
    await settled();
    expect(shown.badge).toBe("");
  });
});

it("leaves what others say on the button", async () => {
  const { shown, goes, settled } = stage("5");
  goes(`http://${BOB}/`, { status: "complete" });
  await settled();
  expect(shown.badge).toBe("5");
});
