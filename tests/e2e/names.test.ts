/**
 * What people call keys: named in the popup and on the page of names, warned of when another key looks like a known one,
 * and nothing a web page could learn.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { BrowserName, Page, TestBrowser } from "../harness/browser.ts";
import { Desktop } from "../harness/desktop.ts";
import { artifacts } from "../harness/paths.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

const LONG_NAME = "W".repeat(40);
const ICANN = `${"long-".repeat(8)}name.example`;
const POPUP = { width: 320, height: 600 };

async function prepare(world: World) {
  const directory = mkdtempSync(join(tmpdir(), "pkarr-names-"));
  world.defer(() => rmSync(directory, { recursive: true, force: true }));
  const routes = { "/*": page("Mirror") };
  const [alice, bob] = await Promise.all([world.keySite(routes), world.keySite(routes)]);
  // Leads into TLS first, which this browser does not speak with keys, and to a name of the web second.
  const elsewhere = await world.published(
    `@ 300 HTTPS 1 . port=9090\n@ 300 HTTPS 2 ${ICANN}.\n@ 300 A ${bob.site.address}\n` +
      `text 300 TXT "<b id=markup>x</b>\\226\\128\\174y"`,
  );
  return { alice, bob, elsewhere, directory };
}

/** What of the extensions' interface is used inside their pages here. */
interface Extension {
  tabs: { query(filter: object): Promise<{ id: number; url: string }[]> };
  action: { getBadgeText(of: { tabId: number }): Promise<string> };
}

/** The tab that shows this address, by the number extensions know it by. */
async function tabOf(browser: TestBrowser, url: string): Promise<number> {
  const options = await browser.openExtension("options.html");
  const id = await options.evaluate(async (wanted) => {
    const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
    const tabs = await (browser ?? chrome)?.tabs.query({});
    return tabs?.find((tab) => tab.url === wanted)?.id;
  }, url);
  await options.close();
  assert.ok(id, `no tab shows ${url}`);
  return id;
}

async function popupFor(browser: TestBrowser, url: string): Promise<Page> {
  const popup = await browser.openExtension(`popup.html?tabId=${await tabOf(browser, url)}`);
  await popup.setViewport(POPUP);
  await seen(popup, "#key-section");
  return popup;
}

function text(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => (element as HTMLElement).innerText.trim());
}

async function bare(page: Page, selector: string): Promise<string> {
  return (await text(page, selector)).replace(/\s/g, "");
}

function seen(page: Page, selector: string): Promise<boolean> {
  const visible = () => page.$eval(selector, (element) => element.checkVisibility());
  return until(visible, { what: `${selector} to be seen` });
}

function says(page: Page, selector: string, wanted: string | RegExp): Promise<boolean> {
  const said = async () => {
    const now = await text(page, selector);
    return typeof wanted === "string" ? now === wanted : wanted.test(now);
  };
  return until(said, { what: `${selector} to say ${wanted}` });
}

/** Fills the field by the keyboard, whatever it had in it. */
async function fill(page: Page, selector: string, value: string): Promise<void> {
  await page.$eval(selector, (field) => {
    (field as HTMLInputElement).focus();
    (field as HTMLInputElement).select();
  });
  await page.keyboard.type(value);
}

/** The same beginning and end, and another middle. */
function madeToLookLike(key: string): string {
  const middle = [...key.slice(5, 46)].map((letter) => (letter === "b" ? "n" : "b")).join("");
  return key.slice(0, 5) + middle + key.slice(46);
}

/** Keeps what a person would see, light and dark, and says whether anything sticks out to the side. */
async function looks(page: Page, name: string): Promise<void> {
  const directory = join(artifacts, "looks");
  mkdirSync(directory, { recursive: true });
  await page.bringToFront();
  for (const scheme of ["light", "dark"]) {
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    const emulated = await page.emulateMediaFeatures(features).then(
      () => true,
      () => false,
    );
    // Firefox shows what its own settings say.
    if (!emulated && scheme === "dark") return;
    await page.screenshot({ path: join(directory, `${name}-${scheme}.png`), fullPage: true });
    const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok((wide ?? 0) <= (window ?? 0), `${name} is ${wide} wide in ${window}`);
  }
}

