/**
 * A site opens by its key, in every spelling a URL has for it, and the key stays where people look.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { selfSigned } from "../harness/certificate.ts";
import type { Resolver } from "../harness/dns.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

/** Tells which request it answers. */
const mirror = {
  "/*": page("Mirror", '<p id="where"></p><script>where.textContent = location.href</script>'),
};

async function prepare(world: World, dns: Resolver) {
  const [alice, port, moved] = await Promise.all([
    world.keySite(mirror),
    world.keySite(mirror, { port: 8080 }),
    world.keySite({
      "/old": (_request, response) => response.writeHead(302, { location: "/new" }).end(),
      "/new": page("New"),
    }),
  ]);
  // A key may lead to a name of the old kind, whose site is asked for over TLS.
  const tls = await selfSigned(["site.example"]);
  const named = await world.site({ "/*": page("Named") }, { tls });
  dns.set("site.example", named.address);
  const elsewhere = await world.published("@ 300 CNAME site.example.");
  return { alice, port, moved, elsewhere };
}

const scene = {
  prepare,
  // For the site of the name of the old kind.
  launch: () => ({ acceptInsecureCerts: true }),
  ready: ({ alice }: Awaited<ReturnType<typeof prepare>>) => alice.url(),
};

inEachBrowser("a site by its key", scene, (stage) => {
  test("opens, and the address bar shows the key", async () => {
    const { browser, alice } = stage();
    const { page, response } = await browser.open(alice.url());
    assert.equal(response?.status(), 200);
    assert.equal(await page.title(), "Mirror");
    assert.equal(page.url(), `http://${alice.key}/`);
    assert.equal(await page.evaluate(() => location.hostname), alice.key);
  });

  test("opens a sub-domain, however deep", async () => {
    const { browser, alice } = stage();
    for (const subdomain of ["www", "a.b"]) {
      const { page, response } = await browser.open(alice.url("/", subdomain));
      assert.equal(response?.status(), 200);
      assert.equal(page.url(), `http://${subdomain}.${alice.key}/`);
      assert.equal(alice.site.visits.at(-1)?.host, `${subdomain}.${alice.key}`);
    }
  });

  test("hands path and query on as they are", async () => {
    const { browser, alice } = stage();
    const path = "/a/b%20c/?q=%C3%A4&empty=&q=2";
    const { page } = await browser.open(alice.url(path));
    assert.equal(page.url(), `http://${alice.key}${path}`);
    assert.ok(alice.site.visits.some((visit) => visit.path === path));
  });

  test("keeps the fragment to itself", async () => {
    const { browser, alice } = stage();
    const { page } = await browser.open(alice.url("/fragment#part"));
    assert.equal(
      await page.$eval("#where", (element) => element.textContent),
      `${alice.url("/fragment")}#part`,
    );
    assert.equal(alice.site.visits.filter((visit) => visit.path.startsWith("/fragment")).length, 1);
  });

  test("goes to the port in the URL", async () => {
    const { browser, port } = stage();
    const { page, response } = await browser.open(port.url("/x"));
    assert.equal(response?.status(), 200);
    assert.equal(page.url(), `http://${port.key}:8080/x`);
    assert.equal(port.site.visits.at(-1)?.host, `${port.key}:8080`);
  });

  test("opens with a trailing dot", async () => {
    const { browser, alice } = stage();
    const { page, response } = await browser.open(`http://${alice.key}./dotted`);
    assert.equal(response?.status(), 200);
    assert.equal(await page.title(), "Mirror");
    assert.ok(alice.site.visits.some((visit) => visit.path === "/dotted"));
  });

  test("opens in capital letters", async () => {
    const { browser, alice } = stage();
    const { page, response } = await browser.open(`http://${alice.key.toUpperCase()}/`);
    assert.equal(response?.status(), 200);
    assert.equal(page.url(), `http://${alice.key}/`);
  });

  test("follows the site's own redirects", async () => {
    const { browser, moved } = stage();
    const { page } = await browser.open(moved.url("/old"));
    assert.equal(page.url(), moved.url("/new"));
    assert.equal(await page.title(), "New");
  });

  test("shows the site's own errors", async () => {
    const { browser, moved } = stage();
    const { page, response } = await browser.open(moved.url("/nowhere"));
    assert.equal(response?.status(), 404);
    assert.equal(response?.headers()["pkarr-error"], undefined);
    assert.equal(await page.evaluate(() => document.body.textContent?.trim()), "nothing here");
  });

  test("goes on to the name that a record leads to", async () => {
    const { browser, elsewhere } = stage();
    const { page } = await browser.open(`http://${elsewhere.key}/a?b=c`);
    assert.equal(page.url(), "https://site.example/a?b=c");
    assert.equal(await page.title(), "Named");
  });

  test("goes back and forward", async () => {
    const { browser, alice } = stage();
    const { page } = await browser.open(alice.url("/one"));
    await page.goto(alice.url("/two"));
    const at = (url: string) =>
      until(() => page.evaluate((wanted) => location.href === wanted, url), { what: url });
    await page.evaluate(() => history.back());
    await at(alice.url("/one"));
    await page.evaluate(() => history.forward());
    await at(alice.url("/two"));
  });
});
