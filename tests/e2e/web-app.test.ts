/**
 * The web app of `pkarr serve`, in browsers without the extension: keys are looked up and checked in the page, made and
 * published, and what a dishonest relay hands out is refused.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Page, TestBrowser } from "../harness/browser.ts";
import { freshKey } from "../harness/key.ts";
import { look } from "../harness/look.ts";
import { attempt, run } from "../harness/processes.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { publicAddress, type Server, startServer } from "../harness/server.ts";
import { until } from "../harness/until.ts";
import type { KeySite, World } from "../harness/world.ts";

const SERVER = "keys.example";

/** A text that tries everything a text can do to the words around it. */
const HOSTILE = String.raw`"\226\128\174gnp.exe <img src=x onerror=alert(1)> \000\226\129\167"`;

interface Prepared {
  server: Server;
  alice: KeySite;
  hostile: string;
  /** A relay that hands out what `answer` says. */
  liar: { url: string; answer: (key: string) => Buffer | number };
}

async function prepare(world: World): Promise<Prepared> {
  const server = await startServer(world, { address: await publicAddress(1), name: SERVER });
  const alice = await world.keySite({ "/*": "Alice" });
  await world.publish(
    alice.file,
    `@ 300 A 203.0.113.7\nwww 300 CNAME @\n_pubky 300 HTTPS 1 ${freshKey().text}.\n` +
      '_iroh 300 TXT "relay=https://relay.example/"\n_dnslink 300 TXT "dnslink=/ipfs/bafkreia"',
  );
  const long = `https://example.com/${"a".repeat(220)}`;
  const hostile = await world.published(
    `@ 300 TXT ${HOSTILE}\n@ 300 TXT "${long}" "${"b".repeat(240)}" "${"c".repeat(200)}"\n@ 300 CAA 0 issue ${HOSTILE}`,
  );
  return { server, alice, hostile: hostile.key, liar: await startLiar(world) };
}

