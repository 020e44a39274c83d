/**
 * What else is done about links to keys: the one that somebody points at is looked up ahead, and keys in text become
 * links.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "../harness/browser.ts";
import { remembers } from "../harness/pkarr.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { shows } from "../harness/tabs.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

/** Presses the mouse on it, and lets go elsewhere. */
async function press(tab: Page, selector: string): Promise<void> {
  const box = await (await tab.$(selector))?.boundingBox();
  assert.ok(box, selector);
  await tab.mouse.move(box.x + 2, box.y + 2);
  await tab.mouse.down();
  await tab.mouse.move(1, 1);
  await tab.mouse.up();
}

async function prepareAhead(world: World) {
  const alice = await world.keySite({ "/*": page("Mirror") });
  const ids = ["pointed", "pressed", "focused", "off", "on"] as const;
  const published = await Promise.all(ids.map(() => world.published('@ 300 TXT "x"')));
  const keys = Object.fromEntries(ids.map((id, index) => [id, published[index]?.key ?? ""]));
  // One as people write it, one as the browser knows it.
  const links = ids.map(
    (id) => `<p><a id="${id}" href="${id === "on" ? "http://" : "pk:"}${keys[id]}">${id}</a></p>`,
  );
  const ordinary = await world.site({ "/": page("Links", links.join("")) });
  return { alice, keys, links: `http://${ordinary.address}/`, env: world.hostEnv() };
}

inEachBrowser(
  "looking ahead",
  {
    prepare: prepareAhead,
    launchAfter: (_world, { env }) => ({ env }),
    ready: ({ alice }) => alice.url(),
  },
  (stage) => {
    const remembered = (id: string) => remembers(stage().env, stage().keys[id] ?? "");
    const looksUp = (id: string) => until(() => remembered(id), { what: `${id} to be looked up` });

    test("resolves the key that is pointed at, pressed or has the focus, and no other", async () => {
      const { browser, links } = stage();
      const { page: tab } = await browser.open(links);
      await tab.bringToFront();
      await tab.hover("#pointed");
      await looksUp("pointed");
      await tab.hover("h1");
      await tab.focus("#focused");
      await looksUp("focused");
      await press(tab, "#pressed");
      await looksUp("pressed");
      assert.equal(await remembered("on"), false);
      assert.equal(await remembered("off"), false);
      await tab.close();
    });

    test("is switched off in the options", async () => {
      const { browser, links } = stage();
      const options = await browser.openExtension("options.html");
      const { page: tab } = await browser.open(links);
      const choose = async (wanted: boolean) => {
        await options.bringToFront();
        await until(
          async () =>
            (await options.$eval("#look-ahead", (box) => (box as HTMLInputElement).checked)) !== wanted,
        );
        await options.click("#look-ahead");
        await tab.bringToFront();
      };
      await choose(false);
      // Pressed, so that it counts at once: had it been looked up, it would have been before the next one.
      await press(tab, "#off");
      await choose(true);
      await tab.hover("#on");
      await looksUp("on");
      assert.equal(await remembered("off"), false);
      await tab.close();
    });
  },
);

async function prepareText(world: World) {
  const alice = await world.keySite({ "/*": page("Mirror") });
  const site = await world.site({
    "/": page(
      "Text",
      `<p id="text">First ${alice.key}/text, then pk:${alice.key}.</p>
      <p id="edited" contenteditable>${alice.key}</p><textarea>${alice.key}</textarea>
      <p><a id="linked" href="/elsewhere">${alice.key}</a></p><p id="late"></p>`,
    ),
  });
  return { alice, text: `http://${site.address}/` };
}

inEachBrowser("keys in text", { prepare: prepareText, ready: ({ alice }) => alice.url() }, (stage) => {
  const linksIn = (tab: Page) =>
    tab.$$eval("a", (links) => links.map((link) => [link.textContent, link.getAttribute("href")]));
  const untouched = (key: string) => [key, "/elsewhere"];

  test("become links for those who want it, also when they come later", async () => {
    const { browser, alice, text } = stage();
    const options = await browser.openExtension("options.html");
    await options.click("#linkify");
    // Only pages that are opened after the choice was carried out have it.
    const tab = await browser.puppeteer.newPage();
    const made = async () => {
      await tab.goto(text);
      return await until(async () => (await linksIn(tab)).length > 1, { timeout: 1_000 });
    };
    await until(made, { what: "links in the text" });
    assert.deepEqual(await linksIn(tab), [
      [`${alice.key}/text`, `pk:${alice.key}/text`],
      [`pk:${alice.key}`, `pk:${alice.key}`],
      untouched(alice.key),
    ]);
    assert.equal(
      await tab.$eval("#text", (part) => part.textContent),
      `First ${alice.key}/text, then pk:${alice.key}.`,
    );
    await tab.$eval("#late", (part, key) => part.append(`and ${key}`), alice.key);
    await until(() => tab.$("#late a"), { what: "a link in the text that came later" });
    await tab.bringToFront();
    await tab.click("#text a");
    await shows(stage().browser, "Mirror", alice.url("/text"), tab);
    await options.bringToFront();
    await options.click("#linkify");
    await until(
      async () => {
        await tab.goto(text);
        return (await linksIn(tab)).length === 1;
      },
      { what: "the text as it was written" },
    );
    await options.close();
    await tab.close();
  });
});
