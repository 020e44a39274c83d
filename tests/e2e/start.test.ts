/**
 * A key is the first thing a browser is asked for: it has just been started, and so has its host. No name may slip out
 * meanwhile, and the page appears by itself.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TestBrowser } from "../harness/browser.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

async function prepare(world: World) {
  const [alice, bob] = await Promise.all([
    world.keySite({ "/*": page("Mirror") }),
    world.keySite({ "/*": page("Mirror") }),
  ]);
  return { alice, bob, home: world.home() };
}

inEachBrowser(
  "a browser that starts again",
  {
    prepare,
    launchAfter: (world, { home }) => ({ env: world.hostEnv(), home }),
    ready: ({ alice }) => alice.url(),
  },
  (stage, name) => {
    test("opens a key at once", async () => {
      const { world, dns, bob, home, browser } = stage();
      await browser.close();
      const again = await TestBrowser.launch(name, { env: world.hostEnv(), home });
      world.defer(() => again.close());
      // The tab that a browser opens by itself may be replaced under our hands.
      const tab = await until(() => again.puppeteer.newPage(), { what: "a tab", timeout: 45_000 });
      await tab.goto(bob.url("/first")).catch(() => {});
      await until(async () => (await tab.title()) === "Mirror", { what: "the site" });
      assert.equal(await tab.evaluate(() => location.href), bob.url("/first"));
      // See dns.test.ts for the one question Firefox asks.
      assert.ok(dns.about(bob.key).every(({ type }) => name === "firefox" && type === "HTTPS"));
    });
  },
);
