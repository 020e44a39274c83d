/**
 * Links to keys in web pages: written as `pk:` or `pubky:`, they open like any other link, however they are used.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "../harness/browser.ts";
import { Desktop } from "../harness/desktop.ts";
import { attempt } from "../harness/processes.ts";
import { inEachBrowser, type Stage } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

/** How a page may write the path `/at` of a key. */
const SPELLINGS: Record<string, (key: string) => string> = {
  "pk:": (key) => `pk:${key}/at`,
  "pk://": (key) => `pk://${key}/at`,
  "pubky:": (key) => `pubky:${key}/at`,
  "pubky://": (key) => `pubky://${key}/at`,
  "web+pk:": (key) => `web+pk:${key}/at`,
  "capital letters": (key) => ` PK:${key.toUpperCase()}/at`,
};

const linksTo = (key: string) => `
  ${Object.entries(SPELLINGS)
    .map(([name, write]) => `<p><a data-spelling="${name}" href="${write(key)}">${name}</a></p>`)
    .join("")}
  <p><a id="whole" href="pk:www.${key}/a/b%20c?d=e&f#g">whole</a></p>
  <p><a id="blank" href="pk:${key}/blank" target="_blank" rel="noopener"><b>blank</b></a></p>
  <p><a id="handled" href="pk:${key}/handled">handled by the page</a></p>
  <p><a id="other" href="pk:example.com/x">no key</a></p>
  <p><svg width="90" height="30"><a id="svg" href="pk:${key}/svg"><rect width="90" height="30"></rect></a></svg></p>
  <p><svg width="90" height="30"><a id="xlink" xlink:href="pk:${key}/xlink"><rect width="90" height="30"></rect></a></svg></p>
  <map name="map"><area id="area" href="pk:${key}/area" shape="rect" coords="0,0,90,30" alt="area"></map>
  <p><img id="image" usemap="#map" width="90" height="30" alt="" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='90' height='30'/%3E"></p>
  <div id="shadow"></div>
  <iframe id="srcdoc" srcdoc='<a id="framed" href="pk:${key}/framed">framed</a>'></iframe>
  <iframe id="blankFrame"></iframe>
  <script>
    shadow.attachShadow({ mode: "open" }).innerHTML = '<a href="pk:${key}/shadow">in a shadow</a>';
    blankFrame.contentDocument.body.innerHTML = '<a id="framed" href="pk:${key}/framed">framed</a>';
    handled.addEventListener("click", (event) => {
      event.preventDefault();
      handled.dataset.handled = "yes";
    });
  </script>`;

