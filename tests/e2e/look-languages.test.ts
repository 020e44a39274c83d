/**
 * Every language has room on a narrow page, and the one that is read from right to left looks as good that way round. The
 * screenshots are kept in tests/artifacts/screenshots.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { freshKey } from "../harness/key.ts";
import { look, still, tooWide } from "../harness/look.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { storeSettings } from "../harness/settings.ts";
import { page } from "../harness/site.ts";
import { tabNumber } from "../harness/tabs.ts";
import type { World } from "../harness/world.ts";

/** All but English, which other tests look at. */
const LANGUAGES = ["de", "es", "fr", "pt", "zh", "ja", "ar"];

/** Runs in a page. */
function direction(): { dir: string; lang: string } {
  const { dir, lang } = document.documentElement;
  return { dir, lang };
}

async function prepare(world: World) {
  const alice = await world.keySite({ "/*": page("Alice’s garden") });
  await world.publish(
    alice.file,
    `@ 300 A ${alice.site.address}\n_pubky 300 HTTPS 1 ${freshKey().text}.\n` +
      '_iroh 300 TXT "relay=https://relay.example/"\n_dnslink 300 TXT "dnslink=/ipfs/bafkreia"\n',
  );
  return { alice };
}

inEachBrowser("looks in another language", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  for (const language of LANGUAGES) {
    test(`${language} has room`, async () => {
      const { browser, alice } = stage();
      await storeSettings(browser, { language });
      const { page: tab } = await browser.open(alice.url());
      const pages = {
        popup: `popup.html?tabId=${await tabNumber(browser, alice.url())}`,
        options: "options.html",
        welcome: "welcome.html",
      };
      for (const [name, path] of Object.entries(pages)) {
        const shown = await browser.openExtension(path);
        await still(shown);
        const { dir, lang } = await shown.evaluate(direction);
        assert.deepEqual({ dir, lang }, { dir: language === "ar" ? "rtl" : "ltr", lang: language });
        assert.equal(await tooWide(browser, shown, `${name}-${language}`), 0, `${name} in ${language}`);
        await shown.close();
      }
      await tab.close();
    });
  }

  test("from right to left", async () => {
    const { browser, alice } = stage();
    await storeSettings(browser, { language: "ar" });
    await browser.open(alice.url());
    for (const [name, path] of [
      ["popup-ar", `popup.html?tabId=${await tabNumber(browser, alice.url())}`],
      ["key-ar", `key.html?key=${alice.key}`],
    ] as const) {
      const shown = await browser.openExtension(path);
      await still(shown);
      assert.deepEqual(await look(browser, shown, name), []);
      // What is written the other way round stays so.
      const turned = await shown.$$eval("[class*='key-text'], .mono:not(ul), kbd, .address", (places) =>
        places
          .filter((place) => place.textContent !== "" && getComputedStyle(place).direction !== "ltr")
          .map((place) => place.outerHTML.slice(0, 200)),
      );
      assert.deepEqual(turned, [], path);
      await shown.close();
    }
  });

  test("the gateway's pages too, as the browser asks for them", async () => {
    const { browser } = stage();
    const tab = await browser.puppeteer.newPage();
    await tab.setExtraHTTPHeaders({ "accept-language": "ar,en;q=0.5" });
    await tab.goto(`http://${freshKey().text}/`);
    const { dir, lang } = await tab.evaluate(direction);
    assert.deepEqual({ dir, lang }, { dir: "rtl", lang: "ar" });
    assert.match(await tab.title(), /\p{Script=Arabic}/u);
    await still(tab);
    assert.deepEqual(await look(browser, tab, "gateway-no-record-ar"), []);
  });
});
