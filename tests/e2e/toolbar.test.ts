/**
 * The toolbar button and its popup: how the key of each tab stands, in words and in a badge; pausing for a key and
 * everywhere, and back; keeping a key alive.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { before, test } from "node:test";
import type { Page, TestBrowser } from "../harness/browser.ts";
import { freshKey } from "../harness/key.ts";
import { artifacts } from "../harness/paths.ts";
import { remembers } from "../harness/pkarr.ts";
import { attempt } from "../harness/processes.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

/** The narrowest popup there is. */
const POPUP = { width: 320, height: 600 };

async function prepare(world: World) {
  const routes = { "/*": page("Mirror") };
  const [alice, bob] = await Promise.all([world.keySite(routes), world.keySite(routes)]);
  const wordy = await world.published(
    `@ 300 A ${bob.site.address}\n@ 300 AAAA 2001:db8:1234:5678:9abc:def0:1234:5678\n` +
      `text 300 TXT "${"x".repeat(250)}" "${"y".repeat(250)}"\n` +
      `rtl 300 TXT "\\216\\167\\217\\132\\216\\173\\216\\168\\216\\167 \\226\\128\\174drowssap"\n` +
      `_pubky.a-rather-long-name-under-the-key 300 HTTPS 1 ${alice.key}.`,
  );
  return { alice, bob, wordy };
}

interface Extension {
  tabs: {
    query(filter: object): Promise<{ id: number; url: string }[]>;
    create(tab: object): Promise<unknown>;
  };
  windows: { create(window: object): Promise<unknown> };
  action: {
    getBadgeText(of: { tabId: number }): Promise<string>;
    getTitle(of: { tabId: number }): Promise<string>;
  };
  storage: { local: { get(name: string): Promise<Record<string, unknown>> } };
}

/** Says what the toolbar shows in the tab at this address. */
async function toolbar(watcher: Page, url: string): Promise<{ title: string; badge: string } | null> {
  return await watcher.evaluate(async (wanted) => {
    const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
    const extension = (browser ?? chrome) as Extension;
    const tab = (await extension.tabs.query({})).find((one) => one.url === wanted);
    if (!tab) return null;
    const of = { tabId: tab.id };
    return { title: await extension.action.getTitle(of), badge: await extension.action.getBadgeText(of) };
  }, url);
}

function says(watcher: Page, url: string, wanted: RegExp): Promise<boolean> {
  const said = async () => wanted.test((await toolbar(watcher, url))?.title ?? "");
  return until(said, { what: `the button of ${url} to say ${wanted}` });
}

function setting(watcher: Page, name: string): Promise<unknown> {
  return watcher.evaluate(async (name) => {
    const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
    return (await (browser ?? chrome)?.storage.local.get(name))?.[name];
  }, name);
}

async function popupFor(browser: TestBrowser, watcher: Page, url: string): Promise<Page> {
  const id = await watcher.evaluate(async (wanted) => {
    const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
    return (await (browser ?? chrome)?.tabs.query({}))?.find((tab) => tab.url === wanted)?.id;
  }, url);
  assert.ok(id, `no tab shows ${url}`);
  const popup = await browser.openExtension(`popup.html?tabId=${id}`);
  await popup.setViewport(POPUP);
  return popup;
}

function text(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => (element as HTMLElement).innerText.trim());
}

function visible(page: Page, selector: string): Promise<boolean> {
  return page.$eval(selector, (element) => element.checkVisibility());
}

function comesTo(popup: Page, state: string): Promise<boolean> {
  return until(
    () => popup.$eval("#state", (banner, wanted) => (banner as HTMLElement).dataset.state === wanted, state),
    { what: `the popup to come to ${state}` },
  );
}

/** Keeps what a person would see, light and dark, and says whether anything sticks out to the side. */
async function looks(popup: Page, name: string): Promise<void> {
  const directory = join(artifacts, "looks");
  mkdirSync(directory, { recursive: true });
  await popup.bringToFront();
  for (const scheme of ["light", "dark"]) {
    const emulated = await popup.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]).then(
      () => true,
      () => false,
    );
    // Firefox shows what its own settings say.
    if (!emulated && scheme === "dark") return;
    await popup.screenshot({ path: join(directory, `${name}-${scheme}.png`), fullPage: true });
    const [wide, window] = await popup.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok((wide ?? 0) <= (window ?? 0), `${name} is ${wide} wide in ${window}`);
  }
}

