/**
 * The settings: kept at once and in every window, in another language, taken along in a file, and put back to what they
 * were at first.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Page, TestBrowser } from "../harness/browser.ts";
import { look, still } from "../harness/look.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

async function prepare(world: World) {
  const directory = mkdtempSync(join(tmpdir(), "pkarr-settings-"));
  world.defer(() => rmSync(directory, { recursive: true, force: true }));
  const routes = { "/*": page("Mirror") };
  const [alice, bob] = await Promise.all([world.keySite(routes), world.keySite(routes)]);
  return { alice, bob, directory };
}

/** What of the extensions' interface is used inside their pages here. */
interface Extension {
  storage: { local: { set(items: object): Promise<void>; get(): Promise<Record<string, unknown>> } };
  runtime: { sendMessage(message: object): Promise<Record<string, unknown>> };
}

async function settings(browser: TestBrowser): Promise<Page> {
  const options = await browser.openExtension("options.html");
  await says(options, "#names-count", /./);
  return options;
}

function text(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => (element as HTMLElement).innerText.trim());
}

function says(page: Page, selector: string, wanted: RegExp): Promise<boolean> {
  return until(async () => wanted.test(await text(page, selector)), { what: `${selector} to say ${wanted}` });
}

function seen(page: Page, selector: string): Promise<boolean> {
  const visible = () => page.$eval(selector, (element) => element.checkVisibility());
  return until(visible, { what: `${selector} to be seen` });
}

function checked(page: Page, selector: string): Promise<boolean> {
  return page.$eval(selector, (box) => (box as HTMLInputElement).checked);
}

function becomes(page: Page, selector: string, wanted: boolean): Promise<boolean> {
  return until(async () => (await checked(page, selector)) === wanted, {
    what: `${selector} to be ${wanted}`,
  });
}

/** By a click that finds the element wherever it is in the page. */
function press(page: Page, selector: string): Promise<void> {
  return page.$eval(selector, (element) => (element as HTMLElement).click());
}

/** Puts this into the storage, as another page of the extension does. */
function store(options: Page, items: object): Promise<void> {
  return options.evaluate(async (kept) => {
    const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
    await (browser ?? chrome)?.storage.local.set(kept);
  }, items);
}

function ask(options: Page, question: object): Promise<Record<string, unknown>> {
  return options.evaluate(async (asked) => {
    const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
    return (await (browser ?? chrome)?.runtime.sendMessage(asked)) ?? {};
  }, question);
}

async function choose(options: Page, file: string): Promise<void> {
  const input = await options.$("input#file");
  assert.ok(input);
  await input.uploadFile(file);
}

/** The text of the file that the page gives out. */
async function exported(options: Page): Promise<string> {
  await options.evaluate(() => {
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
      void (blob as Blob).text().then((text) => {
        document.body.dataset.exported = text;
      });
      return make(blob);
    };
  });
  await press(options, "#export");
  return await until(() => options.evaluate(() => document.body.dataset.exported ?? ""), {
    what: "the file",
  });
}

/** Nothing sticks out and axe finds nothing, light and dark, narrow and wide. */
async function looksGood(browser: TestBrowser, options: Page, name: string): Promise<void> {
  await still(options);
  assert.deepEqual(await look(browser, options, name), []);
}

