/**
 * A browser that can start no program, as Chromium from a snap: `pkarr gateway` runs by itself, and the browser takes its
 * proxies from the script it has. There is no extension.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { binary } from "../harness/paths.ts";
import { Running } from "../harness/processes.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import type { World } from "../harness/world.ts";

async function prepare(world: World) {
  const alice = await world.keySite({ "/*": page("Mirror") });
  const env = { ...process.env, ...world.hostEnv() };
  const gateway = new Running(binary, ["gateway", "--listen", "127.0.0.1:0", "--json"], { env });
  world.defer(() => gateway.stop());
  const line = await gateway.line((text) => text.startsWith("{"), 60_000);
  const { listen } = JSON.parse(line) as { listen: string };
  return { alice, script: `http://${listen}/proxy.pac` };
}

inEachBrowser(
  "a browser without extension and program",
  {
    prepare,
    launchAfter: (_world, { script }) => ({ extension: null, unregistered: true, proxyScript: script }),
    ready: ({ alice }) => alice.url(),
  },
  (stage, name) => {
    test("opens a key's site by the gateway's proxy script", async () => {
      const { browser, dns, alice } = stage();
      const { page: tab } = await browser.open(alice.url("/opened", "www"));
      assert.equal(await tab.title(), "Mirror");
      // See dns.test.ts for the one question Firefox asks.
      assert.ok(dns.about(alice.key).every(({ type }) => name === "firefox" && type === "HTTPS"));
    });

    test("can't be told by a page whether there is a gateway", async () => {
      const { browser, alice, script } = stage();
      const { page: tab } = await browser.open(alice.url());
      const loads = (url: string) =>
        tab.evaluate(
          (source) =>
            new Promise<boolean>((resolve) => {
              const tag = document.createElement("script");
              tag.onload = () => resolve(true);
              tag.onerror = () => resolve(false);
              tag.src = source;
              document.head.append(tag);
            }),
          url,
        );
      assert.equal(await loads(script), false);
    });
  },
);