inEachBrowser("names of keys", { prepare, ready: ({ alice }) => alice.url() }, (stage, browserName) => {
  const shot = (name: string): string => `${browserName as BrowserName}-${name}`;

  test("are given in the popup, by the keyboard alone", async () => {
    const { browser, alice } = stage();
    await browser.open(alice.url("/named"));
    const popup = await popupFor(browser, alice.url("/named"));
    assert.equal(await text(popup, "#pet-name"), "No name yet");
    await popup.focus("#name-it");
    await popup.keyboard.press("Enter");
    await seen(popup, "#new-name");
    await popup.keyboard.type("a/b");
    await popup.keyboard.press("Enter");
    await says(popup, "#naming-problem", /can’t have any of/);
    await fill(popup, "#new-name", "  Alice  ");
    await popup.keyboard.press("Enter");
    await says(popup, "#pet-name", "Alice");
    assert.equal(await popup.$eval("#naming", (form) => form.checkVisibility()), false);
    assert.equal(await popup.evaluate(() => document.activeElement?.id), "name-it");
    assert.equal(await bare(popup, "#key"), alice.key);
    assert.match(await popup.$eval("#art", (image) => (image as HTMLImageElement).alt), /^Key art: .+ dots$/);
    assert.ok(await popup.$eval("#art", (image) => (image as HTMLImageElement).naturalWidth > 0));

    const again = await popupFor(browser, alice.url("/named"));
    await says(again, "#pet-name", "Alice");
  });

  test("stay in their place however long they are", async () => {
    const { browser, alice } = stage();
    const popup = await popupFor(browser, alice.url("/named"));
    await popup.click("#name-it");
    await fill(popup, "#new-name", LONG_NAME);
    await popup.click("#naming button[type=submit]");
    await says(popup, "#pet-name", LONG_NAME);
    await seen(popup, "#facts");
    await looks(popup, shot("popup-long-name"));
    await popup.click("#name-it");
    await looks(popup, shot("popup-naming"));
    await fill(popup, "#new-name", "alice");
    await popup.keyboard.press("Enter");
    await says(popup, "#pet-name", "alice");
    await popup.$eval("details", (details) => {
      details.open = true;
    });
    await looks(popup, shot("popup-named"));
  });

  test("come with the key to copy, and its freshest records", async () => {
    const { browser, alice } = stage();
    await browser.open(alice.url("/copied?a=b", "www"));
    const popup = await popupFor(browser, alice.url("/copied?a=b", "www"));
    await popup.bringToFront();
    for (const [button, copied] of [
      ["#copy", alice.key],
      ["#copy-link", `pk:www.${alice.key}/copied?a=b`],
    ] as const) {
      await popup.click(button);
      await says(popup, button, "Copied");
      await popup.$eval("#naming", (form) => {
        (form as HTMLFormElement).hidden = false;
      });
      await fill(popup, "#new-name", " ");
      await popup.keyboard.down("Control");
      await popup.keyboard.press("v");
      await popup.keyboard.up("Control");
      const pasted = () => popup.$eval("#new-name", (field) => (field as HTMLInputElement).value.trim());
      await until(async () => (await pasted()) === copied, { what: `${copied} to be pasted` });
    }
    await seen(popup, "#facts");
    await popup.click("#refresh");
    await says(popup, "#source", /^seen on \d+ nodes? of the network$/);
    assert.equal(await text(popup, "#summary"), "Verified");
    assert.match(await text(popup, "#protection"), /not encrypted/);
  });

  test("have a name of the web beside them where the records tell one", async () => {
    const { browser, elsewhere, dns } = stage();
    // The page that offers to switch https:// on, and stays.
    const path = `https.html?url=https://${elsewhere.key}/a?b=c`;
    const offer = await browser.openExtension(path);
    await seen(offer, "#plain-link a");
    const popup = await popupFor(browser, browser.extensionUrl(path));
    await seen(popup, "#facts");
    assert.match(await text(popup, "#protection"), /encrypted with the key|https/);
    await popup.click("summary");
    await seen(popup, "#records li");
    assert.match(await text(popup, "#records"), /<b id=markup>x<\/b>/);
    assert.doesNotMatch(await text(popup, "#records"), /\u202e/);
    assert.equal(await popup.$("#markup"), null);
    await looks(popup, shot("popup-elsewhere"));
    assert.equal(await text(popup, "#open-icann"), `Open ${ICANN}`);
    assert.equal(dns.about(ICANN).length, 0);
    await popup.click("#open-icann");
    await until(() => dns.about(ICANN).length > 0, { what: "the tab to go there" });
  });

  test("warn of another key that looks like a known one", async () => {
    const { browser, bob } = stage();
    const known = madeToLookLike(bob.key);
    const names = await browser.openExtension("names.html");
    await seen(names, "#list li");
    await fill(names, "#add-key", `pk:www.${known}/x`);
    await fill(names, "#add-name", "bob");
    await names.keyboard.press("Enter");
    await says(names, "#said", /bob/);

    const url = bob.url("/fake");
    await browser.open(url);
    const tabId = await tabOf(browser, url);
    const badge = () =>
      names.evaluate((tabId) => {
        const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
        return (browser ?? chrome)?.action.getBadgeText({ tabId });
      }, tabId);
    await until(async () => (await badge()) === "!", { what: "the badge" });
    const popup = await popupFor(browser, url);
    await seen(popup, "#look-alike");
    assert.match(await text(popup, "#look-alike-title"), /not “bob”/);
    assert.equal(await bare(popup, "#look-alike-this"), bob.key);
    assert.equal(await bare(popup, "#look-alike-known"), known);
    await seen(popup, "#facts");
    await looks(popup, shot("popup-look-alike"));

    await popup.click("#name-it");
    await fill(popup, "#new-name", "the real bob");
    await popup.keyboard.press("Enter");
    await says(popup, "#pet-name", "the real bob");
    assert.equal(await popup.$eval("#look-alike", (warning) => warning.checkVisibility()), false);
    await until(async () => (await badge()) === "", { what: "the badge to go" });
  });

  test("come from a file, and collisions are told first", async () => {
    const { browser, alice, bob, directory } = stage();
    const file = join(directory, `${browserName}.json`);
    writeFileSync(file, JSON.stringify({ "pkarr-names": 1, names: [{ name: "alice", key: bob.key }] }));
    const names = await browser.openExtension("names.html");
    await seen(names, "#list li");
    const choose = async (path: string) => {
      const input = await names.$("input#file");
      assert.ok(input);
      await input.uploadFile(path);
    };
    const nameOf = (key: string) =>
      names.$eval(`#list li[data-key="${key}"] .name`, (name) => (name as HTMLElement).innerText);
    await choose(file);
    await seen(names, "#collisions");
    await looks(names, shot("names-collisions"));
    assert.equal(await nameOf(bob.key), "the real bob");
    await names.click("#take-theirs");
    await until(async () => (await nameOf(bob.key)) === "alice", { what: "their name" });
    assert.equal(await nameOf(alice.key), "alice 2");

    const broken = join(directory, `${browserName}-broken.json`);
    writeFileSync(broken, "{");
    await choose(broken);
    await says(names, "#file-problem", /no JSON/);
    assert.equal(await nameOf(alice.key), "alice 2");
  });

  test("stand beside the keys that were opened, which can be forgotten", async () => {
    const { browser, alice } = stage();
    const names = await browser.openExtension("names.html?typed=%3Cb%3Enobody%E2%80%AE");
    await says(names, "#typed", "“<b>nobody\u{fffd}” is no key and none of your names.");
    await seen(names, `#opened li[data-key="${alice.key}"]`);
    await names.setViewport(POPUP);
    await looks(names, shot("names"));
    await names.click("#forget-all");
    await until(async () => (await names.$$("#opened li")).length === 0, { what: "them to be forgotten" });
    await names.click("#keeps");
    await browser.open(alice.url("/unnoted"));
    const again = await browser.openExtension("names.html");
    await seen(again, "#list li");
    assert.equal((await again.$$("#opened li")).length, 0);
    assert.equal(await again.$eval("#keeps", (box) => (box as HTMLInputElement).checked), false);
  });

  test("are nothing a web page learns", async () => {
    const { browser, alice } = stage();
    const { page: tab } = await browser.open(alice.url("/curious"));
    const loads = (path: string) =>
      tab.evaluate(
        (url) =>
          fetch(url).then(
            () => true,
            () => false,
          ),
        browser.extensionUrl(path),
      );
    assert.equal(await loads("names.html"), false);
    assert.equal(await loads("popup.html"), false);
  });
});

