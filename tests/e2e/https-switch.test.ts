/**
 * `https://` for keys is switched on and off by people: in the page that offers it, in the options and from a terminal.
 * Off, it leaves nothing behind.
 */
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { test } from "node:test";
import { type BrowserName, type Page, TestBrowser } from "../harness/browser.ts";
import { Desktop } from "../harness/desktop.ts";
import { certificatesBelow, rootFiles, switchHttps } from "../harness/https.ts";
import { inEachBrowser, type Stage } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { SecureSite, World } from "../harness/world.ts";

const routes = { "/*": page("Secure") };

async function prepare(world: World) {
  const [alice, bob, carol, dave, plain] = await Promise.all([
    world.secureSite(routes),
    world.secureSite(routes),
    world.secureSite(routes),
    world.secureSite(routes),
    world.keySite(routes),
  ]);
  const desktop = await Desktop.start();
  world.defer(() => desktop.stop());
  return {
    alice,
    bob,
    carol,
    dave,
    plain,
    desktop,
    home: world.home(),
    env: { ...world.hostEnv(), ...desktop.env },
  };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

const windowClass = (name: BrowserName) => (name === "firefox" ? "firefox" : "chrom");

/** A new tab that goes there; what becomes of it is looked for afterwards. */
async function goes({ puppeteer }: TestBrowser, address: string): Promise<Page> {
  const tab = await puppeteer.newPage();
  await tab.bringToFront();
  // Firefox does not tell when a page of the extension is there.
  void tab.goto(address).catch(() => {});
  return tab;
}

/** Waits until the tab shows this site's page at this address. */
async function shows(tab: Page, address: string): Promise<void> {
  const there = () =>
    tab.evaluate((wanted) => location.href === wanted && document.title === "Secure", address);
  await until(there, { what: address });
}

/** Waits until the tab offers to switch it on, and the offer can be taken. */
async function offers(tab: Page): Promise<void> {
  const offered = () =>
    tab.$eval("#enable", (button) => button.checkVisibility() && button.matches(":enabled"));
  await until(offered, { what: "the offer" });
}

/** Opens a site at `https://`, and nothing has been asked for by another way. */
async function opensSecurely(browser: TestBrowser, { url }: SecureSite, path: string): Promise<void> {
  const tab = await goes(browser, url(path));
  await shows(tab, url(path));
  await showsPadlock(browser, tab);
}

/** The browser's own window comes after the page. */
async function showsPadlock(browser: TestBrowser, tab: Page): Promise<void> {
  await until(async () => (await browser.padlock(tab)).secure, { what: "the padlock" });
}

/** The roots in each store below the browser's home. */
async function roots({ home }: TestBrowser): Promise<number[]> {
  const stores = Object.values(await certificatesBelow(home));
  assert.ok(stores.length > 0, "the browser has no store");
  return stores.map(({ length }) => length);
}

async function leavesNothing(browser: TestBrowser): Promise<void> {
  assert.ok((await roots(browser)).every((count) => count === 0));
  assert.equal(existsSync(rootFiles(browser.dataDirectory).folder), false);
}

/** `pkarr https` in a terminal of the one who uses the browser. */
const inTerminal = ({ world, home, env }: Stage & Prepared, action: "enable" | "disable") =>
  switchHttps({ binary: world.settings.binary, env: { ...env, HOME: home } }, action);

inEachBrowser(
  "the switch of https://",
  {
    prepare,
    launchAfter: (_world, { env, home }) => ({ env, home, headed: true }),
    ready: ({ plain }) => plain.url(),
  },
  (stage, name) => {
    test("is offered, and the site opens once the key is pressed", async () => {
      const { browser, desktop, alice } = stage();
      const tab = await goes(browser, alice.url("/wanted"));
      await offers(tab);
      await desktop.focus(windowClass(name));
      const focused = async () => {
        await desktop.press("Tab");
        return await tab.evaluate(() => document.activeElement?.id === "enable");
      };
      await until(focused, { what: "the button to have the focus" });
      await desktop.press("Return");
      await shows(tab, alice.url("/wanted"));
      await showsPadlock(browser, tab);
      assert.deepEqual(await roots(browser), [1]);
      const { folder, key } = rootFiles(browser.dataDirectory);
      assert.equal(statSync(folder).mode & 0o777, 0o700);
      assert.equal(statSync(key).mode & 0o777, 0o600);
    });

    test("has a key that is typed open with https://", async () => {
      const { browser, desktop, alice, bob } = stage();
      // A tab that is new may still take the keyboard from the address bar.
      const { page: tab } = await browser.open(alice.url());
      await tab.bringToFront();
      await desktop.press("ctrl+l");
      await desktop.type(bob.key);
      await desktop.press("Return");
      await shows(tab, bob.url());
    });

    test("is off after a click in the options, and nothing is left", async () => {
      const { browser, bob } = stage();
      const options = await browser.openExtension("options.html");
      const enabled = () => options.$eval("#https-disable", (button) => button.checkVisibility());
      await until(enabled, { what: "the options to know" });
      await options.click("#https-disable");
      const state = () => options.$eval("#https-state", (element) => element.textContent);
      await until(async () => (await state()) === "Off.", { what: "the options to say so" });
      await leavesNothing(browser);
      await offers(await goes(browser, bob.url("/again")));
      const tab = await goes(browser, `http://${bob.key}/again`);
      await shows(tab, `http://${bob.key}/again`);
    });

    test("is on after a command, and off after another, in a browser that runs", async () => {
      const { browser, carol, dave } = stage();
      const { enabled, stores } = await inTerminal(stage(), "enable");
      assert.equal(enabled, true);
      assert.deepEqual(
        stores.map(({ trusts, failure }) => ({ trusts, failure })),
        [{ trusts: true, failure: null }],
      );
      await opensSecurely(browser, carol, "/command");
      await inTerminal(stage(), "disable");
      await leavesNothing(browser);
      await offers(await goes(browser, dave.url("/off")));
    });

    test("is on in a browser that starts again, and off even where a connection is open", async () => {
      const { world, browser, carol, env, home } = stage();
      await inTerminal(stage(), "enable");
      await browser.close();
      const again = await TestBrowser.launch(name, { env, home, headed: true });
      world.defer(() => again.close());
      await opensSecurely(again, carol, "/restarted");
      await inTerminal(stage(), "disable");
      await leavesNothing(again);
      await offers(await goes(again, carol.url("/off")));
    });
  },
);
