import { beforeEach, expect, test, vi } from "vitest";

const state = vi.hoisted(() => ({
  language: "browser" as unknown,
  ui: "de-AT",
  files: {} as Record<string, object>,
}));

vi.mock("wxt/browser", () => ({
  browser: {
    i18n: { getUILanguage: () => state.ui },
    runtime: { getURL: (path: string) => `chrome-extension://x${path}` },
    storage: { local: { get: async () => ({ language: state.language }) } },
  },
}));

vi.stubGlobal("fetch", async (url: string) => {
  const file = state.files[new URL(url).pathname];
  return file ? Response.json(file) : Promise.reject(new Error("there is no such file"));
});

let i18n: typeof import("./i18n");

beforeEach(async () => {
  state.language = "browser";
  state.ui = "de-AT";
  state.files = {};
  vi.resetModules();
  i18n = await import("./i18n");
});

test("speaks the browser's language where it is one of ours", async () => {
  state.files["/locales/de.json"] = {
    manifest: { description: "Öffnet {n, plural, one {# Key} other {# Keys}}" },
  };
  expect(await i18n.speak()).toBe("de");
  expect(i18n.say("manifest.description", { n: 2 })).toBe("Öffnet 2 Keys");
  expect(i18n.locale()).toBe("de");
});

test("says in English what a language lacks, and all of it where the file can't be read", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const english = i18n.say("manifest.description");
  await i18n.speak();
  expect(i18n.say("manifest.description")).toBe(english);
  expect(i18n.sayIfKnown("manifest.no-such-message")).toBeNull();
  expect(i18n.sayIfKnown("manifest.constructor")).toBeNull();
});

test("a chosen language wins", async () => {
  state.language = "en";
  expect(await i18n.speak()).toBe("en");
});

test("takes a message apart at its slots, and values never make one", async () => {
  state.files["/locales/de.json"] = { manifest: { description: "Tippe <kbd>pk</kbd> und {name}" } };
  await i18n.speak();
  expect(i18n.sayInParts("manifest.description", { name: "<kbd>x</kbd>" })).toEqual([
    { text: "Tippe ", slot: null },
    { text: "pk", slot: "kbd" },
    { text: " und <kbd>x</kbd>", slot: null },
  ]);
});
