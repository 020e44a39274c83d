/**
 * Where https:// for keys is not switched on: such an address opens over http:// if the site is a plain one, and a page
 * says what it takes if the site asks for TLS.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "../harness/browser.ts";
import { freshKey } from "../harness/key.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

const routes = { "/*": page("Mirror") };

async function prepare(world: World) {
  const [plain, unvisited, port] = await Promise.all([
    world.keySite(routes),
    world.keySite(routes),
    world.keySite(routes, { port: 8080 }),
  ]);
  const encrypted = await world.published(`@ 300 HTTPS 1 . port=9090\n@ 300 A ${plain.site.address}`);
  return { plain, unvisited, port, encrypted };
}

/** Goes there and waits until the tab has come to rest at an address; the one asked for may be turned on the way. */
async function goes(tab: Page, from: string, to: string): Promise<void> {
  // Firefox does not tell when a page of the extension is there.
  void tab.goto(from).catch(() => {});
  const at = () =>
    tab.evaluate((wanted) => location.href === wanted && document.readyState === "complete", to);
  await until(at, { what: `${to} instead of ${from}` });
}

inEachBrowser(
  "https:// that is not switched on",
  { prepare, ready: ({ plain }) => plain.url() },
  (stage, name) => {
    test("opens a plain site over http://", async () => {
      const { browser, unvisited, dns } = stage();
      const tab = await browser.puppeteer.newPage();
      await goes(tab, `https://www.${unvisited.key}/a%20b?c=d#e`, `http://www.${unvisited.key}/a%20b?c=d#e`);
      assert.equal(await tab.title(), "Mirror");
      // See dns.test.ts for the one question Firefox asks.
      assert.ok(dns.about(unvisited.key).every(({ type }) => name === "firefox" && type === "HTTPS"));
    });

    test("opens it from a link in a page", async () => {
      const { browser, plain } = stage();
      const { page: tab } = await browser.open(plain.url());
      await tab.evaluate((href) => {
        location.href = href;
      }, `https://${plain.key}/linked`);
      const there = () => tab.evaluate((wanted) => location.href === wanted, plain.url("/linked"));
      await until(there, { what: "the linked page" });
      assert.equal(await tab.title(), "Mirror");
    });

    test("keeps the port", async () => {
      const { browser, port } = stage();
      const tab = await browser.puppeteer.newPage();
      await goes(tab, `https://${port.key}:8080/x`, `http://${port.key}:8080/x`);
      assert.equal(await tab.title(), "Mirror");
    });

    test("leaves it to the gateway to say why a key does not open", async () => {
      const { browser } = stage();
      const unknown = freshKey().text;
      const tab = await browser.puppeteer.newPage();
      await goes(tab, `https://${unknown}/`, `http://${unknown}/`);
      assert.equal(await tab.$eval("#code", (element) => element.textContent), "no-record");
    });

    test("says what it takes when the site asks for TLS, and leaves the choice", async () => {
      const { browser, encrypted } = stage();
      const wanted = `https://${encrypted.key}/a?b=c`;
      const tab = await browser.puppeteer.newPage();
      await goes(tab, wanted, browser.extensionUrl(`https.html?url=${wanted}`));
      const state = await until(
        async () => {
          const now = await tab.evaluate(() => document.body.dataset.state);
          return now !== "asking" && now;
        },
        { what: "the page to know" },
      );
      assert.equal(
        await tab.$eval("#title", (element) => element.textContent),
        "This site asks for https://",
      );
      assert.equal(await tab.$eval("#url", (element) => element.textContent), wanted);
      const seen = (selector: string) => tab.$eval(selector, (element) => element.checkVisibility());
      // A program without that capability leaves nothing to offer.
      assert.ok(state === "off" || state === "unsupported", state);
      assert.equal(await seen("#enable"), state === "off");
      assert.equal(await seen("#meaning"), state === "off");
      assert.equal(await tab.$eval("#code", (element) => element.textContent), `https-${state}`);
      const link = await tab.$eval("#plain-link a", (element) => (element as HTMLAnchorElement).href);
      assert.equal(link, `http://${encrypted.key}/a?b=c`);
    });

    test("does nothing inside a frame, nor for what is no key", async () => {
      const { browser, plain, encrypted } = stage();
      const { page: tab } = await browser.open(plain.url());
      const source = browser.extensionUrl(`https.html?url=https://${encrypted.key}/`);
      await tab.evaluate(async (src) => {
        const frame = document.createElement("iframe");
        frame.src = src;
        const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
        document.body.append(frame);
        await loaded;
      }, source);
      // Firefox lets nobody look into such a frame, Chromium opens none.
      if (name === "chromium") assert.ok(tab.frames().every((frame) => frame.url() !== source));
      const other = await browser.openExtension("https.html?url=https://example.com/");
      assert.equal(await other.$eval("#code", (element) => element.textContent), "not-a-key");
      assert.equal(await other.$eval("#enable", (element) => element.checkVisibility()), false);
    });

    test("is told of in the options", async () => {
      const { browser } = stage();
      const options = await browser.openExtension("options.html");
      const state = await until(
        async () => {
          const now = await options.$eval("#https-state", (element) => element.textContent);
          return now && !now.endsWith("…") && now;
        },
        { what: "the options to know" },
      );
      assert.match(state, /^(Off|Not in this version)\.$/);
      const offered = await options.$eval("#https-enable", (element) => element.checkVisibility());
      assert.equal(offered, state === "Off.");
    });
  },
);
