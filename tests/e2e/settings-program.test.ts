/**
 * The program's settings on the settings page: the program keeps them, says what is wrong with them, and goes by them
 * once it has started again.
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

const RELAY = "https://relay.example/";

async function prepare(world: World) {
  const directory = mkdtempSync(join(tmpdir(), "pkarr-program-"));
  world.defer(() => rmSync(directory, { recursive: true, force: true }));
  return { alice: await world.keySite({ "/*": page("Mirror") }), directory };
}

async function network(browser: TestBrowser): Promise<Page> {
  const options = await browser.openExtension("options.html");
  await seen(options, "#network-settings");
  await says(options, "#cache-holds", /./);
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

function value(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (field) => (field as HTMLInputElement).value);
}

function checked(page: Page, selector: string): Promise<boolean> {
  return page.$eval(selector, (box) => (box as HTMLInputElement).checked);
}

/** By a click that finds the element wherever it is in the page. */
function press(page: Page, selector: string): Promise<void> {
  return page.$eval(selector, (element) => (element as HTMLElement).click());
}

/** Fills the field by the keyboard, whatever it had in it. */
async function fill(page: Page, selector: string, words: string): Promise<void> {
  await page.bringToFront();
  await page.$eval(selector, (field) => {
    (field as HTMLInputElement).focus();
    (field as HTMLInputElement).select();
  });
  await page.keyboard.type(words);
}

/** With a configuration file that may be changed, and relays that are not switched off by an option. */
function launch(world: World) {
  const file = join(world.home(), "config.toml");
  writeFileSync(file, "");
  return { env: world.hostEnv({ PKARR_CONFIG: file, PKARR_NO_RELAYS: "0" }) };
}

const ready = ({ alice }: Awaited<ReturnType<typeof prepare>>) => alice.url();

inEachBrowser("the program's settings", { prepare, launch, ready }, (stage, name) => {
  test("that are fixed can't be changed, and say why", async () => {
    const { browser } = stage();
    const options = await network(browser);
    assert.equal(
      await options.$eval("#bootstrap fieldset", (set) => (set as HTMLFieldSetElement).disabled),
      true,
    );
    assert.match(await text(options, "#bootstrap .fixed"), /^Fixed by an option or a variable/);
    assert.equal(await options.$eval("#relays .fixed", (note) => note.checkVisibility()), false);
  });

  test("are refused beside their field where they are wrong, and nothing written is lost", async () => {
    const { browser } = stage();
    const options = await network(browser);
    await press(options, '#relays input[value="own"]');
    await fill(options, "#relays-list", `${RELAY}\nrelay of mine`);
    await press(options, '#relays button[type="submit"]');
    await says(options, "#relays-problem", /relay/);
    assert.equal(await value(options, "#relays-list"), `${RELAY}\nrelay of mine`);
    assert.equal(await options.$eval("#restart-note", (note) => note.checkVisibility()), false);
    const other = await network(browser);
    assert.equal(await checked(other, '#relays input[value="own"]'), false);
    await fill(options, "#cache-size-number", "many");
    await options.keyboard.press("Enter");
    await says(options, "#cache-size-problem", /whole number/);
  });

  test("hold once the program has started again, and keys open as before", async () => {
    const { browser, alice } = stage();
    const options = await network(browser);
    await press(options, '#relays input[value="own"]');
    await fill(options, "#relays-list", RELAY);
    await press(options, '#relays button[type="submit"]');
    await seen(options, "#restart-note");
    await press(options, "#stale");
    await fill(options, "#private-key", `pk:www.${alice.key}/x`);
    await options.keyboard.press("Enter");
    await seen(options, `#private-keys li[data-key="${alice.key}"]`);
    assert.equal(
      (await text(options, `#private-keys li[data-key="${alice.key}"] .key-text`)).replace(/\s/g, ""),
      alice.key,
    );
    await fill(options, "#cache-size-number", "4321");
    await options.keyboard.press("Enter");
    await seen(options, "#cache-size-reset");
    await still(options);
    assert.deepEqual(await look(browser, options, "settings-program"), []);
    await press(options, "#restart");
    await says(options, "#restarted", /started again/);
    await browser.ready(alice.url("/again"));
    const again = await network(browser);
    assert.equal(await value(again, "#relays-list"), RELAY);
    assert.equal(await checked(again, "#stale"), false);
    assert.equal(await value(again, "#cache-size-number"), "4321");
    assert.equal(await again.$eval("#restart-note", (note) => note.checkVisibility()), false);
  });

  test("tell how much is remembered, and forget it", async () => {
    const { browser } = stage();
    const options = await network(browser);
    assert.match(await text(options, "#cache-holds"), /^[1-9]\d* keys? (is|are) remembered/);
    await press(options, "#cache-clear");
    await says(options, "#cache-holds", /^No key is remembered/);
  });

  test("go into the file with the others, and come back after a reset", async () => {
    const { browser, alice, directory } = stage();
    const options = await network(browser);
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
    const kept = await until(() => options.evaluate(() => document.body.dataset.exported ?? ""), {
      what: "the file",
    });
    const chosen = { relays: [RELAY], stale: false, allowPrivateFor: [alice.key], cacheSize: 4321 };
    assert.deepEqual(JSON.parse(kept).program, chosen);
    await press(options, "#reset");
    await press(options, "#reset-program");
    await press(options, "#reset-do");
    await says(options, "#data-done", /at first/);
    assert.equal(await checked(options, '#relays input[value="usual"]'), true);
    assert.equal(await checked(options, "#stale"), true);
    assert.equal((await options.$$("#private-keys li")).length, 0);

    const file = join(directory, `${name}.json`);
    writeFileSync(file, kept);
    const input = await options.$("input#file");
    assert.ok(input);
    await input.uploadFile(file);
    await seen(options, "#preview");
    assert.match(await text(options, "#preview-list"), new RegExp(alice.key));
    await press(options, "#apply");
    await says(options, "#data-done", /Imported/);
    await seen(options, `#private-keys li[data-key="${alice.key}"]`);
    assert.equal(await value(options, "#relays-list"), RELAY);
    assert.equal(await checked(options, "#stale"), false);
  });
});
