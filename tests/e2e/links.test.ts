/**
 * Links to keys in web pages: written as `pk:` or `pubky:`, they open like any other link, however they are used.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "../harness/browser.ts";
import { inEachBrowser, type Stage } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { shows } from "../harness/tabs.ts";
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

inEachBrowser("a link to a key", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  for (const spelling of Object.keys(SPELLINGS)) {
    test(`opens on a click: ${spelling}`, async () => {
      const tab = await openLinks(stage());
      await tab.click(`[data-spelling="${spelling}"]`);
      await shows(stage().browser, "Mirror", stage().alice.url("/at"), tab);
      await tab.close();
    });
  }

  test("keeps sub-domain, path, query and fragment", async () => {
    const tab = await openLinks(stage());
    await tab.click("#whole");
    await shows(stage().browser, "Mirror", stage().alice.url("/a/b%20c?d=e&f#g", "www"), tab);
    await tab.close();
  });

  test("opens in a new tab where the page wants that, which can't reach back", async () => {
    const { alice, links } = stage();
    const tab = await openLinks(stage());
    await tab.click("#blank b");
    const opened = await shows(stage().browser, "Mirror", alice.url("/blank"));
    assert.equal(await opened.evaluate(() => window.opener), null);
    assert.equal(tab.url(), links);
    await opened.close();
    await tab.close();
  });

  test("opens in a new tab on a middle click", async () => {
    const { alice, links } = stage();
    const tab = await openLinks(stage());
    await tab.click('[data-spelling="pk:"]', { button: "middle" });
    const opened = await shows(stage().browser, "Mirror", alice.url("/at"));
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
      const opened = await shows(stage().browser, "Mirror", alice.url("/at"));
      assert.equal(await tab.evaluate(() => location.href), links);
      await opened.close();
      await tab.close();
    });
  }

  test("opens with the keyboard", async () => {
    const tab = await openLinks(stage());
    await tab.focus("#whole");
    await tab.keyboard.press("Enter");
    await shows(stage().browser, "Mirror", stage().alice.url("/a/b%20c?d=e&f#g", "www"), tab);
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
      await shows(stage().browser, "Mirror", stage().alice.url(path), tab);
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
    await shows(stage().browser, "Mirror", alice.url("/late"), tab);
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
    await shows(stage().browser, "Mirror", alice.url("/given?a=b"), tab);
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

async function prepareSecure(world: World) {
  const alice = await world.secureSite({ "/*": page("Mirror") });
  // The first is handled by the page, which tells where it would have led.
  const ordinary = await world.site({
    "/": page(
      "Links",
      `<p><a id="handled" href="pk:${alice.key}/secure?a#b">handled</a></p>
      <p><a id="link" href="pk:${alice.key}/secure?a#b">link</a></p>
      <script>
        handled.addEventListener("click", (event) => {
          event.preventDefault();
          handled.dataset.led = handled.href;
        });
      </script>`,
    ),
  });
  return { alice, links: `http://${ordinary.address}/` };
}

inEachBrowser(
  "a link to a key, with https:// switched on",
  {
    prepare: prepareSecure,
    launch: (world) => ({ env: world.hostEnv(), https: true }),
    ready: ({ alice }) => alice.url(),
  },
  (stage) => {
    test("leads straight to https://", async () => {
      const { browser, alice, links } = stage();
      const { page: tab } = await browser.open(links);
      await tab.bringToFront();
      const wanted = alice.url("/secure?a#b");
      // The script in the page learns it when the link is first pointed at.
      const ledThere = async () => {
        await tab.click("a#handled");
        return (await tab.$eval("a#handled", (link) => link.dataset.led)) === wanted;
      };
      await until(ledThere, { what: `the link to lead to ${wanted}` });
      await tab.click("#link");
      await shows(browser, "Mirror", wanted, tab);
      await tab.close();
    });
  },
);
