/**
 * Browsers without the extension, whose only resolver is `pkarr serve` by DNS over HTTPS, open the sites of keys.
 *
 * Measured here, with Chromium 156 and Firefox 153: Firefox asks for every spelling. Chromium never asks for a name
 * without a dot, by whatever resolver, unless the system's configuration says `ndots:0`; with a final dot, a name before
 * it or a suffix after it the same key opens.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { BrowserName, TestBrowser } from "../harness/browser.ts";
import { freshKey } from "../harness/key.ts";
import { look } from "../harness/look.ts";
import { artifacts } from "../harness/paths.ts";
import type { KeyFile } from "../harness/pkarr.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { publicAddress, type Server, startServer } from "../harness/server.ts";
import { page, type Site } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

const SUFFIX = "key";

interface Prepared {
  server: Server;
  site: Site;
  key: KeyFile;
}

async function prepare(world: World): Promise<Prepared> {
  const own = await publicAddress(2);
  const address = await publicAddress(3);
  const server = await startServer(world, {
    address: own,
    name: "dns.example",
    config: { dns: [`suffix = "${SUFFIX}"`, 'forward = ["127.0.0.53"]', 'forward-for = ["0.0.0.0/0"]'] },
  });
  const site = await world.site({ "/*": page("Opened by its key") }, { address });
  const key = await world.published(`@ 300 A ${address}\n* 300 A ${address}\nprivate 300 A 192.168.1.1`);
  return { server, site, key };
}

const launch = (world: World, { server }: Prepared) => ({
  extension: null,
  unregistered: true,
  env: world.hostEnv(),
  authority: server.authority,
  doh: `https://${server.address}/dns-query`,
});

inEachBrowser("DNS over HTTPS alone", { prepare, launchAfter: launch }, (stage, name) => {
  for (const [what, host, alsoChromium] of spellings()) {
    const opens = name !== "chromium" || alsoChromium;
    test(`${opens ? "opens" : "is not asked for"} http://${what}/`, async () => {
      const { browser, key, dns } = stage();
      if (!opens) {
        await assert.rejects(opened(browser, `http://${host(key.key)}/`), /ERR_NAME_NOT_RESOLVED/);
      } else {
        assert.equal(await opened(browser, `http://${host(key.key)}/`), "Opened by its key");
      }
      // Nothing of it reaches the system's resolver, whether it opens or not.
      assert.deepEqual(dns.about(key.key), []);
      assert.deepEqual(dns.about(`${key.key}.${SUFFIX}`), []);
    });
  }

  test("the server’s own page tells how", async () => {
    const { browser, server, key } = stage();
    const tab = await browser.puppeteer.newPage();
    await tab.goto(`https://${server.address}/`);
    const card = async () => await tab.$eval("#secure-dns", (card) => !(card as HTMLElement).hidden);
    await until(card, { what: "the address of the resolver" });
    assert.equal(
      await tab.$eval("#secure-dns-address", (place) => place.textContent),
      `https://${server.address}/dns-query`,
    );
    assert.deepEqual(await look(browser, tab, "app-secure-dns"), []);
    // And leads to the site, from the page of its key.
    await tab.goto(`https://${server.address}/#${key.key}`);
    const verified = () =>
      tab.$eval("#state", (state) => (state as HTMLElement).dataset.state === "verified");
    await until(verified, { timeout: 60_000, what: "the key" });
    assert.equal(
      await tab.$eval("#open-site", (link) => (link as HTMLAnchorElement).href),
      `http://${key.key}/`,
    );
    await tab.close();
  });

  test("opens ordinary names, which the server asks for elsewhere", async () => {
    const { browser, site, dns } = stage();
    dns.set("ordinary.example", site.address);
    assert.equal(await opened(browser, "http://ordinary.example/"), "Opened by its key");
    assert.ok(dns.about("ordinary.example").length > 0);
  });

  test("says that a key without records has no address", async () => {
    const { browser } = stage();
    const host = `www.${freshKey().text}`;
    await assert.rejects(opened(browser, `http://${host}/`), notFound(name));
  });

  test("lets no key lead into a private network", async () => {
    const { browser, key } = stage();
    await assert.rejects(opened(browser, `http://private.${key.key}/`), notFound(name));
  });
});

/** What people type, the host it is, and whether Chromium asks for it as well. */
function spellings(): [string, (key: string) => string, boolean][] {
  return [
    ["<key>", (key) => key, false],
    ["<key>.", (key) => `${key}.`, true],
    ["www.<key>", (key) => `www.${key}`, true],
    [`<key>.${SUFFIX}`, (key) => `${key}.${SUFFIX}`, true],
  ];
}

function notFound(name: BrowserName): RegExp {
  return name === "chromium" ? /ERR_NAME_NOT_RESOLVED/ : /dnsNotFound|NS_ERROR_UNKNOWN_HOST/;
}

/** The title of what is there; a screenshot is kept. */
async function opened(browser: TestBrowser, url: string): Promise<string> {
  const tab = await browser.puppeteer.newPage();
  try {
    await tab.goto(url, { timeout: 60_000 });
    const folder = join(artifacts, "screenshots", browser.name);
    mkdirSync(folder, { recursive: true });
    await tab.screenshot({ path: join(folder, "secure-dns.png") });
    return await tab.title();
  } finally {
    await tab.close();
  }
}
