/**
 * Every page people see: nothing sticks out at 320 px, and axe finds nothing, light or dark. The screenshots are kept in
 * tests/artifacts/screenshots.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page, TestBrowser } from "../harness/browser.ts";
import { freshKey } from "../harness/key.ts";
import { look, still } from "../harness/look.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { tabNumber } from "../harness/tabs.ts";
import type { World } from "../harness/world.ts";

async function prepare(world: World) {
  const alice = await world.keySite({ "/*": page("Alice’s garden") });
  await world.publish(
    alice.file,
    `@ 300 A ${alice.site.address}\nwww 300 CNAME @\n_pubky 300 HTTPS 1 ${freshKey().text}.\n` +
      '_iroh 300 TXT "relay=https://relay.example/"\n_dnslink 300 TXT "dnslink=/ipfs/bafkreia"\n' +
      `@ 300 TXT "${"a long word without a place to break: ".replaceAll(" ", "-").repeat(6)}"`,
  );
  return { alice };
}

async function looksGood(browser: TestBrowser, shown: Page, name: string): Promise<void> {
  await still(shown);
  assert.deepEqual(await look(browser, shown, name), []);
  await shown.close();
}

inEachBrowser("looks", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  for (const name of ["options", "names", "welcome", "diagnostics"]) {
    test(`of ${name}.html`, async () => {
      const { browser } = stage();
      await looksGood(browser, await browser.openExtension(`${name}.html`), name);
    });
  }

  test("of the popup for a verified key", async () => {
    const { browser, alice } = stage();
    await browser.open(alice.url());
    const id = await tabNumber(browser, alice.url());
    await looksGood(browser, await browser.openExtension(`popup.html?tabId=${id}`), "popup-verified");
  });

  test("of the popup for a key without records, and of the gateway's page", async () => {
    const { browser } = stage();
    const unknown = `http://${freshKey().text}/`;
    const opened = await browser.open(unknown);
    const id = await tabNumber(browser, unknown);
    await looksGood(browser, await browser.openExtension(`popup.html?tabId=${id}`), "popup-problem");
    await looksGood(browser, opened.page, "gateway-no-record");
  });

  test("of the page of a key, and of one without records", async () => {
    const { browser, alice } = stage();
    await looksGood(browser, await browser.openExtension(`key.html?key=${alice.key}`), "key");
    await looksGood(browser, await browser.openExtension(`key.html?key=${freshKey().text}`), "key-no-record");
    await looksGood(browser, await browser.openExtension("key.html"), "key-find");
  });

  test("of open.html and https.html", async () => {
    const { browser } = stage();
    await looksGood(browser, await browser.openExtension("open.html?url=http://example.com/"), "open");
    // For a key it goes on by itself, and sooner than it can be looked at.
    const secure = await browser.openExtension("https.html?url=https://example.com/");
    await looksGood(browser, secure, "https");
  });
});

inEachBrowser("looks without the program", { launch: () => ({ unregistered: true }) }, (stage) => {
  for (const name of ["welcome", "diagnostics"]) {
    test(`of ${name}.html`, async () => {
      const { browser } = stage();
      await looksGood(browser, await browser.openExtension(`${name}.html`), `${name}-missing`);
    });
  }

  test("of host.html", async () => {
    const { browser } = stage();
    await looksGood(browser, await browser.openExtension(`host.html?url=http://${freshKey().text}/`), "host");
  });
});
