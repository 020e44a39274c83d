/**
 * Pausing: key hosts are names like any other again, all of them or those of one key, until somebody goes on.
 *
 * The resolver of these tests answers for the keys too, with a site of its own: what a tab shows tells which way it went.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Page, TestBrowser } from "../harness/browser.ts";
import type { Resolver } from "../harness/dns.ts";
import { inEachBrowser, type Stage } from "../harness/scene.ts";
import { type ExtensionApi, storeSettings } from "../harness/settings.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { KeySite, World } from "../harness/world.ts";

async function prepare(world: World, dns: Resolver) {
  const [alice, bob, elsewhere] = await Promise.all([
    world.keySite({ "/*": page("Mirror") }),
    world.keySite({ "/*": page("Mirror") }),
    world.site({ "/*": page("Elsewhere") }),
  ]);
  for (const key of [alice, bob]) {
    dns.set(key.key, elsewhere.address);
    dns.set(`www.${key.key}`, elsewhere.address);
  }
  return { alice, bob, home: world.home() };
}

interface Prepared {
  alice: KeySite;
  bob: KeySite;
  home: string;
}

let visits = 0;

/** Opens addresses until one shows this title: a change of settings takes a moment to reach the browser. */
async function opensAs(browser: TestBrowser, title: string, site: KeySite, subdomain = ""): Promise<void> {
  const tab = await browser.puppeteer.newPage();
  const shown = async () => {
    // Never one that a cache could know.
    visits += 1;
    await tab.goto(site.url(`/${visits}`, subdomain), { timeout: 5_000 }).catch(() => {});
    return (await tab.title()) === title;
  };
  await until(shown, { what: `${title} at ${site.url("/", subdomain)}`, timeout: 30_000, every: 200 });
  await tab.close();
}

/** What the browser itself says is left in it of ours. */
function leftovers(settings: Page): Promise<{ proxy: string; rules: number }> {
  return settings.evaluate(async () => {
    const { chrome } = globalThis as unknown as ExtensionApi;
    const { levelOfControl } = await chrome.proxy.settings.get({});
    const lasting = await chrome.declarativeNetRequest.getDynamicRules();
    const passing = await chrome.declarativeNetRequest.getSessionRules();
    return { proxy: levelOfControl, rules: lasting.length + passing.length };
  });
}

inEachBrowser<Prepared>(
  "pausing",
  {
    prepare,
    launchAfter: (world, { home }) => ({ env: world.hostEnv(), home, keepsExtension: true }),
    ready: ({ alice }) => alice.url(),
  },
  (stage, name) => {
    let browser: TestBrowser;
    after(() => browser?.close());

    async function restarted({ world, home }: Stage & Prepared): Promise<TestBrowser> {
      await (browser ?? stage().browser).close();
      browser = await TestBrowser.launch(name, { env: world.hostEnv(), home, keepsExtension: true });
      return browser;
    }

    test("one key leaves it alone, with what is below it, and no other", async () => {
      const { browser, alice, bob } = stage();
      await storeSettings(browser, { pausedKeys: [alice.key] });
      await opensAs(browser, "Elsewhere", alice);
      await opensAs(browser, "Elsewhere", alice, "www");
      await opensAs(browser, "Mirror", bob);
      await storeSettings(browser, { pausedKeys: [] });
      await opensAs(browser, "Mirror", alice);
    });

    test("everywhere leaves all alone, and nothing of ours in the browser", async () => {
      const { browser, alice, bob } = stage();
      await storeSettings(browser, { paused: true });
      await opensAs(browser, "Elsewhere", alice);
      await opensAs(browser, "Elsewhere", bob, "www");
      if (name === "chromium") {
        const settings = await browser.openExtension("options.html");
        assert.deepEqual(await leftovers(settings), { proxy: "controllable_by_this_extension", rules: 0 });
        await settings.close();
      }
    });

    test("goes on after the browser was closed, for its first tab too", async () => {
      const browser = await restarted(stage());
      const tab = await until(() => browser.puppeteer.newPage(), { what: "a tab", timeout: 45_000 });
      await tab.goto(stage().bob.url("/first")).catch(() => {});
      await until(async () => (await tab.title()) === "Elsewhere", { what: "the other site" });
    });

    test("ends when somebody says so, without anything started again", async () => {
      const { alice, bob } = stage();
      await storeSettings(browser, { paused: false });
      await opensAs(browser, "Mirror", alice);
      await opensAs(browser, "Mirror", bob, "www");
    });

    test("one key goes on after the browser was closed", async () => {
      const { alice, bob } = stage();
      await storeSettings(browser, { pausedKeys: [bob.key] });
      await opensAs(browser, "Elsewhere", bob);
      await restarted(stage());
      await opensAs(browser, "Elsewhere", bob);
      await opensAs(browser, "Mirror", alice);
    });
  },
);
