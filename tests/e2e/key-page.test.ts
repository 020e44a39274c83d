/**
 * The page of a key: what is kept under it in words and as it is, what it was before, whether it is kept alive; and a
 * way to a key where none is named.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Page, TestBrowser } from "../harness/browser.ts";
import { freshKey } from "../harness/key.ts";
import { artifacts } from "../harness/paths.ts";
import { run } from "../harness/processes.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

const NARROW = { width: 320, height: 800 };
const WIDE = { width: 1280, height: 900 };

async function prepare(world: World) {
  const alice = await world.keySite({ "/*": page("Mirror") });
  const homeserver = freshKey().text;
  // Somebody without a site, and with all else that people keep under a key.
  const person = await world.published(
    [
      `_pubky 300 HTTPS 1 ${homeserver}.`,
      '_iroh 300 TXT "relay=https://relay.example"',
      '_iroh 300 TXT "addr=192.0.2.5:4433"',
      '_did 300 TXT "v=0;vm=k0;auth=k0;svc=s0"',
      '_k0._did 300 TXT "id=0;t=0;k=x"',
      '_s0._did 300 TXT "id=blog;t=LinkedDomains;se=https://blog.example"',
      '_dnslink 300 TXT "dnslink=/ipfs/bafybeigdyrzt"',
      "@ 300 MX 10 mail.example.",
      "@ 300 NS ns.example.",
      '@ 300 TXT "<b id=markup>x</b>\\226\\128\\174y"',
    ].join("\n"),
  );
  const changing = await world.published("@ 300 A 127.80.255.1\nold 300 A 127.80.255.1");
  return { alice, person, homeserver, changing };
}

function text(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => (element as HTMLElement).innerText.trim());
}

function seen(page: Page, selector: string): Promise<boolean> {
  const visible = () => page.$eval(selector, (element) => element.checkVisibility());
  return until(visible, { what: `${selector} to be seen` });
}

function says(page: Page, selector: string, wanted: string | RegExp): Promise<boolean> {
  const said = async () => {
    const now = await text(page, selector);
    return typeof wanted === "string" ? now === wanted : wanted.test(now);
  };
  return until(said, { what: `${selector} to say ${wanted}` });
}

async function openKey(browser: TestBrowser, key: string): Promise<Page> {
  const tab = await browser.openExtension(`key.html?key=${key}`);
  await says(tab, "#summary", "Verified");
  return tab;
}

/** Keeps what a person would see, light and dark, narrow and wide, and says whether anything sticks out. */
async function looks(tab: Page, name: string): Promise<void> {
  const directory = join(artifacts, "looks");
  mkdirSync(directory, { recursive: true });
  await tab.bringToFront();
  for (const [size, viewport] of Object.entries({ narrow: NARROW, wide: WIDE })) {
    await tab.setViewport(viewport);
    for (const scheme of ["light", "dark"]) {
      const features = [{ name: "prefers-color-scheme", value: scheme }];
      const emulated = await tab.emulateMediaFeatures(features).then(
        () => true,
        () => false,
      );
      // Firefox shows what its own settings say.
      if (!emulated && scheme === "dark") continue;
      await tab.screenshot({ path: join(directory, `${name}-${size}-${scheme}.png`), fullPage: true });
    }
    const [wide, window] = await tab.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok((wide ?? 0) <= (window ?? 0), `${name} is ${wide} wide in ${window}`);
  }
}