inEachBrowser("the toolbar button", { prepare, ready: ({ alice }) => alice.url() }, (stage, name) => {
  let watcher: Page;
  const shot = (what: string): string => `${name}-popup-${what}`;

  before(async () => {
    watcher = await stage().browser.openExtension("options.html");
  });

  test("says of each tab how its key stands, in every window", async () => {
    const { browser, world, alice } = stage();
    const ordinary = `http://${(await world.site({ "/": page("Ordinary") })).address}/`;
    const unknown = `http://${freshKey().text}/`;
    await browser.open(ordinary);
    await browser.open(alice.url("/one"));
    await browser.open(unknown);
    await watcher.evaluate(async (url) => {
      const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
      await (browser ?? chrome)?.windows.create({ url });
    }, alice.url("/window"));
    await says(watcher, ordinary, /no key in this tab/);
    await says(watcher, alice.url("/one"), /is verified/);
    await says(watcher, alice.url("/window"), /is verified/);
    await says(watcher, unknown, /^pkarr: (?!.*verified)/);
    assert.equal((await toolbar(watcher, unknown))?.badge, "");
    const popup = await popupFor(browser, watcher, unknown);
    await comesTo(popup, "problem");
    await looks(popup, shot("problem"));
    const none = await popupFor(browser, watcher, ordinary);
    await comesTo(none, "ready");
    await looks(none, shot("none"));
  });

  test("forgets what a tab showed once it goes elsewhere", async () => {
    const { browser, world, alice } = stage();
    const elsewhere = `http://${(await world.site({ "/": page("Elsewhere") })).address}/`;
    const { page: tab } = await browser.open(alice.url("/leaving"));
    await says(watcher, alice.url("/leaving"), /is verified/);
    await tab.goto(elsewhere);
    await says(watcher, elsewhere, /no key in this tab/);
  });

  test("pauses for a key with one click, and goes on with another", async () => {
    const { browser, alice, bob } = stage();
    await browser.open(alice.url("/pausing"));
    await browser.open(bob.url("/going-on"));
    const popup = await popupFor(browser, watcher, alice.url("/pausing"));
    await comesTo(popup, "verified");
    await until(() => visible(popup, "#facts"), { what: "the facts" });
    await looks(popup, shot("verified"));
    await popup.click("#pause-here");
    await comesTo(popup, "paused");
    assert.match(await text(popup, "#problem"), /DNS/);
    assert.deepEqual(await setting(watcher, "pausedKeys"), [alice.key]);
    await says(watcher, alice.url("/pausing"), /paused for this key/);
    await says(watcher, bob.url("/going-on"), /is verified/);
    await looks(popup, shot("paused-here"));
    // What was chosen is known to the next popup.
    const again = await popupFor(browser, watcher, alice.url("/pausing"));
    await comesTo(again, "paused");
    await again.click("#pause-here");
    await comesTo(again, "verified");
    await comesTo(popup, "verified");
    assert.deepEqual(await setting(watcher, "pausedKeys"), []);
    await says(watcher, alice.url("/pausing"), /is verified/);
  });

  test("pauses everywhere, in tabs without a key too", async () => {
    const { browser, world, alice } = stage();
    const ordinary = `http://${(await world.site({ "/": page("Plain") })).address}/`;
    await browser.open(ordinary);
    await browser.open(alice.url("/everywhere"));
    const popup = await popupFor(browser, watcher, ordinary);
    await comesTo(popup, "ready");
    assert.equal(await visible(popup, "#pause-here"), false);
    await popup.click("#pause-everywhere");
    await comesTo(popup, "paused");
    assert.equal(await setting(watcher, "paused"), true);
    await says(watcher, ordinary, /paused everywhere/);
    await says(watcher, alice.url("/everywhere"), /paused everywhere/);
    await looks(popup, shot("paused"));
    await popup.click("#pause-everywhere");
    await comesTo(popup, "ready");
    await says(watcher, alice.url("/everywhere"), /is verified/);
    await says(watcher, ordinary, /no key in this tab/);
  });

  test("keeps a key alive with one click, and lets go of it with another", async () => {
    const { browser, bob } = stage();
    await browser.open(bob.url("/kept"));
    const popup = await popupFor(browser, watcher, bob.url("/kept"));
    await comesTo(popup, "verified");
    await until(() => visible(popup, "#facts"), { what: "the facts" });
    await until(() => visible(popup, "#keeping"), { what: "the button" });
    await looks(popup, shot("keep"));
    await popup.click("#keep");
    const keeping = (state: string) =>
      until(
        () => popup.$eval("#keeping", (part, now) => (part as HTMLElement).dataset.state === now, state),
        {
          what: `keeping to be ${state}`,
          timeout: 30_000,
        },
      );
    await keeping("on");
    // The first time comes by itself.
    await until(async () => /Kept alive from here: \d+ nodes? ha/.test(await text(popup, "#kept")), {
      what: "how many nodes have it",
      timeout: 30_000,
    });
    await looks(popup, shot("kept"));
    await popup.click("#keep");
    await keeping("off");
  });

  test("has room for long names, long records and letters from right to left", async () => {
    const { browser, wordy } = stage();
    const url = `http://${wordy.key}/`;
    await browser.open(url);
    const popup = await popupFor(browser, watcher, url);
    await until(() => visible(popup, "#facts"), { what: "the facts" });
    await popup.click("#name-it");
    await popup.type("#new-name", `${"Wide".repeat(9)}القط`);
    await popup.keyboard.press("Enter");
    await until(async () => /Wide/.test(await text(popup, "#pet-name")), { what: "the name" });
    await popup.click("#facts summary");
    await looks(popup, shot("long"));
    // As in a language that is written so; keys stay as they are.
    await popup.$eval("html", (page) => page.setAttribute("dir", "rtl"));
    await looks(popup, shot("rtl"));
    assert.equal((await text(popup, "#key")).replace(/\s/g, ""), wordy.key);
  });

  test("says so when the network is asked and is away", async () => {
    const { browser, world, alice } = stage();
    await browser.open(alice.url("/away"));
    const popup = await popupFor(browser, watcher, alice.url("/away"));
    await comesTo(popup, "verified");
    await world.cut();
    await popup.click("#refresh");
    await comesTo(popup, "stale");
    await looks(popup, shot("stale"));
  });
});

