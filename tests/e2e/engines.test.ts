/**
 * A search for a key is turned back before the engine hears of it, whichever engine it is; all other searches reach it as
 * they were made. The addresses are those that address bars make for these engines.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "../harness/browser.ts";
import type { Resolver } from "../harness/dns.ts";
import { inEachBrowser, type Stage } from "../harness/scene.ts";
import { ENGINES, SearchEngine } from "../harness/search-engine.ts";
import { page } from "../harness/site.ts";
import { shows } from "../harness/tabs.ts";
import type { KeySite, World } from "../harness/world.ts";

const KEYS: Record<string, (key: string) => { words: string; path: string }> = {
  "the key alone": (key) => ({ words: key, path: "/" }),
  "pk: in capital letters, with a path": (key) => ({
    words: `PK:${key.toUpperCase()}/a?b=c`,
    path: "/a?b=c",
  }),
};

const OTHERS: Record<string, (key: string) => string> = {
  "a question about a key": (key) => `what is ${key}`,
  "a key within a longer word": (key) => `x${key}`,
};

async function prepare(world: World, dns: Resolver) {
  const engine = await SearchEngine.start(world, dns);
  return { alice: await world.keySite({ "/*": page("Mirror") }), engine };
}

interface Prepared {
  alice: KeySite;
  engine: SearchEngine;
}

inEachBrowser<Prepared>(
  "search engines",
  {
    prepare,
    launch: (world) => ({ env: world.hostEnv(), acceptInsecureCerts: true }),
    ready: ({ alice }) => alice.url(),
  },
  (stage) => {
    for (const [name, template] of Object.entries(ENGINES)) {
      const { host } = new URL(template);
      const search = (words: string) =>
        template.replace("{}", encodeURIComponent(words).replaceAll("%20", "+"));

      test(`${name} does not hear of keys`, async () => {
        const { browser, alice, engine } = stage();
        const before = engine.pages(host).length;
        const tab = await browser.puppeteer.newPage();
        for (const make of Object.values(KEYS)) {
          const { words, path } = make(alice.key);
          await goes(stage(), tab, search(words), { title: "Mirror", to: alice.url(path) });
        }
        assert.deepEqual(engine.pages(host).slice(before), []);
        await tab.close();
      });

      test(`${name} gets all other words as they are`, async () => {
        const { browser, alice, engine } = stage();
        const before = engine.pages(host).length;
        const tab = await browser.puppeteer.newPage();
        const searches = Object.values(OTHERS).map((make) => search(make(alice.key)));
        for (const each of searches) await goes(stage(), tab, each, { title: "Results", to: each });
        const asked = searches.map((each) => each.slice(`https://${host}`.length));
        assert.deepEqual(engine.pages(host).slice(before), asked);
        await tab.close();
      });
    }
  },
);

/** Sends the tab there and waits for where it ends up: a turned navigation counts as one that failed. */
async function goes(
  { browser }: Stage,
  tab: Page,
  search: string,
  { title, to }: { title: string; to: string },
): Promise<void> {
  await tab.goto("about:blank");
  await tab.goto(search).catch(() => {});
  await shows(browser, title, to, tab);
}
