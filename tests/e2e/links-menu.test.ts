/**
 * The context menu of links and keys: the browser's own entries work, and ours open and copy.
 *
 * Menus are the browser's, so they are used like a person does, in a real window on a virtual screen.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BrowserName, Page } from "../harness/browser.ts";
import { Desktop } from "../harness/desktop.ts";
import { remembers } from "../harness/pkarr.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { showing, shows } from "../harness/tabs.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

async function prepareMenus(world: World) {
  const [alice, fresh, desktop] = await Promise.all([
    world.keySite({ "/*": page("Mirror") }),
    world.keySite({ "/*": page("Mirror") }),
    Desktop.start(),
  ]);
  world.defer(() => desktop.stop());
  const site = await world.site({
    "/": page(
      "Menus",
      `<p id="key">${alice.key}</p>
      <p><a id="link" href="pk:${alice.key}/menu">link</a></p>
      <p><a id="fresh" href="pk:${fresh.key}/copied">link</a></p>
      <textarea id="paste"></textarea>`,
    ),
  });
  return { alice, fresh, desktop, menus: `http://${site.address}/`, env: world.hostEnv() };
}

const classOf = (name: BrowserName) => (name === "firefox" ? "firefox" : "chrom");

/** Opens the menu of what has the focus or is selected, and chooses the item with this access key. */
async function chooseIn(desktop: Desktop, windowClass: string, item: string): Promise<void> {
  await desktop.focus(windowClass);
  await desktop.openMenu();
  await desktop.press(item);
}

inEachBrowser(
  "the context menu",
  {
    prepare: prepareMenus,
    launchAfter: (_world, { desktop, env }) => ({ headed: true, env: { ...env, ...desktop.env } }),
    ready: ({ alice }) => alice.url(),
  },
  (stage, name) => {
    const windowClass = classOf(name);

    const choose = (item: string) => chooseIn(stage().desktop, windowClass, item);

    const begin = async () => {
      const { page: tab } = await stage().browser.open(stage().menus);
      await tab.bringToFront();
      // A page without the keyboard is not told of the focus.
      await stage().desktop.focus(windowClass);
      return tab;
    };

    /** What is in the clipboard. */
    const pasted = async (tab: Page, wanted: string, timeout?: number) => {
      await tab.focus("#paste");
      await until(
        async () => {
          await tab.$eval("#paste", (area) => (area as HTMLTextAreaElement).select());
          await stage().desktop.press("ctrl+v");
          return (await tab.$eval("#paste", (area) => (area as HTMLTextAreaElement).value)) === wanted;
        },
        { every: 250, what: `${wanted} in the clipboard`, ...(timeout && { timeout }) },
      );
    };

    for (const [what, item] of [
      ["tab", "t"],
      ["window", name === "firefox" ? "d" : "w"],
    ] as const) {
      test(`opens a link in a new ${what}`, async () => {
        const { alice, menus } = stage();
        const tab = await begin();
        await tab.focus("#link");
        await choose(item);
        const opened = await shows(stage().browser, "Mirror", alice.url("/menu"));
        assert.equal(tab.url(), menus);
        await opened.close();
        await tab.close();
      });
    }

    test("copies the address of a link as pk:", async () => {
      const { fresh } = stage();
      const tab = await begin();
      await tab.focus("#fresh");
      // The menu has it from the moment on in which it is looked up.
      await until(() => remembers(stage().env, fresh.key), { what: "the key to be looked up" });
      await choose("y");
      await pasted(tab, `pk:${fresh.key}/copied`);
      await tab.close();
    });

    test("copies the address of a page as pk:", async () => {
      const { browser, alice, desktop } = stage();
      const { page: tab } = await browser.open(alice.url("/page?a#b"));
      await until(
        async () => {
          await tab.bringToFront();
          // Until the page is known as a key's, the menu offers nothing and stays open.
          await choose("y");
          await desktop.press("Escape");
          const other = await begin();
          const copied = pasted(other, `pk:${alice.key}/page?a#b`, 2_000);
          const done = await copied.then(
            () => true,
            () => false,
          );
          await other.close();
          return done;
        },
        { what: "the page's address in the clipboard", timeout: 30_000 },
      );
      await tab.close();
    });

    test("opens a selected key", async () => {
      const { alice, desktop } = stage();
      const tab = await begin();
      await tab.evaluate(() => getSelection()?.selectAllChildren(document.querySelector("#key") as Element));
      const opened = await until(
        async () => {
          // Until the selection has lasted for a moment, the menu offers nothing and stays open.
          await choose("o");
          const opened = until(() => showing(stage().browser, "Mirror", alice.url()), { timeout: 2_000 });
          return await opened.catch(async () => {
            await desktop.press("Escape");
            return null;
          });
        },
        { what: "the selected key" },
      );
      await opened.close();
      await tab.close();
    });
  },
);

inEachBrowser(
  "the context menu, where private windows are allowed",
  {
    prepare: prepareMenus,
    launchAfter: (_world, { desktop, env }) => ({
      headed: true,
      allowedInPrivate: true,
      env: { ...env, ...desktop.env },
    }),
    ready: ({ alice }) => alice.url(),
  },
  (stage, name) => {
    test("opens a link in one", async () => {
      const { browser, alice, menus, desktop } = stage();
      const { page: tab } = await browser.open(menus);
      await tab.bringToFront();
      await tab.focus("#link");
      await chooseIn(desktop, classOf(name), name === "firefox" ? "p" : "g");
      const opened = await shows(browser, "Mirror", alice.url("/menu"));
      assert.equal(tab.url(), menus);
      await opened.close();
    });
  },
);
