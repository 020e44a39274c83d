/**
 * The extension's background comes and goes: it is stopped, taken out and put in again while tabs are open. What it
 * knows comes back, and so do the keys in all the tabs there are.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Page, TestBrowser } from "../harness/browser.ts";
import { nativeHosts } from "../harness/pkarr.ts";
import { inEachBrowser } from "../harness/scene.ts";
import type { ExtensionApi } from "../harness/settings.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { KeySite, World } from "../harness/world.ts";

const MANY = 200;

async function prepare(world: World) {
  const [alice, bob] = await Promise.all([
    world.keySite({ "/*": page("Mirror") }),
    world.keySite({ "/*": page("Mirror") }),
  ]);
  return { alice, bob, home: world.home() };
}

interface Prepared {
  alice: KeySite;
  bob: KeySite;
  home: string;
}

async function opens(browser: TestBrowser, url: string): Promise<void> {
  const { page: tab, response } = await browser.open(url);
  assert.equal(response?.status(), 200);
  assert.equal(await tab.title(), "Mirror");
  await tab.close();
}

async function goesOn(tab: Page, url: string): Promise<void> {
  const shown = async () => {
    await tab.goto(url, { timeout: 3_000 }).catch(() => {});
    return (await tab.title()) === "Mirror" && tab.url() === url;
  };
  await until(shown, { what: url, timeout: 30_000, every: 200 });
}

inEachBrowser<Prepared>(
  "a background that comes and goes",
  {
    prepare,
    launchAfter: (world, { home }) => ({ env: world.hostEnv(), home, keepsExtension: true }),
    ready: ({ alice }) => alice.url(),
  },
  (stage, name) => {
    // Firefox stops its background only while nothing needs it, which a host that is there always does.
    test("is stopped, and a key opens all the same", { skip: name === "firefox" }, async () => {
      const { browser, bob, dns } = stage();
      const before = nativeHosts();
      const whole = await browser.puppeteer.target().createCDPSession();
      const { targetInfos } = await whole.send("Target.getTargets");
      const worker = targetInfos.find(({ type }) => type === "service_worker");
      assert.ok(worker, "no service worker runs");
      // It ends, and the port to its host with it.
      await whole.send("Target.closeTarget", { targetId: worker.targetId });
      await until(() => nativeHosts().every((pid) => !before.includes(pid)), { what: "the end of the host" });
      const tab = await browser.puppeteer.newPage();
      await goesOn(tab, bob.url("/stopped"));
      assert.ok(dns.about(bob.key).length === 0);
      await tab.close();
    });

    test("serves many tabs in several windows", async () => {
      const { browser, alice, bob } = stage();
      const tabs = await Promise.all(
        Array.from({ length: MANY }, (_, number) =>
          browser.puppeteer.newPage(
            number % 10 === 0 && name === "chromium" ? { type: "window" } : { type: "tab" },
          ),
        ),
      );
      const shown = tabs.map(async (tab, number) => {
        const url = (number % 2 === 0 ? alice : bob).url(`/${number}`);
        await tab.goto(url);
        return (await tab.title()) === "Mirror" && tab.url() === url;
      });
      assert.deepEqual([...new Set(await Promise.all(shown))], [true]);
      assert.equal(nativeHosts().length, 1);
      await Promise.all(tabs.map((tab) => tab.close()));
    });

    test("is loaded anew while tabs are open, and they go on", async () => {
      const { browser, alice } = stage();
      const { page: tab } = await browser.open(alice.url("/before"));
      const before = nativeHosts();
      const settings = await browser.openExtension("options.html");
      // The page goes with it.
      await settings
        .evaluate(() => {
          const { chrome } = globalThis as unknown as ExtensionApi;
          setTimeout(() => chrome.runtime.reload(), 100);
        })
        .catch(() => {});
      await until(() => nativeHosts().length === 1 && !before.includes(nativeHosts()[0] ?? 0), {
        what: "another host",
        timeout: 20_000,
      });
      await goesOn(tab, alice.url("/after"));
      await opens(browser, alice.url("/beside"));
    });

    test("begins with the browser, whose first tab is a key", async () => {
      const { world, browser, bob, home } = stage();
      await browser.close();
      const again = await TestBrowser.launch(name, {
        env: world.hostEnv(),
        home,
        keepsExtension: true,
        firstTab: bob.url("/first"),
      });
      world.defer(() => again.close());
      const first = async () =>
        (await again.puppeteer.pages()).find((tab) => tab.url() === bob.url("/first")) ?? false;
      const tab = await until(first, { what: "the first tab", timeout: 30_000 });
      await until(async () => (await tab.title()) === "Mirror", { what: "the site", timeout: 30_000 });
    });
  },
);