async function startLiar(world: World): Promise<Prepared["liar"]> {
  const liar: Prepared["liar"] = { url: "", answer: () => 404 };
  const http: HttpServer = createServer((request, response) => {
    const [key = ""] = (request.url ?? "").slice(1).split("?");
    const answer = request.method === "GET" ? liar.answer(key) : 409;
    const open = { "access-control-allow-origin": "*", "access-control-allow-headers": "*, if-match" };
    response.writeHead(request.method === "OPTIONS" ? 204 : typeof answer === "number" ? answer : 200, {
      ...open,
      "access-control-allow-methods": "GET, PUT",
    });
    response.end(typeof answer === "number" ? undefined : answer);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  world.defer(() => {
    http.closeAllConnections();
    http.close();
  });
  liar.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return liar;
}

/** The app at this fragment, once it is at rest. */
async function app(browser: TestBrowser, server: Server, fragment = ""): Promise<Page> {
  const page = await browser.puppeteer.newPage();
  await page.goto(`${server.plain}/#${fragment}`);
  await rests(page);
  return page;
}

async function rests(page: Page): Promise<void> {
  const asking = () =>
    [...document.querySelectorAll("[data-state='asking'], [aria-busy='true']")].some((one) =>
      one.checkVisibility(),
    );
  const there = () => document.querySelector(".view:not([hidden])") !== null;
  await until(async () => (await page.evaluate(there)) && !(await page.evaluate(asking)), {
    timeout: 60_000,
    what: "the app to come to rest",
  });
}

const text = (page: Page, selector: string) =>
  page.$eval(selector, (element) => (element as HTMLElement).innerText.replace(/\s+/g, " "));

/** Waits until the element says something like this, and returns all of it. */
async function says(page: Page, selector: string, what: RegExp): Promise<string> {
  return await until(
    async () => {
      const said = await text(page, selector);
      return what.test(said) && said;
    },
    { timeout: 60_000, what: `${selector} to say ${what}` },
  );
}

const state = (page: Page) => page.$eval("#state", (element) => (element as HTMLElement).dataset.state);

/** The relay payload of a key, by the server. */
async function payload(server: Server, key: string): Promise<Buffer> {
  const response = await fetch(`${server.plain}/${key}`);
  assert.equal(response.status, 200);
  return Buffer.from(await response.arrayBuffer());
}

async function chooseRelay(page: Page, url: string): Promise<void> {
  await page.$eval("#relay-box", (box) => {
    (box as HTMLDetailsElement).open = true;
  });
  await page.$eval("#relay-typed", (field) => {
    (field as HTMLInputElement).value = "";
  });
  await page.type("#relay-typed", url);
  await page.keyboard.press("Enter");
}

const launch = (world: World) => ({ extension: null, unregistered: true, env: world.hostEnv() });

inEachBrowser("the web app", { prepare, launch }, (stage) => {
  test("a key is looked up, and checked in the page", async () => {
    const { browser, server, alice } = stage();
    const page = await app(browser, server);
    await page.type("#typed", `pk:${alice.key.toUpperCase()}/path`);
    await page.keyboard.press("Enter");
    await rests(page);
    assert.equal(await page.evaluate(() => location.hash), `#${alice.key}`);
    assert.equal(await state(page), "verified", await text(page, "#state"));
    assert.match(await text(page, "#facts"), /Signed .*ago|just now/);
    const kept = await text(page, "#kept");
    for (const words of [
      "This name is at the address 203.0.113.7.",
      `This name stands for ${alice.key}.`,
      "Profile and data of this person are at the homeserver",
      "The node can be reached through the relay https://relay.example/.",
      "This name leads to /ipfs/bafkreia.",
    ]) {
      assert.ok(kept.includes(words), `${words} in ${kept}`);
    }
    assert.equal((await text(page, "#key")).replaceAll(" ", ""), alice.key);
    await page.close();
  });

  test("history, permalinks and what is not a key", async () => {
    const { browser, server, alice } = stage();
    const page = await app(browser, server, "publish");
    assert.match(await page.title(), /Publish/);
    await page.click("#to-look-up");
    await page.type("#typed", `${alice.key.slice(0, -1)}b`);
    await page.keyboard.press("Enter");
    await says(page, "#typed-problem", /last character of a key is y or o/);
    await page.evaluate((key) => {
      location.hash = key;
    }, alice.key);
    await rests(page);
    assert.equal(await state(page), "verified");
    await page.evaluate(() => history.go(-2));
    await until(() => page.$eval("#publish", (view) => !(view as HTMLElement).hidden));
    await page.evaluate(() => history.go(2));
    await rests(page);
    assert.equal(await state(page), "verified");
    await page.close();
  });

  test("what is changed on the way is refused, and nothing of it is shown", async () => {
    const { browser, server, alice, liar } = stage();
    const good = await payload(server, alice.key);
    const page = await app(browser, server, alice.key);
    for (const at of [0, 63, 71, 80, good.length - 1]) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      liar.answer = () => bad;
      await chooseRelay(page, liar.url);
      await says(page, "#state", /not signed by this key/);
      assert.equal(await state(page), "problem");
      assert.equal(await page.$eval("#kept", (place) => (place as HTMLElement).hidden), true);
      assert.equal(await page.$eval("#raw", (place) => (place as HTMLElement).hidden), true);
      await chooseRelay(page, server.plain);
      await says(page, "#summary", /^Verified$/);
    }
    await page.close();
  });

  test("a relay can’t go back to an older packet, nor hand out another key’s or anything else", async () => {
    const { browser, server, world, liar } = stage();
    const key = await world.published("@ 300 TXT old");
    const old = await payload(server, key.key);
    await world.publish(key, "@ 300 TXT new");
    await until(async () => !(await payload(server, `${key.key}?policy=NetworkOnly`)).equals(old), {
      timeout: 60_000,
      what: "the newer packet",
    });
    const page = await app(browser, server, key.key);
    await page.click("#refresh");
    await says(page, "#kept", /Somebody wrote: new/);
    liar.answer = () => old;
    await chooseRelay(page, liar.url);
    await says(page, "#summary", /newer than the relay’s/);
    assert.match(await text(page, "#kept"), /new/);
    const other = await payload(server, stage().alice.key);
    const answers: [Buffer | number, RegExp][] = [
      [other, /not signed by this key/],
      [Buffer.alloc(71), /too few/],
      [Buffer.alloc(5_000), /longer than any signed packet/],
      [404, /knows of nothing/],
      [503, /too busy/],
      [418, /status 418/],
    ];
    for (const [answer, words] of answers) {
      liar.answer = () => answer;
      await chooseRelay(page, liar.url);
      await says(page, "#state", words);
    }
    await page.close();
  });

  test("hostile records are text and nothing else", async () => {
    const { browser, server, hostile } = stage();
    const page = await app(browser, server, hostile);
    assert.equal(await state(page), "verified");
    assert.equal(await page.$$eval("#page img, #page script", (found) => found.length), 0);
    const shown = await page.$eval("#page", (place) => place.textContent ?? "");
    assert.ok(shown.includes("<img src=x onerror=alert(1)>"));
    assert.doesNotMatch(shown, /[\u202a-\u202e\u2066-\u2069\0]/);
    await page.setViewport({ width: 320, height: 700 });
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
    await page.close();
  });

  test("a key is made, its secret saved, its records published, and the program finds them", async () => {
    const { browser, server, world } = stage();
    const folder = mkdtempSync(join(tmpdir(), "pkarr-made-"));
    try {
      const page = await app(browser, server, "publish");
      await page.click("#make");
      const key = (await says(page, "#pair-key", /\S/)).replaceAll(" ", "");
      await says(page, "#read-state", /Nothing is published/);
      await page.type("#zone", '@ 300 A 203.0.113.9\n_note 300 TXT "made in a page"\n');
      await says(page, "#zone-state", /2 records, \d+ of 996 bytes/);
      await page.click("#put");
      const outcome = await says(page, "#put-state", /Published|Not published/);
      assert.match(outcome, /Published: 2 records. Stored on ([1-9]\d*) nodes?/);
      await says(page, "#watched", /The network has it/);

      const { env } = world.settings;
      const own = { env: { ...env, PKARR_DATA_DIR: folder } };
      const found = await run(world.settings.binary, ["resolve", key], own);
      assert.match(found, /203\.0\.113\.9/);
      assert.match(found, /made in a page/);

      // The secret as it is saved, which the program takes over, and publishes with.
      const secret = await page.evaluate(async () => {
        const blobs: Blob[] = [];
        const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => {
          blobs.push(blob as Blob);
          return make.call(URL, blob);
        };
        (document.querySelector("#download-secret") as HTMLElement).click();
        URL.createObjectURL = make;
        return await blobs[0]?.text();
      });
      const [saved, imported, zone] = ["saved.key", "imported.key", "zone"].map((name) => join(folder, name));
      assert.ok(secret && saved && imported && zone);
      writeFileSync(saved, secret, { mode: 0o600 });
      const taken = await attempt(world.settings.binary, ["key", "import", saved, imported], own);
      assert.equal(taken.status, 0, taken.stderr);
      const shown = await run(world.settings.binary, ["key", "show", imported], own);
      assert.ok(shown.includes(key), shown);

      // What another program publishes meanwhile is kept when the page publishes again.
      await run(world.settings.binary, ["publish", "--key", imported, "--set", "other TXT kept"], own);
      await page.focus("#zone");
      await page.$eval("#zone", (area) => {
        const field = area as HTMLTextAreaElement;
        field.value = field.value.replace("203.0.113.9", "203.0.113.10");
        field.dispatchEvent(new Event("input"));
      });
      await page.click("#put");
      await says(page, "#put-state", /Published: 3 records/);
      assert.match(
        await page.$eval("#zone", (area) => (area as HTMLTextAreaElement).value),
        /other 300 TXT "kept"/,
      );
      await page.click("#look-at-it");
      await says(page, "#kept", /203\.0\.113\.10/);
      assert.match(await text(page, "#kept"), /kept/);
      await page.close({ runBeforeUnload: false });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("mistakes in zone text are told with their place, and nothing is published", async () => {
    const { browser, server } = stage();
    const page = await app(browser, server, "publish");
    await page.type("#secret", "ab".repeat(32));
    await page.keyboard.press("Enter");
    await says(page, "#read-state", /published|record/);
    await page.type("#zone", "@ 300 A 1.2.3\n");
    await says(page, "#zone-state", /Line 1, column 9: “1.2.3” is not an IPv4 address/);
    assert.equal(await page.$eval("#put", (button) => (button as HTMLButtonElement).disabled), true);
    await page.close();
  });

  test("what a relay refuses as stale is said, and can be published again", async () => {
    const { browser, server, liar } = stage();
    const page = await app(browser, server, "publish");
    liar.answer = () => 404;
    await chooseRelay(page, liar.url);
    await page.click("#make");
    await says(page, "#read-state", /Nothing is published/);
    await page.type("#zone", "@ A 203.0.113.1\n");
    await page.click("#put");
    await says(page, "#put-state", /Not published: something newer/);
    assert.equal(await page.$eval("#put", (button) => (button as HTMLButtonElement).disabled), false);
    await page.close();
  });

  test("the page asks nobody but the relay, and says so to the browser", async () => {
    const { browser, server, alice } = stage();
    const page = await browser.puppeteer.newPage();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const response = await page.goto(`${server.plain}/#${alice.key}`);
    await rests(page);
    assert.deepEqual(
      // Firefox draws password fields with a font of its own, which is in it.
      asked.filter((url) => !url.startsWith(`${server.plain}/`) && !url.startsWith("data:")),
      [],
    );
    assert.ok(asked.some((url) => url.startsWith(`${server.plain}/${alice.key}`)));
    const policy = response?.headers()["content-security-policy"] ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(response?.headers()["referrer-policy"], "no-referrer");
    await page.close();
  });

  test("where the browser keeps its cryptography back, the page says so", async () => {
    const { browser, server, alice } = stage();
    const page = await browser.puppeteer.newPage();
    await page.goto(`${server.elsewhere}/#${alice.key}`);
    await rests(page);
    assert.equal(await page.evaluate(() => isSecureContext), false);
    assert.match(await text(page, "#unable"), /only to pages that came by https:/);
    assert.equal(await state(page), "unchecked");
    assert.match(await text(page, "#kept"), /203\.0\.113\.7/);
    assert.deepEqual(await look(browser, page, "app-unable"), []);
    await page.goto(`${server.elsewhere}/#publish`);
    await page.click("#make");
    await says(page, "#key-problem", /can’t sign here/);
    await page.close();
  });

  test("it looks good, and axe finds nothing", async () => {
    const { browser, server, alice, hostile } = stage();
    const pages: [string, string][] = [
      ["app-start", ""],
      ["app-key", alice.key],
      ["app-hostile", hostile],
      ["app-missing", freshKey().text],
      ["app-seen", "seen"],
      ["app-publish", "publish"],
    ];
    for (const [name, fragment] of pages) {
      const page = await app(browser, server, fragment);
      if (name === "app-publish") {
        await page.click("#make");
        await says(page, "#read-state", /Nothing is published/);
        await page.type("#zone", "@    300 A     203.0.113.7\nwww  300 CNAME @\n");
        await page.$eval("#zone-hint", (details) => {
          (details as HTMLDetailsElement).open = true;
        });
        await page.click("#put");
        await says(page, "#watched", /The network has it/);
      }
      assert.deepEqual(await look(browser, page, name), []);
      await page.close({ runBeforeUnload: false });
    }
  });
});
