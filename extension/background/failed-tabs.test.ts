import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FailedPage, FailedTabs } from "./failed-tabs";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const PAGE: FailedPage = { url: `http://${KEY}/x`, key: KEY, host: KEY, code: "no-record", incognito: false };
const MINUTE = 60_000;

/** Tabs and a network in the test's hand. */
class Stage {
  network: string | null = null;
  cache: string | null = null;
  sight: "shown" | "hidden" | "gone" = "shown";
  asked = 0;
  reloaded: number[] = [];
  readonly tabs = new FailedTabs({
    newest: async (_host, where) => {
      if (where === "here") return this.cache;
      this.asked += 1;
      if (this.network === null) throw new Error("nothing there");
      return this.network;
    },
    look: async () => this.sight,
    reload: (tabId) => this.reloaded.push(tabId),
  });
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a tab that shows why a key did not open", () => {
  it("hears only what its own kind of window may hear", async () => {
    const stage = new Stage();
    stage.tabs.ended(1, PAGE);
    stage.tabs.ended(2, { ...PAGE, incognito: true });
    await vi.advanceTimersByTimeAsync(1);
    stage.tabs.updated({ key: KEY, seq: "7", incognito: true });
    await vi.advanceTimersByTimeAsync(1);
    expect(stage.reloaded).toEqual([2]);
    stage.tabs.updated({ key: KEY, seq: "7" });
    await vi.advanceTimersByTimeAsync(1);
    expect(stage.reloaded).toEqual([2, 1]);
  });

  it("is opened again when there is a first answer", async () => {
    const stage = new Stage();
    stage.tabs.ended(1, PAGE);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(stage.asked).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(stage.asked).toBe(1);
    expect(stage.reloaded).toEqual([]);
    stage.network = "5";
    await vi.advanceTimersByTimeAsync(30_000);
    expect(stage.reloaded).toEqual([1]);
  });

  it("is opened again for what is newer, and not for the same", async () => {
    const stage = new Stage();
    stage.cache = "9007199254740993";
    stage.network = "9007199254740993";
    stage.tabs.ended(1, { ...PAGE, code: "connect-failed" });
    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    expect(stage.asked).toBeGreaterThan(3);
    expect(stage.reloaded).toEqual([]);
    stage.network = "9007199254740994";
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(stage.reloaded).toEqual([1]);
  });

  it("is opened again at once when the host tells of something newer", async () => {
    const stage = new Stage();
    stage.cache = "7";
    stage.tabs.ended(1, PAGE);
    stage.tabs.ended(2, { ...PAGE, key: "another" });
    await vi.advanceTimersByTimeAsync(10);
    stage.tabs.updated({ key: KEY, seq: "7" });
    stage.tabs.updated({ key: KEY, seq: "not a number" });
    await vi.advanceTimersByTimeAsync(10);
    expect(stage.reloaded).toEqual([]);
    stage.tabs.updated({ key: KEY, seq: "8" });
    await vi.advanceTimersByTimeAsync(10);
    expect(stage.reloaded).toEqual([1]);
  });

  it("is asked about ever more rarely, and not for ever", async () => {
    const stage = new Stage();
    stage.tabs.ended(1, PAGE);
    await vi.advanceTimersByTimeAsync(20 * MINUTE);
    expect(stage.asked).toBeGreaterThan(8);
    expect(stage.asked).toBeLessThan(13);
    const before = stage.asked;
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(stage.asked).toBe(before);
  });

  it("is not asked about while nobody looks", async () => {
    const stage = new Stage();
    stage.sight = "hidden";
    stage.network = "1";
    stage.tabs.ended(1, PAGE);
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(stage.asked).toBe(0);
    stage.sight = "shown";
    stage.tabs.shown(1);
    await vi.advanceTimersByTimeAsync(10);
    expect(stage.reloaded).toEqual([1]);
  });

  it("goes on with longer pauses when it fails again, and stops after some tries", async () => {
    const stage = new Stage();
    stage.tabs.ended(1, PAGE);
    for (let seq = 1; seq < 40; seq += 1) {
      stage.tabs.updated({ key: KEY, seq: String(seq) });
      await vi.advanceTimersByTimeAsync(10);
      if (stage.reloaded.length < seq) break;
      stage.tabs.left(1);
      stage.tabs.ended(1, PAGE);
    }
    expect(stage.reloaded).toHaveLength(10);
  });

  it.each([
    ["goes elsewhere", (tabs: FailedTabs) => tabs.left(1)],
    ["is closed", (tabs: FailedTabs) => tabs.forget(1)],
    ["shows a site", (tabs: FailedTabs) => tabs.ended(1, null)],
    ["shows what won't get well", (tabs: FailedTabs) => tabs.ended(1, { ...PAGE, code: "private-address" })],
  ])("is forgotten when it %s", async (_what, happen) => {
    const stage = new Stage();
    stage.network = "3";
    stage.tabs.ended(1, PAGE);
    happen(stage.tabs);
    stage.tabs.updated({ key: KEY, seq: "4" });
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(stage.reloaded).toEqual([]);
    expect(stage.asked).toBe(0);
  });

  it("is left alone when it turns out to show something else", async () => {
    const stage = new Stage();
    stage.sight = "gone";
    stage.network = "3";
    stage.tabs.ended(1, PAGE);
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect([stage.asked, stage.reloaded]).toEqual([0, []]);
  });

  it("is one of a limited number", async () => {
    const stage = new Stage();
    for (let tabId = 1; tabId <= 30; tabId += 1) stage.tabs.ended(tabId, PAGE);
    stage.tabs.updated({ key: KEY, seq: "1" });
    await vi.advanceTimersByTimeAsync(10);
    expect(stage.reloaded).toHaveLength(20);
    expect(stage.reloaded[0]).toBe(11);
  });
});
