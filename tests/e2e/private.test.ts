/**
 * Private windows: keys open there as anywhere else where the person allows it, and nothing of it stays on the disk.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Page, TestBrowser } from "../harness/browser.ts";
import { nativeHosts } from "../harness/pkarr.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { storeSettings } from "../harness/settings.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { KeySite, World } from "../harness/world.ts";

async function prepare(world: World) {
  const sites = await Promise.all(
    Array.from({ length: 4 }, () => world.keySite({ "/*": page("Mirror", '<a href="/next">on</a>') })),
  );
  const [alice, bob, carol, dave] = sites as [KeySite, KeySite, KeySite, KeySite];
  return { alice, bob, carol, dave, late: await world.key() };
}

async function shows(tab: Page, title: string, address: string): Promise<void> {
  const shown = () => tab.evaluate(() => [document.title, location.href]).catch(() => []);
  await until(
    async () => {
      const [now, at] = await shown();
      return now === title && at === address;
    },
    { what: `${title} at ${address}`, timeout: 30_000 },
  );
}

/** The files below these folders that hold this text, as it is or in UTF-16. */
function filesWith(text: string, ...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
      .filter((path) => {
        const bytes = readFileSync(path);
        return bytes.includes(text) || bytes.includes(Buffer.from(text, "utf16le"));
      }),
  );
}

function tracesOf({ key }: { key: string }, browser: TestBrowser): string[] {
  return filesWith(key, browser.home, browser.dataDirectory);
}

inEachBrowser(
  "private windows",
  {
    prepare,
    launch: (world) => ({ env: world.hostEnv(), allowedInPrivate: true }),
    ready: ({ alice }) => alice.url(),
  },
  (stage, name) => {
    test("leave no trace of a key on the disk, where others do", async () => {
      const { browser, dns, alice, bob, carol } = stage();
      const tab = await browser.openPrivate(bob.url("/private"));
      await shows(tab, "Mirror", bob.url("/private"));
      await tab.goto(carol.url("/private", "www")).catch(() => {});
      await shows(tab, "Mirror", carol.url("/private", "www"));
      await until(() => tracesOf(alice, browser).length > 0, { what: "traces of an ordinary window" });
      assert.deepEqual(tracesOf(bob, browser), []);
      assert.deepEqual(tracesOf(carol, browser), []);
      for (const { key } of [bob, carol]) {
        assert.ok(dns.about(key).every(({ type }) => name === "firefox" && type === "HTTPS"));
      }
    });

    test("open a page that says why, and the site once there is one", async () => {
      const { world, browser, alice, late } = stage();
      const tab = await browser.openPrivate(`http://${late.key}/x`);
      await until(async () => (await tab.content()).includes("no-record"), { what: "the gateway's page" });
      await world.publish(late, `@ 300 A ${alice.site.address}`);
      await tab.bringToFront();
      await until(async () => (await tab.title()) === "Mirror", { what: "the site", timeout: 60_000 });
    });

    test("are paused with all others, and go on with them", async () => {
      const { browser, dave, dns, alice } = stage();
      dns.set(dave.key, (await stage().world.site({ "/*": page("Elsewhere") })).address);
      await storeSettings(browser, { paused: true });
      const opensAs = async (title: string) => {
        let visits = 0;
        const shown = async () => {
          visits += 1;
          const tab = await browser.openPrivate(dave.url(`/${title}/${visits}`));
          const arrived = until(async () => (await tab.title()) === title, { timeout: 3_000 });
          return arrived.finally(() => tab.close()).catch(() => false);
        };
        await until(shown, { what: `${title} in a private window`, timeout: 30_000 });
      };
      await opensAs("Elsewhere");
      await storeSettings(browser, { paused: false });
      await browser.ready(alice.url("/again"));
      await opensAs("Mirror");
    });

    test("take what is theirs with them", async () => {
      const { browser, alice } = stage();
      await browser.closePrivate();
      await until(() => nativeHosts().length <= 1, { what: "a single host" });
      assert.equal((await browser.open(alice.url("/after"))).response?.status(), 200);
    });
  },
);

inEachBrowser(
  "private windows the extension is not allowed in",
  { prepare, ready: ({ alice }) => alice.url() },
  (stage) => {
    test("are none of its business", async () => {
      const { browser, alice, bob } = stage();
      const tab = await browser.openPrivate(bob.url("/private"));
      // However it says so: there is no such name.
      await until(() => tab.evaluate(() => document.readyState === "complete"), { what: "an error page" });
      await browser.closePrivate();
      assert.equal((await browser.open(alice.url("/after"))).response?.status(), 200);
      assert.deepEqual(bob.site.visits, []);
    });
  },
);