inEachBrowser("the settings", { prepare, ready: ({ alice }) => alice.url() }, (stage, name) => {
  test("are kept at once, said to be, and the same in every window", async () => {
    const { browser } = stage();
    const options = await settings(browser);
    const other = await settings(browser);
    for (const [box, usual] of [
      ["#search-rescue", true],
      ["#paused", false],
      ["#look-ahead", true],
      ["#linkify", false],
      ['input[value="redirect"]', false],
    ] as const) {
      assert.equal(await checked(options, box), usual, box);
      await press(options, box);
      await says(options, "#saved", /^Saved\.$/);
      await becomes(other, box, !usual);
    }
    const again = await settings(browser);
    assert.equal(await checked(again, "#linkify"), true);
    assert.equal(await checked(again, 'input[value="gateway"]'), false);
    for (const box of ["#search-rescue", "#paused", "#look-ahead", "#linkify", 'input[value="gateway"]']) {
      await press(other, box);
    }
    await becomes(again, 'input[value="gateway"]', true);
  });

  test("tell which keys are paused, and let them go on", async () => {
    const { browser, alice, bob } = stage();
    const options = await settings(browser);
    assert.equal(await text(options, "#paused-none"), "No key is paused.");
    await ask(options, { question: "nameKey", key: alice.key, name: "alice" });
    await store(options, { pausedKeys: [alice.key, bob.key, "no key"] });
    const row = (key: string) => `#paused-keys li[data-key="${key}"]`;
    await until(async () => (await options.$$("#paused-keys li")).length === 2, { what: "two keys" });
    assert.equal((await text(options, `${row(bob.key)} .key-text`)).replace(/\s/g, ""), bob.key);
    assert.equal(await text(options, `${row(alice.key)} .name`), "alice");
    await press(options, `${row(bob.key)} button`);
    await until(async () => (await options.$$("#paused-keys li")).length === 1, { what: "one key" });
    assert.equal(await options.$(row(bob.key)), null);
  });

  test("speak another language at once, from right to left where it is read so", async () => {
    const { browser } = stage();
    const options = await settings(browser);
    const other = await settings(browser);
    const direction = (page: Page) => page.evaluate(() => document.documentElement.dir);
    await options.select("#language", "ar");
    for (const page of [options, other]) {
      await until(async () => (await direction(page)) === "rtl", { what: "the page to turn" });
      assert.equal(await page.evaluate(() => document.documentElement.lang), "ar");
      const selected = () => page.$eval("#language", (select) => (select as HTMLSelectElement).value);
      await until(async () => (await selected()) === "ar", { what: "the choice" });
    }
    await looksGood(browser, options, "settings-rtl");
    await options.select("#language", "en");
    await until(async () => (await direction(other)) === "ltr", { what: "the page to turn back" });
    assert.equal(await text(other, "h1"), "Settings");
  });

  test("go into a file, are lost by a reset that asks first, and come back", async () => {
    const { browser, alice, bob, directory } = stage();
    const options = await settings(browser);
    await press(options, "#linkify");
    await becomes(options, "#linkify", true);
    const file = join(directory, `${name}.json`);
    const kept = await exported(options);
    writeFileSync(file, kept);
    assert.deepEqual(JSON.parse(kept).names, [{ name: "alice", key: alice.key }]);
    assert.equal(JSON.parse(kept).settings.linkify, true);

    await press(options, "#reset");
    await seen(options, "#reset-dialog");
    await looksGood(browser, options, "settings-reset");
    await options.keyboard.press("Escape");
    assert.equal(await checked(options, "#linkify"), true);

    await press(options, "#reset");
    await press(options, "#reset-do");
    await says(options, "#data-done", /at first/);
    await becomes(options, "#linkify", false);
    assert.equal(await text(options, "#paused-none"), "No key is paused.");
    // Names stay unless they are to go too.
    const names = async () => (await ask(options, { question: "names" })).names;
    assert.deepEqual(await names(), [{ key: alice.key, name: "alice" }]);
    await press(options, "#reset");
    await press(options, "#reset-names");
    await press(options, "#reset-do");
    await until(async () => JSON.stringify(await names()) === "[]", { what: "the names to go" });

    await ask(options, { question: "nameKey", key: alice.key, name: "other" });
    await ask(options, { question: "nameKey", key: bob.key, name: "Alice" });
    await choose(options, file);
    await seen(options, "#preview");
    assert.match(
      await text(options, "#preview-list"),
      /Make links of keys in the text of pages: on, before: off/,
    );
    assert.match(await text(options, "#preview-list"), /1 more key is paused/);
    assert.match(await text(options, "#preview-collisions-count"), /^1 name differs/);
    await looksGood(browser, options, "settings-import");
    assert.equal(await checked(options, "#linkify"), false);
    await press(options, 'input[name="keep"][value="theirs"]');
    await press(options, "#apply");
    await says(options, "#data-done", /Imported/);
    await becomes(options, "#linkify", true);
    assert.equal((await options.$$("#paused-keys li")).length, 1);
    assert.deepEqual(await names(), [
      { key: alice.key, name: "alice" },
      { key: bob.key, name: "Alice 2" },
    ]);
  });

  test("take nothing from a file that is not as it should be", async () => {
    const { browser, alice, directory } = stage();
    const options = await settings(browser);
    const before = await exported(options);
    const file = join(directory, `${name}-broken.json`);
    for (const [words, problem] of [
      ["{", /no JSON/],
      ["{}", /no settings/],
      [
        JSON.stringify({ "pkarr-settings": 1, settings: { linkify: false }, x: 1 }),
        /doesn’t belong there \(x\)/,
      ],
      [JSON.stringify({ "pkarr-settings": 1, settings: { linkify: "<b>" } }), /\(settings\.linkify\)/],
      [
        JSON.stringify({ "pkarr-settings": 1, names: [{ name: "\u202e", key: alice.key }] }),
        /no usable name/,
      ],
    ] as const) {
      writeFileSync(file, words);
      await choose(options, file);
      await says(options, "#data-problem", problem);
    }
    assert.equal(await exported(options), before);
  });
});