/** A host that has seen a key ten minutes ago, and finds no network now. */
async function prepareStale(world: World) {
  const alice = await world.keySite({ "/*": page("Mirror") });
  const env = world.hostEnv();
  const remembered = async () => {
    // It may end before what it found is written down.
    await attempt(world.settings.binary, ["resolve", alice.key], { env });
    return await remembers(env, alice.key);
  };
  await until(remembered, { what: "the key to be remembered" });
  const cache = new DatabaseSync(join(env.PKARR_DATA_DIR ?? "", "cache.db"));
  assert.equal(cache.prepare("UPDATE items SET seen_at = seen_at - ?").run(10 * 60_000_000).changes, 1);
  cache.close();
  await world.cut();
  return { alice, env };
}

inEachBrowser(
  "the toolbar button without a network",
  { prepare: prepareStale, launchAfter: (_, { env }) => ({ env }) },
  (stage, name) => {
    test("says that what it goes by is past its time", async () => {
      const { browser, alice } = stage();
      const watcher = await browser.openExtension("options.html");
      await browser.open(alice.url("/stale"));
      await says(watcher, alice.url("/stale"), /past its time/);
      const popup = await popupFor(browser, watcher, alice.url("/stale"));
      await comesTo(popup, "stale");
      await until(() => visible(popup, "#facts"), { what: "the facts" });
      assert.match(await text(popup, "#ttl"), /5 minutes ago/);
      assert.match(await text(popup, "#source"), /remembered from 10 minutes ago/);
      await looks(popup, `${name}-popup-past`);
    });
  },
);

inEachBrowser(
  "the toolbar button without the program",
  { launch: (world) => ({ env: world.hostEnv(), unregistered: true }) },
  (stage, name) => {
    test("says what is missing, and where to set it up", async () => {
      const { browser } = stage();
      const popup = await browser.openExtension("popup.html");
      await popup.setViewport(POPUP);
      await comesTo(popup, "problem");
      assert.equal(await text(popup, "#code"), "host-missing");
      assert.equal(await visible(popup, "#welcome"), true);
      await says(popup, browser.extensionUrl("popup.html"), /missing/);
      await looks(popup, `${name}-popup-missing`);
    });
  },
);
