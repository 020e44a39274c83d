/**
 * No name that is a key reaches DNS: not a page's, nor that of anything in it, nor of what it only hints at.
 *
 * Ordinary names do, and the resolver sees them: each test ends with one, so a resolver that sees nothing fails it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Query, Resolver } from "../harness/dns.ts";
import { freshKey } from "../harness/key.ts";
import { inEachBrowser, type Stage } from "../harness/scene.ts";
import { content, page, type Routes } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { KeySite, World } from "../harness/world.ts";

const open = { "access-control-allow-origin": "*" };

const routes: Routes = {
  "/": page("Home"),
  "/frame": page("Inside"),
  "/script.js": content("text/javascript", "globalThis.done = true", open),
  "/data": content("text/plain", "data", open),
};

async function prepare(world: World, dns: Resolver) {
  const ordinary = await world.site({ "/*": page("Ordinary") });
  for (const name of ["first.example", "second.example", "third.example", "fourth.example"]) {
    dns.set(name, ordinary.address);
  }
  const [alice, bob, carol] = await Promise.all([
    world.keySite(routes),
    world.keySite(routes),
    world.keySite(routes),
  ]);
  return { alice, bob, carol };
}

type Keys = { alice: KeySite; bob: KeySite; carol: KeySite };

/** Opens an ordinary name and waits until the resolver has seen it: whatever was asked before is in the log too. */
async function asksFor({ browser, dns }: Stage, name: string): Promise<void> {
  const { response } = await browser.open(`http://${name}/`);
  assert.equal(response?.status(), 200);
  const seen = await until(() => dns.about(name).length > 0 && dns.about(name), {
    what: `a query for ${name}`,
  });
  assert.ok(seen.some((query) => query.type === "A"));
}

function about(dns: Resolver, ...keys: { key: string }[]): Query[] {
  return keys.flatMap(({ key }) => dns.about(key));
}

/**
 * Before Firefox asks its proxy about a page at port 80, it asks DNS whether there is an HTTPS record for the name.
 * Nothing else may ever be asked.
 */
const firefoxAsksFirst = (key: string): Query[] => [{ name: key, type: "HTTPS" }];

/** What makes browsers look names up before anybody wants to go there: relations of a `<link>`, and plain links. */
const HINTS = ["dns-prefetch", "preconnect", "prefetch", "preload", "a"];

/** Runs in a page: hints at a key in each of these ways, and at an ordinary name, whose query shows they are taken. */
function hintAt(hints: Record<string, string>, ordinary: string): void {
  const hint = (relation: string, host: string) => {
    const link = document.createElement("link");
    link.rel = relation;
    link.as = "script";
    link.href = `http://${host}/script.js`;
    document.head.append(link);
  };
  for (const [relation, key] of Object.entries(hints)) {
    if (relation !== "a") hint(relation, key);
  }
  const link = document.createElement("a");
  link.href = `http://${hints.a}/`;
  link.textContent = "a link nobody clicks";
  document.body.append(link);
  hint("dns-prefetch", ordinary);
}

inEachBrowser<Keys>("no key in DNS", { prepare, ready: ({ alice }) => alice.url() }, (stage, name) => {
  test("of a page", async () => {
    const { browser, dns, bob } = stage();
    const { response } = await browser.open(bob.url());
    assert.equal(response?.status(), 200);
    await asksFor(stage(), "first.example");
    const expected = name === "firefox" ? firefoxAsksFirst(bob.key) : [];
    const asked = about(dns, bob);
    assert.deepEqual(
      [...new Set(asked.map((query) => JSON.stringify(query)))].map((text) => JSON.parse(text)),
      expected,
    );
  });

  test("of what is in a page", async () => {
    const { browser, dns, alice, carol } = stage();
    const { page } = await browser.open(alice.url());
    await page.evaluate(async (other) => {
      const frame = document.createElement("iframe");
      frame.src = `http://${other}/frame`;
      const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
      document.body.append(frame);
      await loaded;
      await (await fetch(`http://${other}/data`)).text();
      await (await fetch(`http://www.${other}./data`)).text();
      const socket = new WebSocket(`ws://${other}/echo`);
      await new Promise((resolve) => {
        socket.onopen = resolve;
      });
      socket.close();
      // Encrypted ones go nowhere yet, and must not go to DNS on their way.
      await fetch(`https://${other}/data`).catch(() => {});
      await fetch(`http://${other}:8080/data`).catch(() => {});
    }, carol.key);
    await page.addScriptTag({ url: carol.url("/script.js") });
    await asksFor(stage(), "second.example");
    assert.deepEqual(about(dns, carol), []);
  });

  for (const where of ["a key's page", "an ordinary page"]) {
    test(`of what ${where} hints at`, async () => {
      const { browser, dns, alice } = stage();
      const ordinary = where === "an ordinary page";
      const { page } = await browser.open(ordinary ? "http://third.example/" : alice.url());
      const hints = Object.fromEntries(HINTS.map((relation) => [relation, freshKey().text]));
      const control = `hint${ordinary ? 1 : 2}.example`;
      await page.evaluate(hintAt, hints, control);
      // Firefox takes no hints at all while an extension decides about proxies.
      if (name === "chromium") {
        await until(() => dns.about(control).length > 0, { what: "the hint at an ordinary name" });
      }
      await asksFor(stage(), "fourth.example");
      const asked = Object.entries(hints).flatMap(([relation, key]) =>
        dns.about(key).map((query) => `${relation}: ${query.type}`),
      );
      assert.deepEqual(asked, []);
    });
  }
});