async function prepare(world: World) {
  const alice = await world.keySite({ "/*": page("Mirror") });
  const ordinary = await world.site({
    "/": page("Links", linksTo(alice.key)),
    "/empty": page("Empty"),
  });
  return { alice, links: `http://${ordinary.address}/` };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

async function openLinks({ browser, links }: Stage & Prepared): Promise<Page> {
  const { page } = await browser.open(links);
  await page.bringToFront();
  return page;
}

/** Presses the mouse on it, and lets go elsewhere. */
async function press(tab: Page, selector: string): Promise<void> {
  const box = await (await tab.$(selector))?.boundingBox();
  assert.ok(box, selector);
  await tab.mouse.move(box.x + 2, box.y + 2);
  await tab.mouse.down();
  await tab.mouse.move(1, 1);
  await tab.mouse.up();
}

/** The tab that shows a site at this address, of all or of one. */
async function showing({ browser }: Stage, address: string, tab?: Page): Promise<Page | null> {
  for (const each of tab ? [tab] : await browser.puppeteer.pages()) {
    const [href, title] = await each.evaluate(() => [location.href, document.title]).catch(() => []);
    if (href === address && title === "Mirror") return each;
  }
  return null;
}

/** Waits for it. */
function shows(stage: Stage, address: string, tab?: Page): Promise<Page> {
  return until(() => showing(stage, address, tab), { what: `a tab that shows ${address}` });
}

inEachBrowser("a link to a key", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  for (const spelling of Object.keys(SPELLINGS)) {
    test(`opens on a click: ${spelling}`, async () => {
      const tab = await openLinks(stage());
      await tab.click(`[data-spelling="${spelling}"]`);
      await shows(stage(), stage().alice.url("/at"), tab);
      await tab.close();
    });
  }

  test("keeps sub-domain, path, query and fragment", async () => {
    const tab = await openLinks(stage());
    await tab.click("#whole");
    await shows(stage(), stage().alice.url("/a/b%20c?d=e&f#g", "www"), tab);
    await tab.close();
  });

  test("opens in a new tab where the page wants that, which can't reach back", async () => {
    const { alice, links } = stage();
    const tab = await openLinks(stage());
    await tab.click("#blank b");
    const opened = await shows(stage(), alice.url("/blank"));
    assert.equal(await opened.evaluate(() => window.opener), null);
    assert.equal(tab.url(), links);
    await opened.close();
    await tab.close();
  });

  test("opens in a new tab on a middle click", async () => {
    const { alice, links } = stage();
    const tab = await openLinks(stage());
    await tab.click('[data-spelling="pk:"]', { button: "middle" });
    const opened = await shows(stage(), alice.url("/at"));
    assert.equal(await tab.evaluate(() => location.href), links);
    await opened.close();
    await tab.close();
  });

  for (const modifier of ["Control", "Shift"] as const) {
    test(`opens beside the page with ${modifier} held down`, async () => {
      const { alice, links } = stage();
      const tab = await openLinks(stage());
      await tab.keyboard.down(modifier);
      await tab.click('[data-spelling="pk:"]');
      await tab.keyboard.up(modifier);
      const opened = await shows(stage(), alice.url("/at"));
      assert.equal(await tab.evaluate(() => location.href), links);
      await opened.close();
      await tab.close();
    });
  }

  test("opens with the keyboard", async () => {
    const tab = await openLinks(stage());
    await tab.focus("#whole");
    await tab.keyboard.press("Enter");
    await shows(stage(), stage().alice.url("/a/b%20c?d=e&f#g", "www"), tab);
    await tab.close();
  });

  for (const [where, selector, path] of [
    ["in SVG", "#svg rect", "/svg"],
    ["in SVG of the old kind", "#xlink rect", "/xlink"],
    ["of an image map", "#image", "/area"],
    ["in a shadow tree", "#shadow >>> a", "/shadow"],
  ] as const) {
    test(`opens ${where}`, async () => {
      const tab = await openLinks(stage());
      await tab.click(selector);
      await shows(stage(), stage().alice.url(path), tab);
      await tab.close();
    });
  }

  for (const frame of ["srcdoc", "blankFrame"]) {
    test(`opens in its frame: ${frame}`, async () => {
      const { alice } = stage();
      const tab = await openLinks(stage());
      const inner = await (await tab.$(`#${frame}`))?.contentFrame();
      await (await inner?.$("#framed"))?.click();
      await until(() => tab.frames().some((each) => each.url() === alice.url("/framed")), {
        what: "the site in the frame",
      });
      assert.equal(await tab.title(), "Links");
      await tab.close();
    });
  }

  test("opens when it was added later", async () => {
    const { browser, alice, links } = stage();
    const { page: tab } = await browser.open(`${links}empty`);
    await tab.evaluate((key) => {
      document.body.innerHTML = `<a href="pk:${key}/late">late</a>`;
    }, alice.key);
    await tab.click("a");
    await shows(stage(), alice.url("/late"), tab);
    await tab.close();
  });

  test("is the page's own where it handles the click, and stays as it was written", async () => {
    const { alice, links } = stage();
    const tab = await openLinks(stage());
    await tab.click("#handled");
    const link = () => tab.$eval("a#handled", (each) => [each.getAttribute("href"), each.dataset.handled]);
    await until(async () => (await link())[0] === `pk:${alice.key}/handled`, { what: "the link as it was" });
    assert.equal((await link())[1], "yes");
    assert.equal(await tab.evaluate(() => location.href), links);
    await tab.close();
  });

  test("tells a page nothing that makes up a click", async () => {
    const { alice } = stage();
    const tab = await openLinks(stage());
    const seen = await tab.$eval("a#handled", (link) => {
      let href: string | null = null;
      link.addEventListener("click", () => {
        href = link.getAttribute("href");
      });
      link.click();
      return href;
    });
    assert.equal(seen, `pk:${alice.key}/handled`);
    await tab.close();
  });

  test("opens when the browser hands it to the extension", async () => {
    const { browser, alice } = stage();
    const tab = await browser.puppeteer.newPage();
    const link = encodeURIComponent(`web+pk:${alice.key}/given?a=b`);
    await tab.goto(browser.extensionUrl(`open.html?link=${link}`)).catch(() => {});
    await shows(stage(), alice.url("/given?a=b"), tab);
    await tab.close();
  });

  test("is left alone if it leads to no key", async () => {
    const tab = await openLinks(stage());
    await tab.$eval("a#other", (link) =>
      link.addEventListener("click", (event) => {
        event.preventDefault();
        link.dataset.seen = link.getAttribute("href") ?? "";
      }),
    );
    await tab.click("#other");
    assert.equal(await tab.$eval("a#other", (link) => link.dataset.seen), "pk:example.com/x");
    await tab.close();
  });
});

