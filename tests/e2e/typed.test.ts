/**
 * A key typed into the address bar opens its site, and the search engine hears nothing of it.
 *
 * Address bars take some spellings of a key for words to search for. A real window on a virtual screen gets real key
 * strokes here, and the engine is one that writes down what it is asked.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { BrowserName, Page } from "../harness/browser.ts";
import { Desktop } from "../harness/desktop.ts";
import type { Resolver } from "../harness/dns.ts";
import { searchWith, suggest } from "../harness/firefox.ts";
import { artifacts } from "../harness/paths.ts";
import { inEachBrowser, type Stage } from "../harness/scene.ts";
import { POSTING_ENGINE, postingEngine, SearchEngine } from "../harness/search-engine.ts";
import { type ExtensionApi, storeSettings } from "../harness/settings.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

/** Each spelling has a key of its own: an address bar completes what it has seen before. */
const SPELLINGS: Record<string, { typed: (key: string) => string; address: (key: string) => string }> = {
  "the key alone": { typed: (key) => key, address: (key) => `http://${key}/` },
  "pk: and the key": { typed: (key) => `pk:${key}`, address: (key) => `http://${key}/` },
  "pk: with a path": { typed: (key) => `pk:${key}/a?b=c`, address: (key) => `http://${key}/a?b=c` },
  "a sub-domain": { typed: (key) => `www.${key}`, address: (key) => `http://www.${key}/` },
  "a sub-domain with a path": {
    typed: (key) => `www.${key}/a?b=c`,
    address: (key) => `http://www.${key}/a?b=c`,
  },
  "upper case": { typed: (key) => key.toUpperCase(), address: (key) => `http://${key}/` },
  "a dot at the end": { typed: (key) => `${key}.`, address: (key) => `http://${key}./` },
  "spaces around": { typed: (key) => `  ${key} `, address: (key) => `http://${key}/` },
  "pk:// with a path": { typed: (key) => `pk://${key}/a`, address: (key) => `http://${key}/a` },
  "pubky://": { typed: (key) => `pubky://${key}`, address: (key) => `http://${key}/` },
  "the key and a path": { typed: (key) => `${key}/a`, address: (key) => `http://${key}/a` },
  "the key and a slash": { typed: (key) => `${key}/`, address: (key) => `http://${key}/` },
};

