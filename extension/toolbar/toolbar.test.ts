import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ALICE, BOB } from "../names/fixtures";
import { Outcomes } from "./outcomes";
import { type Buttons, Toolbar } from "./toolbar";

interface Shown {
  picture?: string;
  badge?: string;
  title?: string;
}

const TAB = 7;
const OTHER_TAB = 8;

let pages: Map<number, { id: number; url: string; incognito: boolean }>;
/** By tab; undefined is what tabs show that have none of their own. */
let shown: Map<number | undefined, Shown>;
let kept: Record<string, unknown>;
let known: {
  stale: boolean | null;
  alike: Set<string>;
  paused: boolean;
  pausedKeys: string[];
  trouble: string | null;
  sent: string | null;
};
const asked = vi.fn();

beforeEach(() => {
  pages = new Map();
  shown = new Map();
  kept = {};
  known = { stale: false, alike: new Set(), paused: false, pausedKeys: [], trouble: null, sent: null };
  asked.mockReset();
});

afterEach(() => {
  vi.useRealTimers();
});

/** The background as it starts, or starts again: only what the browser keeps is still there. */
function start(): Toolbar {
  const on = (tabId: number | undefined, what: Shown): void => {
    shown.set(tabId, { ...shown.get(tabId), ...what });
  };
  const buttons = {
    tabs: {
      get: async (id: number) => pages.get(id) ?? Promise.reject(new Error("no such tab")),
      query: async () => [...pages.values()],
    },
    action: {
      setIcon: async ({ tabId, path }: { tabId?: number; path: Record<number, string> }) =>
        on(tabId, { picture: /(\w+)-16/.exec(path[16] ?? "")?.[1] ?? "" }),
      setTitle: async ({ tabId, title }: { tabId?: number; title: string }) => on(tabId, { title }),
      setBadgeText: async ({ tabId, text }: { tabId: number; text: string }) => on(tabId, { badge: text }),
      setBadgeBackgroundColor: async () => {},
    },
  };
  const outcomes = new Outcomes({
    get: async (name) => ({ [name]: kept[name] }),
    set: async (items) => {
      Object.assign(kept, items);
    },
    remove: async (name) => {
      delete kept[name];
    },
  });
  return new Toolbar(
    buttons as unknown as Buttons,
    {
      isStale: async (host, incognito) => {
        asked(host, incognito);
        return known.stale;
      },
      isAlike: async (key) => known.alike.has(key),
      pausedEverywhere: async () => known.paused,
      pausedKeys: async () => known.pausedKeys,
      trouble: () => known.trouble,
      sentFrom: () => known.sent,
    },
    outcomes,
  );
}

/** The browser takes a tab's own face away when it goes elsewhere. */
function goes(tabId: number, url: string, incognito = false): void {
  pages.set(tabId, { id: tabId, url, incognito });
  shown.delete(tabId);
}

async function opens(
  toolbar: Toolbar,
  tabId: number,
  url: string,
  code: string | null = null,
): Promise<void> {
  await toolbar.answered(tabId, url, code);
  goes(tabId, url);
  await toolbar.paint(tabId);
}