async function prepareDesktop(world: World) {
  const alice = await world.keySite({ "/*": page("Mirror") });
  const desktop = await Desktop.start();
  world.defer(() => desktop.stop());
  return { alice, desktop };
}

inEachBrowser<Awaited<ReturnType<typeof prepareDesktop>>>(
  "names typed after pk",
  {
    prepare: prepareDesktop,
    launchAfter: (world, { desktop }) => ({
      headed: true,
      env: { ...world.hostEnv(), ...desktop.env },
    }),
    ready: ({ alice }) => alice.url(),
  },
  (stage, browserName) => {
    /** In a new tab, whose page has to be there before the address bar keeps the keyboard. */
    async function type(words: string): Promise<Page> {
      const { browser, desktop } = stage();
      const tab = await browser.puppeteer.newPage();
      await tab.bringToFront();
      await until(() => tab.evaluate(() => document.visibilityState === "visible"), { what: "the new tab" });
      await desktop.focus(browserName === "firefox" ? "firefox" : "chrom");
      await desktop.press("ctrl+l");
      await desktop.type(`pk ${words}`);
      await desktop.press("Return");
      return tab;
    }

    async function shows(tab: Page, address: string): Promise<void> {
      const there = () => tab.evaluate((wanted) => location.href === wanted, address);
      await until(there, { what: `${address} in the tab` }).catch(async (failure) => {
        await stage().desktop.screenshot(join(artifacts, "failures", "window.png"));
        throw failure;
      });
    }

    test("open their keys, and other words a page that helps", async () => {
      const { browser, alice } = stage();
      const names = await browser.openExtension("names.html");
      await fill(names, "#add-key", alice.key);
      await fill(names, "#add-name", "alice");
      await names.keyboard.press("Enter");
      await says(names, "#said", /alice/);
      await shows(await type("www.alice/path?a=b"), alice.url("/path?a=b", "www"));
      await shows(await type("nobody"), browser.extensionUrl("names.html?typed=nobody"));
    });
  },
);
