/**
 * When a key does not open, a page says so: with the code of what went wrong, not with a browser's own error.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { addressPacket, DishonestNode } from "../harness/dishonest-node.ts";
import { freshKey } from "../harness/key.ts";
import { inEachBrowser, type Stage } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import type { World } from "../harness/world.ts";

async function prepare(world: World) {
  const alive = await world.keySite({ "/": page("Alive") });
  const [dead, empty, encrypted] = await Promise.all([
    world.published(`@ 300 A ${world.address()}`),
    world.published('@ 300 TXT "no address here"'),
    world.published(`@ 300 HTTPS 1 . port=80\n@ 300 A ${alive.site.address}`),
  ]);
  const broken = freshKey();
  const node = await DishonestNode.start({
    key: broken.bytes,
    seq: BigInt(Date.now()) * 1000n,
    signature: randomBytes(64),
    value: addressPacket(broken.text, alive.site.address),
  });
  world.defer(() => node.stop());
  return { alive, dead, empty, encrypted, broken, node };
}

/** Opens the address and asserts that what is shown is the page for this code. */
async function showsCode({ browser }: Stage, url: string, code: string, status: number): Promise<void> {
  const { page, response } = await browser.open(url);
  assert.equal(response?.headers()["pkarr-error"], code);
  assert.equal(response?.status(), status);
  assert.equal(await page.$eval("#code", (element) => element.textContent), code);
  assert.match(await page.title(), /\S · pkarr$/);
  assert.equal(page.url(), url);
}

inEachBrowser(
  "a page says why",
  {
    prepare,
    ready: ({ alive }) => alive.url(),
    launchAfter: (world, { node }) => ({
      env: world.hostEnv({ PKARR_BOOTSTRAP: [...world.bootstrap, node.endpoint].join(",") }),
    }),
  },
  (stage) => {
    test("an unknown key", async () => {
      await showsCode(stage(), `http://${freshKey().text}/`, "no-record", 404);
    });

    test("a packet that somebody tampered with", async () => {
      const { broken, node, alive } = stage();
      const before = alive.site.visits.length;
      await showsCode(stage(), `http://${broken.text}/`, "bad-signature", 502);
      assert.ok(node.served > 0, "the tampered packet was never asked for");
      assert.equal(alive.site.visits.length, before, "an unsigned address was visited");
    });

    test("a server nobody answers at", async () => {
      await showsCode(stage(), `http://${stage().dead.key}/`, "connect-failed", 502);
    });

    test("records without an address", async () => {
      await showsCode(stage(), `http://${stage().empty.key}/`, "no-endpoint", 404);
    });

    test("a site that wants to be spoken to in TLS with its key, and does not do so itself", async () => {
      const { encrypted, alive } = stage();
      const before = alive.site.visits.length;
      await showsCode(stage(), `http://${encrypted.key}/`, "tls-failed", 502);
      assert.equal(alive.site.visits.length, before, "it was spoken to in plain text");
    });

    test("a name that looks like a key and is none", async () => {
      // The last character holds padding that has to be zero: y or o.
      const near = `${freshKey().text.slice(0, 51)}b`;
      const { browser, dns } = stage();
      const page = await browser.puppeteer.newPage();
      // It is an ordinary name then, and goes where ordinary names go.
      await assert.rejects(page.goto(`http://${near}/`));
      assert.ok(dns.about(near).length > 0);
    });
  },
);

inEachBrowser(
  "private addresses",
  { prepare, launch: (world) => ({ env: world.hostEnv({ PKARR_ALLOW_PRIVATE: "false" }) }) },
  (stage) => {
    test("are not gone to unless allowed", async () => {
      const { alive } = stage();
      await stage().browser.settled(alive.url());
      await showsCode(stage(), alive.url(), "private-address", 403);
      assert.deepEqual(alive.site.visits, []);
    });
  },
);
