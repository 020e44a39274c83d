/**
 * What `https://<key>/` promises where it is switched on: a site that proves its key opens as a secure one, in everything
 * that browsers keep for secure sites.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "../harness/browser.ts";
import { freshKey } from "../harness/key.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { type Answer, content, page, type Routes } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

const picture =
  '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="30" height="20"/></svg>';

/** Says which cookies came with the request, and sets two that only secure sites may have. */
const cookies: Answer = (request, response) => {
  const { host, cookie = "none" } = request.headers;
  const set = [`plain=${host}; Secure`, `__Host-strict=${host}; Secure; HttpOnly; SameSite=Strict; Path=/`];
  response.writeHead(200, { "content-type": "text/html", "set-cookie": set }).end(cookie);
};

/** Answers `/made` by itself, and what it has kept before it asks the site. */
const WORKER = `
  addEventListener("install", (event) => event.waitUntil(
    caches.open("kept").then((cache) => cache.addAll(["/", "/data"])).then(() => skipWaiting())));
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  addEventListener("fetch", (event) => event.respondWith(
    new URL(event.request.url).pathname === "/made"
      ? new Response("made by the worker")
      : caches.match(event.request).then((kept) => kept ?? fetch(event.request))));
`;

const routes: Routes = {
  "/*": page("Secure"),
  "/picture.svg": content("image/svg+xml", picture),
  "/open": content("text/plain", "open", { "access-control-allow-origin": "*" }),
  "/closed": content("text/plain", "closed"),
  "/cookies": cookies,
  "/data": content("text/plain", "data"),
  "/worker.js": content("text/javascript", WORKER),
};

async function prepare(world: World) {
  const [alice, bob, leaving, plain, unvisited] = await Promise.all([
    world.secureSite(routes, { subdomains: true }),
    world.secureSite(routes),
    world.secureSite(routes),
    world.keySite(routes),
    world.keySite(routes),
  ]);
  return { alice, bob, leaving, plain, unvisited };
}

/** Goes to an address and waits until the tab has come to rest at another. */
async function goes(tab: Page, from: string, to: string): Promise<void> {
  await tab.goto(from).catch(() => {});
  const at = () =>
    tab.evaluate((wanted) => location.href === wanted && document.readyState === "complete", to);
  await until(at, { what: `${to} instead of ${from}` });
}

/** What a page gets for a request: the text, or the name of what went wrong. */
function asks(tab: Page, url: string): Promise<string> {
  return tab.evaluate(
    (address) =>
      fetch(address).then(
        (response) => response.text(),
        (failure: Error) => failure.name,
      ),
    url,
  );
}