inEachBrowser("the key page", { prepare, ready: ({ alice }) => alice.url() }, (stage, browserName) => {
  test("shows who it is, that it is verified and where it points, and leads there", async () => {
    const { browser, alice } = stage();
    const tab = await openKey(browser, alice.key);
    assert.equal((await text(tab, "#key")).replace(/\s/g, ""), alice.key);
    assert.match(await text(tab, "#packet"), /^2 records, \d+ of 1000 bytes$/);
    assert.match(await text(tab, "#endpoints"), new RegExp(alice.site.address.replaceAll(".", "\\.")));
    await says(tab, '[data-purpose="site"]', new RegExp(`at the address ${alice.site.address}`));
    await seen(tab, "#open");

    await tab.click("#name-it");
    await seen(tab, "#new-name");
    await tab.keyboard.type("alice");
    await tab.keyboard.press("Enter");
    await says(tab, "#pet-name", "alice");
    assert.match(await tab.title(), /^alice/);
    await looks(tab, `${browserName}-key-site`);

    await tab.click("#open");
    await until(async () => (await tab.title()) === "Mirror", { what: "the site" });
    assert.equal(await tab.evaluate(() => location.href), alice.url());
  });

  test("says in words what is kept under a key that has no site", async () => {
    const { browser, person, homeserver } = stage();
    const tab = await openKey(browser, person.key);
    await says(tab, "#points-what", /no site to open/);
    assert.equal(await tab.$eval("#open", (link) => link.checkVisibility()), false);
    const groups = await tab.$$eval(".group", (all) =>
      all.map((one) => (one as HTMLElement).dataset.purpose),
    );
    assert.deepEqual(groups, ["pubky", "iroh", "did", "dnslink", "mail", "nameServers", "text"]);
    assert.match(await text(tab, '[data-purpose="iroh"]'), /dialled at 192\.0\.2\.5:4433/);
    assert.match(await text(tab, '[data-purpose="did"]'), /with 1 key and 1 service/);
    assert.match(await text(tab, '[data-purpose="text"]'), /<b id=markup>x<\/b>\u{fffd}y/u);
    assert.doesNotMatch(await text(tab, "#page"), /\u202e/);
    assert.equal(await tab.$("#markup"), null);
    await looks(tab, `${browserName}-key-person`);

    await tab.click('[data-purpose="pubky"] a');
    await says(tab, "#summary", "Not verified");
    assert.equal((await text(tab, "#key")).replace(/\s/g, ""), homeserver);
    assert.equal(await text(tab, "#code"), "no-record");
    await says(tab, "#history-what", /remembers no packet/);
    await looks(tab, `${browserName}-key-nothing`);
  });

  test("has the packet as it was signed, and checks it without the program", async () => {
    const { browser, alice } = stage();
    const tab = await openKey(browser, alice.key);
    await seen(tab, "#raw-packet");
    const rows = await tab.$$eval("#raw-rows tr", (all) =>
      all.map((row) => [...row.children].map((cell) => cell.textContent)),
    );
    assert.deepEqual(rows.sort(), [
      ["*", "300", "A", alice.site.address],
      ["@", "300", "A", alice.site.address],
    ]);
    assert.equal((await text(tab, "#part-signature")).length, 128);
    const [, dns = ""] = /(\d+) of 1000/.exec(await text(tab, "#packet")) ?? [];
    await tab.evaluate(() => {
      const make = URL.createObjectURL.bind(URL);
      URL.createObjectURL = (file: Blob) => {
        document.body.dataset.downloaded = String(file.size);
        return make(file);
      };
    });
    await tab.click("#download");
    const size = () => tab.$eval("body", (body) => body.dataset.downloaded);
    assert.equal(await size(), String(64 + 8 + Number(dns)));
    await tab.click("#check");
    await says(tab, "#checked", /signature is right/);
  });

  test("follows what is published, and shows what changed", async () => {
    const { browser, world, changing } = stage();
    const tab = await openKey(browser, changing.key);
    await seen(tab, "#packets li");
    assert.equal((await tab.$$("#packets > li")).length, 1);
    const changes = ["--set", "@ 600 A 127.80.255.1", "--set", "new 300 A 127.80.255.2", "--remove", "old"];
    await run(world.settings.binary, ["publish", "--key", changing.file, ...changes], {
      env: world.settings.env,
      timeout: 60_000,
    });
    const other = await openKey(browser, changing.key);
    await other.bringToFront();
    await other.click("#refresh");
    await says(other, "#said", /Refreshed|newer packet/);
    // Nobody touched this one.
    await tab.bringToFront();
    await until(async () => (await tab.$$("#packets > li")).length === 2, { what: "the newer packet" });
    const newest = "#packets > li:first-child";
    assert.match(await text(tab, `${newest} .added`), /new 300 A 127\.80\.255\.2/);
    assert.match(await text(tab, `${newest} .removed`), /old 300 A 127\.80\.255\.1/);
    assert.match(await text(tab, `${newest} .retimed`), /from 5 minutes to 10 minutes/);
    assert.match(await tab.$eval(`${newest} .added`, (line) => line.textContent ?? ""), /Added:/);
    await looks(tab, `${browserName}-key-history`);
    const leads = await tab.$eval('[data-purpose="site"] li a', (link) => (link as HTMLAnchorElement).href);
    assert.equal(leads, `http://new.${changing.key}/`);
  });

  test("keeps a key alive, and stops", async () => {
    const { browser, person } = stage();
    const tab = await openKey(browser, person.key);
    await seen(tab, "#keep-switch");
    await says(tab, "#keep-state", /not kept alive/);
    await tab.click("#keep-switch");
    await says(tab, "#keep-state", /kept alive from here|nodes? took it/);
    const again = await openKey(browser, person.key);
    await seen(again, "#keep-switch");
    assert.equal(await again.$eval("#keep-switch", (box) => (box as HTMLInputElement).checked), true);
    await again.click("#keep-switch");
    await says(again, "#keep-state", /not kept alive/);
  });

  test("asks for a key where none is named, and takes any spelling", async () => {
    const { browser, alice } = stage();
    const tab = await browser.openExtension("key.html?key=%3Cb%3Enobody%E2%80%AE");
    await says(tab, "#find-why", /^“<b>nobody\u{fffd}” is no key/u);
    await looks(tab, `${browserName}-key-find`);
    await tab.$eval("#find-key", (field) => (field as HTMLInputElement).select());
    await tab.keyboard.type(` pk:www.${alice.key.toUpperCase()}/path `);
    await tab.keyboard.press("Enter");
    await says(tab, "#summary", "Verified");
    assert.equal(await tab.evaluate(() => location.search), `?key=${alice.key}`);
  });

  test("is led to from the names", async () => {
    const { browser, alice } = stage();
    const names = await browser.openExtension("names.html");
    await seen(names, `#list li[data-key="${alice.key}"] a`);
    await names.click(`#list li[data-key="${alice.key}"] a`);
    await says(names, "#pet-name", "alice");
  });
});
