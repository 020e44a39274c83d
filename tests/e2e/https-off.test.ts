/**
 * Where https:// for keys is not switched on: such an address opens over http:// if the site is a plain one, and a page
 * says what it takes if the site asks for TLS. And what pages of keys load from the own network.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "../harness/browser.ts";
import type { Resolver } from "../harness/dns.ts";
import { freshKey } from "../harness/key.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { content, page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

const open = { "access-control-allow-origin": "*" };
const routes = { "/*": page("Mirror"), "/data": content("text/plain", "data", open) };

async function prepare(world: World, dns: Resolver) {
  const [plain, port] = await Promise.all([
    world.keySite(routes),
    world.keySite(routes, { port: 8080 }),
  ]);
  const encrypted = await world.published(`@ 300 HTTPS 1 . port=9090\n@ 300 A ${plain.site.address}`);
  const home = await world.site(routes);
  dns.set("home.example", home.address);
  return { plain, port, encrypted, home };
}

/** Goes there and waits until the tab has come to rest at an address; the one asked for may be turned on the way. */
async function goes(tab: Page, from: string, to: string): Promise<void> {
  await tab.goto(from).catch(() => {});
  const at = () => tab.evaluate((wanted) => location.href === wanted && document.readyState === "complete", to);
  await until(at, { what: `${to} instead of ${from}` });
}

inEachBrowser("https:// that is not switched on", { prepare, ready: ({ plain }) => plain.url() }, (stage, name) => {
  test("opens a plain site over http://", async () => {
    const { browser, plain, dns } = stage();
    const tab = await browser.puppeteer.newPage();
    await goes(tab, `https://www.${plain.key}/a%20b?c=d#e`, `http://www.${plain.key}/a%20b?c=d#e`);
    assert.equal(await tab.title(), "Mirror");
    assert.ok(dns.about(plain.key).every(({ type }) => name === "firefox" && type === "HTTPS"));
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
    assert.equal(await tab.$eval("#title", (element) => element.textContent), "This site asks for https://");
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
    const frame = tab.frames().find((one) => one.url() === source);
    assert.equal(await frame?.$eval("#sheet", (element) => (element as HTMLElement).hidden), true);
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
});

/** What a request from a page came to: its text, or the name of its failure. */
function ask(tab: Page, address: string): Promise<string> {
  return tab.evaluate(async (url) => {
    try {
      return await (await fetch(url)).text();
    } catch (failure) {
      return (failure as Error).name;
    }
  }, address);
}

/** Whether a WebSocket there opens. */
function opens(tab: Page, address: string): Promise<boolean> {
  return tab.evaluate(
    (url) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(url);
        socket.onopen = () => resolve(true);
        socket.onerror = () => resolve(false);
      }),
    address,
  );
}

inEachBrowser("the own network", { prepare, ready: ({ plain }) => plain.url() }, (stage, name) => {
  // Chromium asks people itself before a page may go there.
  const options = { skip: name === "chromium" ? "the browser's own to guard" : false };

  test("can be reached by its own pages", options, async () => {
    const { browser, home } = stage();
    const { page: tab } = await browser.open(`http://${home.address}/`);
    assert.equal(await ask(tab, `http://${home.address}/data`), "data");
    assert.equal(await opens(tab, `ws://${home.address}/echo`), true);
    assert.equal(await ask(tab, "http://home.example/data"), "data");
  });

  test("is out of reach for the page of a key", options, async () => {
    const { browser, plain, home } = stage();
    const { page: tab } = await browser.open(plain.url());
    const before = home.visits.length;
    assert.equal(await ask(tab, `http://${home.address}/data`), "TypeError");
    assert.equal(await opens(tab, `ws://${home.address}/echo`), false);
    assert.equal(home.visits.length, before, "it was asked");
    // A name shows only by its answer where it leads.
    assert.equal(await ask(tab, "http://home.example/data"), "TypeError");
    // Its own key and others are where they were.
    assert.equal(await ask(tab, plain.url("/data")), "data");
    assert.equal(await ask(tab, plain.url("/data", "www")), "data");
  });

  test("is out of reach from a frame that is walled off", options, async () => {
    const { browser, plain, home } = stage();
    const { page: tab } = await browser.open(plain.url());
    const before = home.visits.length;
    const told = await tab.evaluate(async (url) => {
      const frame = document.createElement("iframe");
      frame.sandbox.add("allow-scripts");
      frame.srcdoc = `<script>fetch("${url}").then((r) => r.text(), (e) => e.name).then((t) => parent.postMessage(t, "*"))</script>`;
      const said = new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data)));
      document.body.append(frame);
      return await said;
    }, `http://${home.address}/data`);
    assert.equal(told, "TypeError");
    assert.equal(home.visits.length, before, "it was asked");
  });

  test("can still be gone to", options, async () => {
    const { browser, plain, home } = stage();
    const { page: tab } = await browser.open(plain.url());
    await tab.evaluate((href) => {
      location.href = href;
    }, `http://${home.address}/`);
    const there = () => tab.evaluate((wanted) => location.href === wanted, `http://${home.address}/`);
    await until(there, { what: "the page of the own network" });
  });
});
