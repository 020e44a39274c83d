/**
 * What the extension itself shows: the popup says who signed what is in the tab, and the options change how keys open.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page, TestBrowser } from "../harness/browser.ts";
import { freshKey } from "../harness/key.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

async function prepare(world: World) {
  const published = Date.now();
  return { alice: await world.keySite({ "/*": page("Mirror") }), published };
}

/** What of the extensions' interface is used inside their pages here. */
interface Extension {
  tabs: { query(filter: object): Promise<{ id: number; url: string }[]> };
  action: { getTitle(of: { tabId: number }): Promise<string> };
}

/** The popup, in a tab of its own, for the tab that shows this address. */
async function popupFor(browser: TestBrowser, url: string): Promise<Page> {
  const page = await browser.openExtension("options.html");
  const id = await page.evaluate(async (wanted) => {
    const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
    const tabs = await (browser ?? chrome)?.tabs.query({});
    return tabs?.find((tab) => tab.url === wanted)?.id;
  }, url);
  await page.close();
  assert.ok(id, `no tab shows ${url}`);
  return await browser.openExtension(`popup.html?tabId=${id}`);
}

/** The words a person sees at this place. */
function text(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => (element as HTMLElement).innerText.trim());
}

/** Waits until the popup has come to a conclusion. */
async function concluded(popup: Page): Promise<string> {
  return await until(
    async () => {
      const state = await popup.$eval("#state", (element) => (element as HTMLElement).dataset.state);
      return state !== "asking" && state;
    },
    { what: "the popup to know" },
  );
}

inEachBrowser("the popup", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  test("shows the key, that it is verified, when it was signed and where it came from", async () => {
    const { browser, alice, published } = stage();
    await browser.open(alice.url("/shown"));
    const popup = await popupFor(browser, alice.url("/shown"));
    assert.equal(await concluded(popup), "verified");
    assert.equal((await text(popup, "#key")).replace(/\s/g, ""), alice.key);
    assert.match(await text(popup, "#summary"), /verified/i);
    const signed = await popup.$eval("#signed", (element) => (element as HTMLTimeElement).dateTime);
    assert.ok(Math.abs(Date.parse(signed) - published) < 60_000, `signed at ${signed}`);
    assert.match(await text(popup, "#source"), /network|cache|dht/i);
    assert.match(await text(popup, "#endpoints"), new RegExp(alice.site.address.replaceAll(".", "\\.")));
    await popup.click("#facts summary");
    assert.match(await text(popup, "#records"), /A\b/);
  });

  test("says why a key can't be verified", async () => {
    const { browser } = stage();
    const unknown = `http://${freshKey().text}/`;
    await browser.open(unknown);
    const popup = await popupFor(browser, unknown);
    assert.equal(await concluded(popup), "problem");
    assert.equal(await text(popup, "#code"), "no-record");
  });

  test("says in another tab that all is well", async () => {
    const { browser, world } = stage();
    const ordinary = await world.site({ "/": page("Ordinary") });
    const url = `http://${ordinary.address}/`;
    await browser.open(url);
    assert.equal(await concluded(await popupFor(browser, url)), "ready");
  });
});

inEachBrowser("the redirect way", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  test("is chosen in the options and sends tabs to the address in the record", async () => {
    const { browser, alice } = stage();
    const options = await browser.openExtension("options.html");
    await options.click('input[value="redirect"]');
    const there = `http://${alice.site.address}/a?b=c`;
    const tab = await browser.puppeteer.newPage();
    await tab.goto(alice.url("/a?b=c")).catch(() => {});
    await until(() => tab.evaluate((wanted) => location.href === wanted, there), { what: there });
    assert.equal(await tab.title(), "Mirror");
    const popup = await popupFor(browser, there);
    assert.equal(await concluded(popup), "verified");
    assert.equal((await text(popup, "#key")).replace(/\s/g, ""), alice.key);
    const title = await popup.evaluate(() => {
      const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
      const tabId = Number(new URLSearchParams(location.search).get("tabId"));
      return (browser ?? chrome)?.action.getTitle({ tabId });
    });
    assert.match(title ?? "", /verified/);
  });

  test("is left again the same way", async () => {
    const { browser, alice } = stage();
    const options = await browser.openExtension("options.html");
    await options.click('input[value="gateway"]');
    const url = alice.url("/again");
    const tab = await browser.puppeteer.newPage();
    await until(
      async () => {
        await tab.goto(url).catch(() => {});
        return (await tab.evaluate(() => location.href)) === url && (await tab.title()) === "Mirror";
      },
      { what: url },
    );
  });
});
