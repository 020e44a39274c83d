import { beforeEach, describe, expect, it, vi } from "vitest";
import { off, Setting } from "../settings/setting";
import { MOST_PAUSED_KEYS } from "../settings/settings";
import { leftAlone, Pause } from "./pause";

const { stored, changed } = vi.hoisted(() => ({
  stored: {} as Record<string, unknown>,
  changed: [] as ((changes: Record<string, { newValue: unknown }>) => void)[],
}));
vi.mock("wxt/browser", () => ({
  browser: {
    storage: {
      local: {
        get: async (name: string) => ({ [name]: stored[name] }),
        onChanged: { addListener: (listener: never) => changed.push(listener) },
      },
    },
  },
}));

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const OTHER = `y${KEY.slice(1)}`;
const texts = (value: unknown): string[] => (Array.isArray(value) ? value : []);

function pause(): Pause {
  return new Pause(new Setting("paused", off), new Setting("pausedKeys", texts));
}

async function change(name: string, newValue: unknown): Promise<void> {
  stored[name] = newValue;
  for (const listener of changed) listener({ [name]: { newValue } });
}

beforeEach(() => {
  for (const name of Object.keys(stored)) delete stored[name];
  changed.length = 0;
});

describe("what is paused", () => {
  it("is not known before the storage has answered", async () => {
    stored.paused = true;
    const paused = pause();
    expect(paused.now).toBeNull();
    expect(await paused.known()).toEqual({ everywhere: true, keys: [] });
    expect(paused.now).toEqual({ everywhere: true, keys: [] });
  });

  it("is known anew once it changes, and who listens is told after that", async () => {
    const paused = pause();
    await paused.known();
    const told = new Promise((resolve) => paused.onChange(() => resolve(paused.now)));
    await change("pausedKeys", [KEY]);
    expect(await told).toEqual({ everywhere: false, keys: [KEY] });
  });

  it("holds keys only, each once and not too many", async () => {
    stored.pausedKeys = [KEY, "x", `www.${KEY}`, KEY];
    expect((await pause().known()).keys).toEqual([KEY]);
    const alphabet = "ybndrfg8ejkmcpqxot1uwisza345h769";
    const many = [...alphabet].flatMap((one) => [...alphabet].map((two) => one + two + KEY.slice(2)));
    stored.pausedKeys = many;
    expect((await pause().known()).keys).toEqual(many.slice(-MOST_PAUSED_KEYS));
  });
});

describe("an address", () => {
  it("is left alone with its key, below it too, or with all", () => {
    for (const url of [`http://${KEY}/x`, `https://www.${KEY}:8080/`, `http://${KEY}./`, `wss://a.${KEY}/`]) {
      expect(leftAlone({ everywhere: false, keys: [KEY] }, url)).toBe(true);
      expect(leftAlone({ everywhere: true, keys: [] }, url)).toBe(true);
      expect(leftAlone({ everywhere: false, keys: [OTHER] }, url)).toBe(false);
      expect(leftAlone({ everywhere: false, keys: [] }, url)).toBe(false);
    }
    expect(leftAlone({ everywhere: false, keys: [KEY] }, `http://${OTHER}/${KEY}`)).toBe(false);
  });
});
