/**
 * A tab that says why a key does not open looks again by itself, and opens it once there is something to open.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

async function prepare(world: World) {
  const alice = await world.keySite({ "/*": page("Mirror") });
  const [late, empty] = await Promise.all([world.key(), world.published('@ 300 TXT "nothing yet"')]);
  return { alice, late, empty };
}

inEachBrowser("a page that says why", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  for (const [which, code] of [
    ["late", "no-record"],
    ["empty", "no-endpoint"],
  ] as const) {
    test(`turns into the site when there is one: ${code}`, async () => {
      const { world, browser, alice, [which]: key } = stage();
      const { page: tab, response } = await browser.open(`http://${key.key}/x`);
      assert.equal(response?.headers()["pkarr-error"], code);
      await tab.bringToFront();
      await world.publish(key, `@ 300 A ${alice.site.address}`);
      await until(async () => (await tab.title()) === "Mirror", { what: "the site", timeout: 60_000 });
      assert.equal(tab.url(), `http://${key.key}/x`);
    });
  }
});