inEachBrowser(
  "https:// that is switched on",
  {
    prepare,
    launch: (world) => ({ env: world.hostEnv(), https: true }),
    // A browser that was never started before looks for the first key before the extension is in it.
    ready: ({ leaving }) => leaving.url(),
  },
  (stage, name) => {
    for (const subdomain of ["", "www", "a.b"]) {
      test(`opens ${subdomain && `${subdomain}.`}<key>, as a secure site`, async () => {
        const { browser, dns, alice } = stage();
        const url = alice.url("/a%20b?c=d", subdomain);
        const { page: tab, response } = await browser.open(url);
        assert.equal(response?.status(), 200);
        assert.equal(tab.url(), url);
        assert.equal(await tab.title(), "Secure");
        assert.equal(await tab.evaluate(() => isSecureContext), true);
        assert.deepEqual(dns.about(alice.key), []);
        const visit = alice.site.visits.at(-1);
        assert.equal(visit?.headers["x-forwarded-proto"], "https");
        assert.equal(visit?.host, new URL(url).host);
      });
    }

    test("shows the padlock", async () => {
      const { browser, alice, plain } = stage();
      const { page: tab } = await browser.open(alice.url());
      // The browser's own window comes after the page.
      const shown = async () => {
        const padlock = await browser.padlock(tab);
        return padlock.secure && padlock;
      };
      const { protocol, issuer } = await until(shown, { what: "the padlock" });
      assert.equal(protocol, "TLS 1.3");
      assert.match(issuer, /^pkarr on this computer/);
      const { page: other } = await browser.open(plain.url());
      assert.equal((await browser.padlock(other)).secure, false);
    });

    test("sends http:// on to https://", async () => {
      const { browser, dns, bob } = stage();
      const tab = await browser.puppeteer.newPage();
      await goes(tab, `http://${bob.key}/a?b=c#d`, bob.url("/a?b=c#d"));
      assert.equal(await tab.title(), "Secure");
      // See dns.test.ts for the one question Firefox asks.
      assert.ok(dns.about(bob.key).every(({ type }) => name === "firefox" && type === "HTTPS"));
    });

    test("leaves a plain site at http://, without going round", async () => {
      const { browser, unvisited } = stage();
      const tab = await browser.puppeteer.newPage();
      await goes(tab, `https://${unvisited.key}/a?b=c`, unvisited.url("/a?b=c"));
      assert.equal(await tab.title(), "Secure");
      assert.equal(await tab.evaluate(() => isSecureContext), false);
      const paths = unvisited.site.visits.map(({ path }) => path);
      assert.deepEqual(paths, ["/a?b=c"]);
    });

    test("speaks HTTP/2 to the browser", async () => {
      const { browser, alice } = stage();
      const { page: tab } = await browser.open(alice.url());
      const protocol = await tab.evaluate(
        () => (performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming).nextHopProtocol,
      );
      assert.equal(protocol, "h2");
    });

    test("has the cryptography of secure sites", async () => {
      const { browser, alice } = stage();
      const { page: tab } = await browser.open(alice.url());
      const digest = await tab.evaluate(async () => {
        const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc"));
        return [...new Uint8Array(bytes)].slice(0, 4);
      });
      // FIPS 180-4, appendix B.1.
      assert.deepEqual(digest, [0xba, 0x78, 0x16, 0xbf]);
    });

    test("speaks to WebSockets", async () => {
      const { browser, alice, bob } = stage();
      const { page: tab } = await browser.open(alice.url());
      for (const { key, site } of [alice, bob]) {
        const echo = await tab.evaluate(
          (address) =>
            new Promise((resolve, reject) => {
              const socket = new WebSocket(address);
              socket.onopen = () => socket.send("hello");
              socket.onerror = () => reject(new Error("no connection"));
              socket.onmessage = ({ data }) => resolve(data);
            }),
          `wss://${key}/echo`,
        );
        assert.equal(echo, "hello");
        assert.equal(site.visits.at(-1)?.headers.origin, `https://${alice.key}`);
      }
    });

    test("asks another key for what that key allows", async () => {
      const { browser, alice, bob } = stage();
      const { page: tab } = await browser.open(alice.url());
      assert.equal(await asks(tab, bob.url("/open")), "open");
      assert.equal(bob.site.visits.at(-1)?.headers.origin, `https://${alice.key}`);
      assert.equal(await asks(tab, bob.url("/closed")), "TypeError");
    });

    test("keeps cookies and storage of keys apart", async () => {
      const { browser, alice, bob } = stage();
      const body = async (url: string) => {
        const { page: tab } = await browser.open(url);
        return await tab.evaluate(() => document.body.textContent);
      };
      const own = (key: string) => `plain=${key}; __Host-strict=${key}`;
      assert.equal(await body(alice.url("/cookies")), "none");
      assert.equal(await body(bob.url("/cookies")), "none");
      assert.equal(await body(alice.url("/cookies", "www")), "none");
      assert.equal(await body(alice.url("/cookies")), own(alice.key));
      assert.equal(await body(bob.url("/cookies")), own(bob.key));
      const { page: first } = await browser.open(alice.url());
      await first.evaluate(() => localStorage.setItem("secret", "alice"));
      const { page: second } = await browser.open(bob.url());
      assert.equal(await second.evaluate(() => localStorage.getItem("secret")), null);
    });

    test("lets nothing in a page be fetched by http://", async () => {
      const { browser, alice, bob, plain } = stage();
      const { page: tab } = await browser.open(alice.url());
      const width = (source: string) =>
        tab.evaluate(async (src) => {
          const image = new Image();
          image.src = src;
          return await image.decode().then(
            () => image.naturalWidth,
            () => 0,
          );
        }, source);
      const before = plain.site.visits.length;
      assert.equal(await width(bob.url("/picture.svg")), 30);
      // Browsers ask for pictures with https:// instead, and a plain site has none.
      assert.equal(await width(`http://${bob.key}/picture.svg?upgraded`), 30);
      assert.equal(await width(plain.url("/picture.svg")), 0);
      assert.equal(await asks(tab, `http://${bob.key}/open`), "TypeError");
      assert.equal(await asks(tab, plain.url("/open")), "TypeError");
      assert.equal(plain.site.visits.length, before, "the plain site was asked");
    });

    test("says why a key does not open", async () => {
      const { browser } = stage();
      const url = `https://${freshKey().text}/`;
      const { page: tab, response } = await browser.open(url);
      assert.equal(response?.headers()["pkarr-error"], "no-record");
      assert.equal(tab.url(), url);
    });

    test("has a service worker, which answers when the site is gone", async () => {
      const { browser, leaving } = stage();
      const { page: tab } = await browser.open(leaving.url());
      await tab.evaluate(async () => {
        const controlled = new Promise((resolve) => {
          navigator.serviceWorker.oncontrollerchange = resolve;
        });
        await navigator.serviceWorker.register("/worker.js");
        await controlled;
      });
      await leaving.stop();
      await tab.reload();
      assert.equal(await tab.title(), "Secure");
      assert.equal(await asks(tab, "/made"), "made by the worker");
      assert.equal(await asks(tab, "/data"), "data");
    });
  },
);
