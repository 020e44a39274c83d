/**
 * A proxy that was set before: everything but keys goes on through it, whatever becomes of the extension and its host.
 *
 * Names of ordinary sites lead nowhere here; only the ordinary proxy has pages for them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestBrowser } from "../harness/browser.ts";
import { OrdinaryProxy } from "../harness/ordinary-proxy.ts";
import { nativeHosts } from "../harness/pkarr.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { type ExtensionApi, storeSettings } from "../harness/settings.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

async function prepare(world: World) {
  const alice = await world.keySite({ "/*": page("Mirror") });
  const proxy = await OrdinaryProxy.start(world.address());
  world.defer(() => proxy.stop());
  return { alice, proxy };
}

let visits = 0;

/** An ordinary page comes by the proxy, and no key went there since the extension is at work. */
async function goesByProxy(browser: TestBrowser, proxy: OrdinaryProxy, key: string): Promise<void> {
  visits += 1;
  const url = `http://ordinary.example/${visits}`;
  const { page } = await browser.open(url);
  assert.equal(await page.title(), "By proxy");
  assert.ok(proxy.asked.includes(url));
  assert.deepEqual(
    proxy.asked.filter((asked) => asked.includes(key)),
    [],
  );
  await page.close();
}

/** What the browser says is set. */
async function inForce(browser: TestBrowser): Promise<{ level: string; mode: string }> {
  const settings = await browser.openExtension("options.html");
  const told = await settings.evaluate(async () => {
    const { chrome } = globalThis as unknown as ExtensionApi;
    const { levelOfControl, value } = await chrome.proxy.settings.get({});
    return { level: levelOfControl, mode: value.mode };
  });
  await settings.close();
  return told;
}

const OURS = { level: "controlled_by_this_extension", mode: "pac_script" };

for (const [whose, mode] of [
  ["the person has chosen", "fixed_servers"],
  ["the system has", "system"],
] as const) {
  inEachBrowser(
    `a proxy that ${whose}`,
    {
      prepare,
      launchAfter: (world, { proxy }) =>
        mode === "system"
          ? { env: world.hostEnv({ http_proxy: `http://${proxy.place}` }) }
          : { env: world.hostEnv(), chosenProxy: proxy.place },
      ready: ({ alice }) => alice.url(),
    },
    (stage, name) => {
      // Firefox asks extensions request by request, and its own setting stays as it is.
      const skip = name === "firefox" && mode === "fixed_servers";

      test("is carried along", { skip }, async () => {
        const { browser, alice, proxy } = stage();
        // Before it had come up, a key was a name like any other.
        proxy.asked.length = 0;
        if (name === "chromium") assert.deepEqual(await inForce(browser), OURS);
        await goesByProxy(browser, proxy, alice.key);
      });

      test("is in force again while all is paused", { skip }, async () => {
        const { browser, alice, proxy } = stage();
        await storeSettings(browser, { paused: true });
        if (name === "chromium") {
          const released = async () => (await inForce(browser)).level === "controllable_by_this_extension";
          await until(released, { what: "the proxy to be given back" });
          assert.equal((await inForce(browser)).mode, mode);
        }
        await goesByProxy(browser, proxy, alice.key);
        await storeSettings(browser, { paused: false });
        await browser.ready(alice.url("/again"));
        await goesByProxy(browser, proxy, alice.key);
      });

      test("serves all others while the host is gone, and keys stay where they are", { skip }, async () => {
        const { browser, alice, proxy } = stage();
        browser.unregisterHost();
        for (const host of nativeHosts()) process.kill(host, "SIGKILL");
        const tab = await browser.puppeteer.newPage();
        const toldOf = async () => {
          await tab.goto(alice.url("/gone"), { timeout: 2_000 }).catch(() => {});
          return (await tab.evaluate(() => location.href)).startsWith(browser.extensionUrl("host.html"));
        };
        await until(toldOf, { what: "the page of the extension", timeout: 20_000 });
        await goesByProxy(browser, proxy, alice.key);
        browser.registerHost();
        await browser.ready(alice.url("/back"));
      });

      test("is in force again when the extension is taken out", { skip }, async () => {
        const { browser, alice, proxy } = stage();
        const settings = await browser.openExtension("options.html");
        // The page goes with it.
        await settings
          .evaluate(() => {
            const { chrome } = globalThis as unknown as ExtensionApi;
            setTimeout(() => chrome.management.uninstallSelf(), 100);
          })
          .catch(() => {});
        await until(() => nativeHosts().length === 0, { what: "the end of the host" });
        await goesByProxy(browser, proxy, alice.key);
      });
    },
  );
}

inEachBrowser(
  "a proxy that another extension holds",
  {
    prepare,
    launchAfter: (world, { proxy }) => ({ env: world.hostEnv(), otherExtensions: [proxy.extension()] }),
  },
  (stage, name) => {
    test("keeps all others, and keys open all the same", async () => {
      const { browser, alice, proxy } = stage();
      // Chromium knows one holder, so tabs are sent to the address; in Firefox ours has the last word on keys.
      const address = name === "chromium" ? `http://${alice.site.address}/x` : alice.url("/x");
      const tab = await browser.puppeteer.newPage();
      const opened = async () => {
        await tab.goto(alice.url("/x"), { timeout: 5_000 }).catch(() => {});
        return await until(async () => tab.url() === address && (await tab.title()) === "Mirror", {
          timeout: 2_000,
        });
      };
      await until(() => opened().catch(() => false), { what: `the site at ${address}`, timeout: 30_000 });
      proxy.asked.length = 0;
      await tab.goto(alice.url("/y"), { timeout: 5_000 }).catch(() => {});
      await goesByProxy(browser, proxy, alice.key);
      if (name === "chromium") {
        assert.equal((await inForce(browser)).level, "controlled_by_other_extensions");
      }
    });
  },
);
