/**
 * The native host goes away, or is not there yet, and people see no more of it than they have to.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nativeHosts } from "../harness/pkarr.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

async function prepare(world: World) {
  return { alice: await world.keySite({ "/*": page("Mirror") }) };
}

inEachBrowser("a host that dies", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  test("comes back by itself, and the next page opens", async () => {
    const { browser, alice } = stage();
    const [host] = nativeHosts();
    assert.ok(host, "no host runs");
    process.kill(host, "SIGKILL");
    await until(() => nativeHosts().some((pid) => pid !== host), { what: "another host" });
    await until(async () => (await browser.open(alice.url("/next"))).response?.status() === 200, {
      timeout: 5_000,
      what: "the next page",
    });
  });

  test("opens the page that was asked for in the meantime", async () => {
    const { browser, alice } = stage();
    const [host] = nativeHosts();
    assert.ok(host, "no host runs");
    const tab = await browser.puppeteer.newPage();
    process.kill(host, "SIGKILL");
    await tab.goto(alice.url("/meantime")).catch(() => {});
    await until(async () => (await tab.title()) === "Mirror" && tab.url() === alice.url("/meantime"), {
      timeout: 20_000,
      what: "the page to appear in the tab it was asked for in",
    });
  });

  test("leaves no second host behind", async () => {
    await until(() => nativeHosts().length === 1, { what: "a single host" });
  });
});

inEachBrowser(
  "a host that is missing",
  { prepare, launch: (world) => ({ env: world.hostEnv(), unregistered: true }) },
  (stage) => {
    test("is told of, and the page opens once it is there", async () => {
      const { browser, dns, alice } = stage();
      const tab = await browser.puppeteer.newPage();
      // Right after its very first start the extension is still busy with shutting the door to DNS.
      await until(
        async () => {
          // Firefox does not tell when a page of the extension has come instead of the one that was wanted.
          await tab.goto(alice.url("/wanted"), { timeout: 2_000 }).catch(() => {});
          return (await tab.evaluate(() => location.href)).startsWith(browser.extensionUrl(""));
        },
        { what: "the page of the extension" },
      );
      dns.queries.length = 0;
      const text = await tab.evaluate(() => document.body.textContent);
      assert.match(text ?? "", /pkarr/);
      assert.deepEqual(dns.about(alice.key), []);
      browser.registerHost();
      await until(async () => (await tab.title()) === "Mirror" && tab.url() === alice.url("/wanted"), {
        timeout: 30_000,
        what: "the page that was asked for first",
      });
    });
  },
);

inEachBrowser("a browser that ends", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  test("takes its host with it", async () => {
    const { browser } = stage();
    assert.equal(nativeHosts().length, 1);
    await browser.close();
    await until(() => nativeHosts().length === 0, { what: "the end of the host" });
  });
});
