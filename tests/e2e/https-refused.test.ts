/**
 * What `https://` refuses where it is switched on: sites that do not prove their key, each with a page that says so, and
 * whatever a thief makes with the root's own key beyond names of keys.
 */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { selfSigned, signedBelow, signedBy } from "../harness/certificate.ts";
import { rootFiles } from "../harness/https.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import type { World } from "../harness/world.ts";

const routes = { "/*": page("Here") };

const tls = (address: string) => `@ 300 HTTPS 1 .\n@ 300 A ${address}`;

/** Something at port 443 that hangs up as soon as it is spoken to. */
async function hangsUp(world: World): Promise<string> {
  const address = world.address();
  const server = createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
  await new Promise<void>((resolve) => server.listen(443, address, resolve));
  world.defer(() => server.close());
  return address;
}

async function prepare(world: World) {
  const [good, other, behind, ordinary, ended, plain, silent] = await Promise.all([
    world.secureSite(routes),
    world.key(),
    world.site(routes),
    world.site(routes, { tls: await selfSigned(["ordinary.example"]) }),
    world.site(routes, { tls: await selfSigned(["ended.example"], -1) }),
    world.site(routes, { port: 443 }),
    hangsUp(world),
  ]);
  await world.proxy(other, behind);
  const keys = await Promise.all([
    world.published(tls(behind.address)),
    world.published(tls(ordinary.address)),
    world.published(tls(ended.address)),
    world.published(tls(plain.address)),
    world.published(tls(silent)),
    world.published(tls(world.address())),
  ]);
  const [wrongKey, ordinaryKey, endedKey, plainKey, silentKey, nobody] = keys.map(({ key }) => key);
  const refused = {
    "that holds another key": [wrongKey, "wrong-key"],
    "that shows an ordinary certificate": [ordinaryKey, "no-raw-key"],
    "whose ordinary certificate has ended, too": [endedKey, "no-raw-key"],
    "that speaks plain HTTP where its records say TLS": [plainKey, "tls-failed"],
    "that hangs up": [silentKey, "tls-failed"],
    "that is not there": [nobody, "connect-failed"],
  } as const;
  return { good, refused, unvisited: [behind, ordinary, ended, plain] };
}

const SITES = [
  "that holds another key",
  "that shows an ordinary certificate",
  "whose ordinary certificate has ended, too",
  "that speaks plain HTTP where its records say TLS",
  "that hangs up",
  "that is not there",
] as const;

/** What somebody serves with certificates made with the root’s own key: at a host, or at its bare address. */
const STOLEN: { what: string; host?: string; names: string[]; below?: boolean }[] = [
  { what: "an ordinary name", host: "www.bank.com", names: ["DNS:www.bank.com"] },
  { what: "a whole top-level domain", host: "www.shop.org", names: ["DNS:*.shop.org", "DNS:*.org"] },
  { what: "a name for local use", host: "printer.home", names: ["DNS:printer.home"] },
  { what: "a key and an ordinary name", host: "mail.bank.com", names: ["DNS:KEY", "DNS:mail.bank.com"] },
  { what: "an address", names: ["IP:ADDRESS"] },
  { what: "a name of one word, by another authority", host: "server", names: ["DNS:server"], below: true },
];

/** In the words of each browser: the certificate breaks the rules of its authority. */
const REFUSALS = {
  chromium: /ERR_CERT_INVALID/,
  firefox: /SEC_ERROR_CERT_NOT_IN_NAME_SPACE|SEC_ERROR_PATH_LEN_CONSTRAINT_INVALID/,
};

inEachBrowser(
  "https:// that is refused",
  {
    prepare,
    launch: (world) => ({ env: world.hostEnv(), https: true }),
    ready: ({ good }) => good.url(),
  },
  (stage, name) => {
    for (const what of SITES) {
      test(`to a site ${what}, with a page that says so`, async () => {
        const { browser, refused, unvisited } = stage();
        const [key, code] = refused[what];
        const url = `https://${key}/`;
        const { page: tab, response } = await browser.open(url);
        assert.equal(response?.headers()["pkarr-error"], code);
        assert.equal(await tab.$eval("#code", (element) => element.textContent), code);
        assert.equal(tab.url(), url);
        assert.deepEqual(
          unvisited.flatMap(({ visits }) => visits),
          [],
          "something was asked for all the same",
        );
      });
    }

    test("to a thief of the root’s key, for anything but names of keys", async () => {
      const { world, dns, browser, good } = stage();
      const root = rootFiles(browser.dataDirectory);
      // All at once: Chromium takes its time over each.
      const attempts = STOLEN.map(async ({ what, host, names, below }) => {
        const address = world.address();
        const alternatives = names.map((one) => one.replace("KEY", good.key).replace("ADDRESS", address));
        const made = await (below ? signedBelow : signedBy)(root, alternatives);
        const site = await world.site(routes, { address, tls: made });
        if (host) dns.set(host, address);
        const tab = await browser.puppeteer.newPage();
        await assert.rejects(tab.goto(`https://${host ?? address}/`), REFUSALS[name], what);
        assert.deepEqual(site.visits, [], what);
      });
      await Promise.all(attempts);
    });

    // As far as X.509 can say it, see docs/security.md. It also shows that what is refused above is well made.
    test("but not to a thief of the root’s key for a name of one word", async () => {
      const { world, dns, browser } = stage();
      const made = await signedBy(rootFiles(browser.dataDirectory), ["DNS:router"]);
      const site = await world.site(routes, { tls: made });
      dns.set("router", site.address);
      const { page: tab } = await browser.open("https://router/");
      assert.equal(await tab.title(), "Here");
    });
  },
);