describe("a tab with a key", () => {
  it("is verified where the answer is at hand and in time", async () => {
    await opens(start(), TAB, `http://www.${ALICE}/`);
    expect(shown.get(TAB)?.picture).toBe("verified");
    expect(asked).toHaveBeenCalledWith(`www.${ALICE}`, false);
  });

  it("stays what it was when opened, however long it is read and however often the background sleeps", async () => {
    await opens(start(), TAB, `http://${ALICE}/`);
    known.stale = true;
    await start().paintAll();
    expect(shown.get(TAB)?.picture).toBe("verified");
  });

  it("is stale where the network had nothing newer, until there is", async () => {
    known.stale = true;
    const toolbar = start();
    await opens(toolbar, TAB, `http://${ALICE}/`);
    expect(shown.get(TAB)?.picture).toBe("stale");
    known.stale = false;
    await toolbar.updated(BOB);
    expect(shown.get(TAB)?.picture).toBe("stale");
    await toolbar.updated(ALICE);
    expect(shown.get(TAB)?.picture).toBe("verified");
  });

  it("is looked at again where the network was slow", async () => {
    vi.useFakeTimers();
    known.stale = true;
    const toolbar = start();
    goes(TAB, `http://${ALICE}/`);
    await toolbar.answered(TAB, `http://${ALICE}/`, null);
    expect(shown.get(TAB)?.picture).toBe("stale");
    known.stale = false;
    await vi.runAllTimersAsync();
    expect(shown.get(TAB)?.picture).toBe("verified");
  });

  it("has a problem where the gateway says so, also after the background slept", async () => {
    await opens(start(), TAB, `http://${ALICE}/`, "connect-failed");
    await start().paintAll();
    expect(shown.get(TAB)?.picture).toBe("problem");
  });

  it("has none any more once it is answered", async () => {
    const toolbar = start();
    await opens(toolbar, TAB, `http://${ALICE}/`, "connect-failed");
    await opens(toolbar, TAB, `http://${ALICE}/`);
    expect(shown.get(TAB)?.picture).toBe("verified");
  });

  it("has a problem where the browser could not load it", async () => {
    goes(TAB, `http://${ALICE}/`);
    await start().failed(TAB, `http://${ALICE}/`);
    expect(shown.get(TAB)?.picture).toBe("problem");
  });

  it("is not painted once it has gone on", async () => {
    const toolbar = start();
    goes(TAB, `http://${ALICE}/`);
    const painting = toolbar.paint(TAB);
    goes(TAB, "https://example.com/");
    await painting;
    expect(shown.get(TAB)).toBeUndefined();
  });

  it("is told from the key before, which the tab still shows when the answer comes", async () => {
    const toolbar = start();
    await opens(toolbar, TAB, `http://${ALICE}/`);
    await opens(toolbar, TAB, `http://${BOB}/`, "connect-failed");
    expect(shown.get(TAB)?.picture).toBe("problem");
    goes(TAB, `http://${ALICE}/`);
    await toolbar.paint(TAB);
    expect(shown.get(TAB)?.picture).toBe("verified");
  });

  it("does not take over what another key in the same tab came to", async () => {
    const toolbar = start();
    await opens(toolbar, TAB, `http://${ALICE}/`, "no-record");
    goes(TAB, `http://${BOB}/`);
    await toolbar.paint(TAB);
    expect(shown.get(TAB)?.picture).toBe("verified");
  });

  it("is looked up as a private window's where it is one", async () => {
    goes(TAB, `http://${ALICE}/`, true);
    await start().paint(TAB);
    expect(asked).toHaveBeenCalledWith(ALICE, true);
  });

  it("is known in the redirect way by where it was sent from", async () => {
    known.sent = `http://${ALICE}/`;
    goes(TAB, "http://203.0.113.7/");
    await start().paint(TAB);
    expect(shown.get(TAB)?.picture).toBe("verified");
  });

  it("leaves nothing behind when it is closed", async () => {
    const toolbar = start();
    await opens(toolbar, TAB, `http://${ALICE}/`);
    pages.delete(TAB);
    await toolbar.left(TAB);
    expect(kept).toEqual({});
  });
});

describe("a tab with a key that looks like another one", () => {
  it("is marked, and no more once the key has a name", async () => {
    known.alike.add(ALICE);
    const toolbar = start();
    await opens(toolbar, TAB, `http://${ALICE}/`);
    expect(shown.get(TAB)).toMatchObject({ badge: "!", picture: "problem" });
    known.alike.clear();
    await toolbar.paintAll();
    expect(shown.get(TAB)).toMatchObject({ badge: "", picture: "verified" });
  });
});

describe("paused", () => {
  it("everywhere is shown in all tabs, and no key is asked for", async () => {
    known.paused = true;
    goes(TAB, `http://${ALICE}/`);
    goes(OTHER_TAB, "https://example.com/");
    await start().paintAll();
    expect(shown.get(undefined)?.picture).toBe("paused");
    expect(shown.get(TAB)?.picture).toBe("paused");
    expect(shown.get(OTHER_TAB)).toBeUndefined();
    expect(asked).not.toHaveBeenCalled();
  });

  it("for one key is shown in its tabs only", async () => {
    known.pausedKeys = [ALICE];
    goes(TAB, `http://www.${ALICE}/`);
    goes(OTHER_TAB, `http://${BOB}/`);
    await start().paintAll();
    expect([TAB, OTHER_TAB, undefined].map((tab) => shown.get(tab)?.picture)).toEqual([
      "paused",
      "verified",
      "idle",
    ]);
  });

  it("does not make a page verified that DNS led to", async () => {
    known.paused = true;
    const toolbar = start();
    await opens(toolbar, TAB, `http://${ALICE}/`);
    known.paused = false;
    await toolbar.paintAll();
    expect(shown.get(TAB)?.picture).toBe("idle");
  });
});

it("says in all tabs that the program is missing, and that it is back", async () => {
  known.trouble = "The program is missing";
  goes(TAB, `http://${ALICE}/`);
  const toolbar = start();
  await toolbar.paintAll();
  for (const tab of [TAB, undefined]) {
    expect(shown.get(tab)).toMatchObject({ picture: "problem", title: "pkarr: The program is missing" });
  }
  known.trouble = null;
  await toolbar.paintAll();
  expect([TAB, undefined].map((tab) => shown.get(tab)?.picture)).toEqual(["verified", "idle"]);
});