async function prepare(world: World, dns: Resolver) {
  const engine = await SearchEngine.start(world, dns);
  const site = await world.site({ "/*": page("Mirror") });
  const zone = `@ 300 A ${site.address}\n* 300 A ${site.address}`;
  const known = (await world.published(zone)).key;
  const posted = (await world.published(zone)).key;
  const keys = Object.fromEntries(
    await Promise.all(
      Object.keys(SPELLINGS).map(async (name) => [name, (await world.published(zone)).key] as const),
    ),
  );
  const desktop = await Desktop.start();
  world.defer(() => desktop.stop());
  return { engine, known, posted, keys, desktop, posting: postingEngine() };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Types into the address bar of a new tab, like a person, and returns the tab. */
async function beginTyping({ browser, desktop }: Stage & Prepared, text: string): Promise<Page> {
  const tab = await browser.puppeteer.newPage();
  await tab.bringToFront();
  // The page has to be there before the address bar keeps the keyboard.
  await until(() => tab.evaluate(() => document.visibilityState === "visible"), { what: "the new tab" });
  await desktop.focus(windowClass(browser.name));
  await desktop.press("ctrl+l");
  await desktop.type(text);
  return tab;
}

/** The same, and Enter. */
async function typeAddress(stage: Stage & Prepared, text: string): Promise<Page> {
  const tab = await beginTyping(stage, text);
  await stage.desktop.press("Return");
  return tab;
}

/** Waits until the tab shows this page. What the window looks like otherwise is kept. */
async function shows({ desktop }: Prepared, tab: Page, address: string, title: string): Promise<void> {
  const shown = () => tab.evaluate(() => ({ address: location.href, title: document.title }));
  const arrived = async () => {
    const now = await shown();
    return now.title === title && now.address.startsWith(address);
  };
  await until(arrived, { what: `${address} in the tab` }).catch(async (failure) => {
    await desktop.screenshot(join(artifacts, "failures", "window.png"));
    throw failure;
  });
}

/** Types half a key and tells whether the engine is asked for suggestions about it. */
async function suggests(stage: Stage & Prepared, half: string): Promise<boolean> {
  const before = stage.engine.suggestions(half.slice(0, 20)).length;
  await beginTyping(stage, half);
  const asked = () => stage.engine.suggestions(half.slice(0, 20)).length > before;
  const told = await until(asked, { timeout: 3_000 }).catch(() => false);
  await stage.desktop.press("Escape");
  return told;
}

/** With the extension's own switch, and the browser told by the keyboard that this is wanted. */
async function switchSuggestionsOff({ browser, desktop }: Stage & Prepared): Promise<Page> {
  const options = await browser.openExtension("options.html");
  await options.bringToFront();
  const off = async () => {
    // Where the question was not there yet, or was answered with no, it is asked again.
    const asked = await options.$eval("#suggestions-off", (box) => (box as HTMLInputElement).checked);
    if (!asked) await options.click("#suggestions-off");
    // From the answer that changes nothing to the other one.
    await desktop.press("Tab", "Return");
    return await options.evaluate(async () => {
      const { chrome } = globalThis as unknown as ExtensionApi;
      if (!(await chrome.permissions.contains({ permissions: ["privacy"] }))) return false;
      return !(await chrome.privacy.services.searchSuggestEnabled.get({})).value;
    });
  };
  await until(off, { what: "suggestions to be off", every: 1_000 });
  return options;
}

const windowClass = (name: BrowserName) => (name === "firefox" ? "firefox" : "chrom");

inEachBrowser<Prepared>(
  "typed into the address bar",
  {
    prepare,
    launchAfter: (world, { desktop, posting }, name) => ({
      headed: true,
      // Chromium knows no such extension.
      otherExtensions: name === "firefox" ? [posting] : [],
      acceptInsecureCerts: true,
      env: { ...world.hostEnv(), ...desktop.env },
    }),
    ready: ({ known }) => `http://${known}/`,
  },
  (stage, name) => {
    test("words are searched for, and the engine is told", async () => {
      const { engine } = stage();
      // A window that has just come up loses the first letters.
      const told = async () => {
        const tab = await typeAddress(stage(), "something ordinary");
        await until(async () => (await tab.title()) === "Results", { timeout: 5_000 });
        return engine.searches("something ordinary").length === 1;
      };
      await until(told, { what: "the words in a search", timeout: 40_000 });
    });

    for (const [spelling, { typed, address }] of Object.entries(SPELLINGS)) {
      test(`${spelling} opens the site`, async () => {
        const { keys, engine, dns } = stage();
        const key = keys[spelling] ?? "";
        const tab = await typeAddress(stage(), typed(key));
        await shows(stage(), tab, address(key), "Mirror");
        assert.deepEqual(engine.searches(key), []);
        assert.ok(dns.about(key).every(({ type }) => name === "firefox" && type === "HTTPS"));
      });
    }

    for (const [which, words] of [
      ["a question about a key", (key: string) => `what is ${key}`],
      ["a key within a longer word", (key: string) => `x${key}`],
      ["what is one letter short of a key", (key: string) => key.slice(1)],
    ] as const) {
      test(`${which} reaches the engine as it was typed`, async () => {
        const { known, engine } = stage();
        const before = engine.searches(words(known)).length;
        const tab = await typeAddress(stage(), words(known));
        await shows(stage(), tab, "https://", "Results");
        assert.equal(engine.searches(words(known)).length, before + 1);
      });
    }

    const skip = name === "chromium";
    test("an engine that takes words as a form does not hear of a key, but of all else", {
      skip,
    }, async () => {
      const { browser, posted, engine, desktop } = stage();
      const before = await searchWith(browser.puppeteer, POSTING_ENGINE);
      await desktop.focus(windowClass(name));
      const words = await typeAddress(stage(), `what is ${posted}`);
      await shows(stage(), words, "https://engine.example/posted", "Results");
      assert.deepEqual(engine.pages("engine.example"), ["/posted"]);
      const tab = await typeAddress(stage(), `pk:${posted}/a`);
      await shows(stage(), tab, `http://${posted}/a`, "Mirror");
      assert.deepEqual(engine.pages("engine.example"), ["/posted"]);
      await searchWith(browser.puppeteer, before);
    });

    test("a key is searched for where that is wanted", async () => {
      const { browser, known, engine } = stage();
      const before = engine.searches(known).length;
      await storeSettings(browser, { searchRescue: false });
      const searched = async () => {
        const tab = await browser.puppeteer.newPage();
        await tab.goto(`https://duckduckgo.com/?q=${known}`).catch(() => {});
        return engine.searches(known).length > before;
      };
      await until(searched, { what: "a search" });
      await storeSettings(browser, { searchRescue: true });
    });

    test("words are suggested about while they are typed", async () => {
      const { desktop, engine } = stage();
      await desktop.focus(windowClass(name));
      await beginTyping(stage(), "half a word");
      await until(() => engine.suggestions("half a word").length > 0, { what: "suggestions" });
      await desktop.press("Escape");
    });

    // Browsers ask for suggestions by themselves, where no extension can see it; only their setting stops them.
    test("a key is suggested about, unless that is switched off", async () => {
      const { browser, known } = stage();
      assert.ok(await suggests(stage(), known.slice(0, 30)), "nothing is asked in the first place");
      if (name === "firefox") {
        await suggest(browser.puppeteer, false);
        assert.equal(await suggests(stage(), known.slice(0, 34)), false);
        return;
      }
      const options = await switchSuggestionsOff(stage());
      assert.equal(await suggests(stage(), known.slice(0, 34)), false);
      await options.bringToFront();
      await options.click("#suggestions-off");
      const asked = () => suggests(stage(), known.slice(0, 38));
      await until(asked, { what: "suggestions to be the browser's own again" });
    });
  },
);