/** Whether the browser's host has looked this key up. */
async function isRemembered(
  { world, env }: { world: World; env: Record<string, string> },
  key: string,
): Promise<boolean> {
  const args = ["resolve", key, "--policy", "cache-only"];
  return (await attempt(world.settings.binary, args, { env })).status === 0;
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
    launch: (_world, { env }) => ({ env }),
    ready: ({ alice }) => alice.url(),
  },
  (stage) => {
    const remembered = (id: string) => isRemembered(stage(), stage().keys[id] ?? "");
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
    await shows(stage(), alice.url("/text"), tab);
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

inEachBrowser(
  "the context menu",
  {
    prepare: prepareMenus,
    launch: (_world, { desktop, env }) => ({ headed: true, env: { ...env, ...desktop.env } }),
    ready: ({ alice }) => alice.url(),
  },
  (stage, name) => {
    const windowClass = name === "firefox" ? "firefox" : "chrom";

    /** Opens the menu of what has the focus or is selected, and chooses the item with this access key. */
    const choose = async (item: string) => {
      const { desktop } = stage();
      await desktop.focus(windowClass);
      await desktop.openMenu();
      await desktop.press(item);
    };

    const begin = async () => {
      const { page: tab } = await stage().browser.open(stage().menus);
      await tab.bringToFront();
      return tab;
    };

    /** What is in the clipboard. */
    const pasted = async (tab: Page, wanted: string) => {
      await tab.focus("#paste");
      await until(
        async () => {
          await tab.$eval("#paste", (area) => (area as HTMLTextAreaElement).select());
          await stage().desktop.press("ctrl+v");
          return (await tab.$eval("#paste", (area) => (area as HTMLTextAreaElement).value)) === wanted;
        },
        { every: 250, what: `${wanted} in the clipboard` },
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
        const opened = await shows(stage(), alice.url("/menu"));
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
      await until(() => isRemembered(stage(), fresh.key), { what: "the key to be looked up" });
      await choose("y");
      await pasted(tab, `pk:${fresh.key}/copied`);
      await tab.close();
    });

    test("copies the address of a page as pk:", async () => {
      const { browser, alice } = stage();
      const { page: tab } = await browser.open(alice.url("/page?a#b"));
      await tab.bringToFront();
      await choose("y");
      const other = await begin();
      await pasted(other, `pk:${alice.key}/page?a#b`);
      await other.close();
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
          const opened = until(() => showing(stage(), alice.url()), { timeout: 2_000 });
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
