/**
 * What a page that means harm gets from the extension: nothing. It has no way to the program, learns no names, makes up
 * no clicks, and what it writes into its records is text wherever it is shown.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page, TestBrowser } from "../harness/browser.ts";
import { remembers } from "../harness/pkarr.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { tabNumber } from "../harness/tabs.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

const MARKUP = "<img src=x onerror=document.title='owned'><h1>Verified</h1>";
/** Right-to-left override and isolates, a bell, a zero-width space, in the escapes of zone files. */
const UNSEEN = "\\226\\128\\174evil\\226\\129\\166\\007\\226\\128\\139";
/** What must not be in what people see: it turns text round, or can't be seen. */
const TRICKS = /[\u202a-\u202e\u2066-\u2069\u200b]|\p{Cc}(?<![\n\t])/u;

/** What of the extensions' interface a page might find. */
interface Interface {
  runtime?: { sendMessage?: (id: string, message: object) => Promise<unknown>; connect?: unknown };
}

/** Runs in a page: all that a page can do to look as if a person used its link, or as if the extension spoke. */
function makeUp(key: string): void {
  const link = document.querySelector("#made-up");
  // Or the page would leave itself.
  link?.addEventListener("click", (event) => event.preventDefault());
  for (const type of [
    "pointerover",
    "mouseover",
    "pointerdown",
    "focusin",
    "contextmenu",
    "auxclick",
    "click",
  ]) {
    link?.dispatchEvent(new MouseEvent(type, { bubbles: true, composed: true, cancelable: true }));
  }
  (link as HTMLElement).focus();
  getSelection()?.selectAllChildren(document.querySelector("#text") as Element);
  for (const message of [
    { noticed: "link", host: key, ahead: true },
    { question: "resolve", host: key },
  ]) {
    postMessage(message, "*");
    dispatchEvent(new CustomEvent("message", { detail: message }));
  }
}

async function prepare(world: World) {
  const ids = ["made-up", "real"] as const;
  const [alice, ...targets] = await Promise.all([
    world.keySite({ "/*": page("Mallory") }),
    ...ids.map(() => world.published('@ 300 TXT "x"')),
  ]);
  const links = ids.map((id, index) => `<p><a id="${id}" href="pk:${targets[index]?.key}">${id}</a></p>`);
  const body = `<p id="text">${targets[0]?.key}</p>${links.join("")}`;
  const acts = `<script>(${makeUp})("${targets[0]?.key}")</script>`;
  const site = await world.site({ "/acts": page("Mallory", body + acts), "/*": page("Mallory", body) });
  await world.publish(
    alice.file,
    `@ 300 A ${alice.site.address}\n@ 300 TXT "${MARKUP}"\n@ 300 TXT "${UNSEEN}"\n` +
      `_iroh 300 TXT "user-data=${MARKUP}"\n_iroh 300 TXT "relay=javascript:alert(1)"\n` +
      `_dnslink 300 TXT "dnslink=/ipfs/${MARKUP}"`,
  );
  // With no place to go to, and a record that shows why on the gateway's page.
  const lost = await world.published(
    `@ 300 TXT "${MARKUP}"\n@ 300 TXT "${UNSEEN}"\n_dnslink 300 TXT "dnslink=/ipfs/${MARKUP}"`,
  );
  const keys = Object.fromEntries(ids.map((id, index) => [id, targets[index]?.key ?? ""]));
  return { alice, lost, keys, mallory: `http://${site.address}/`, env: world.hostEnv() };
}

inEachBrowser(
  "a hostile page",
  { prepare, launchAfter: (_world, { env }) => ({ env }), ready: ({ alice }) => alice.url() },
  (stage, name) => {
    for (const where of ["of a key", "of an ordinary site"] as const) {
      const open = async (): Promise<Page> => {
        const { browser, alice, mallory } = stage();
        return (await browser.open(where === "of a key" ? alice.url("/") : mallory)).page;
      };

      test(`${where} has no way to the extension`, async () => {
        const { browser } = stage();
        const tab = await open();
        const id = new URL(browser.extensionUrl("")).host;
        const reached = await tab.evaluate(async (to) => {
          const { browser, chrome } = globalThis as { browser?: Interface; chrome?: Interface };
          const runtime = browser?.runtime ?? chrome?.runtime;
          if (!runtime?.sendMessage) return "nothing to speak with";
          return await runtime.sendMessage(to, { question: "status" }).then(
            (answer) => `an answer: ${JSON.stringify(answer)}`,
            () => "nobody who listens",
          );
        }, id);
        assert.match(reached, /^nothing|^nobody/);
      });

      test(`${where} can neither fetch, frame nor open what knows names and settings`, async () => {
        const { browser } = stage();
        const tab = await open();
        const address = (path: string) =>
          browser.extensionUrl(path.includes("/") ? `${path}.png` : `${path}.html`);
        const closed = ["popup", "names", "options", "key", "welcome", "diagnostics"];
        // Firefox’s address is a secret of the profile; Chromium’s is the same everywhere and would tell of the extension.
        if (name === "chromium") closed.push("host", "https", "open", "icon/16");
        for (const url of closed.map(address)) {
          const fetched = await tab.evaluate(
            (wanted) =>
              fetch(wanted).then(
                () => true,
                () => false,
              ),
            url,
          );
          assert.equal(fetched, false, `${url} was fetched`);
          await tab.evaluate((wanted) => {
            const frame = document.createElement("iframe");
            frame.src = wanted;
            document.body.append(frame);
            try {
              window.open(wanted);
            } catch {
              // Firefox throws where Chromium opens an empty tab.
            }
          }, url);
        }
        const shown = await shownPages(browser);
        const leaked = shown.filter((url) => closed.map(address).includes(url));
        assert.deepEqual(leaked, []);
      });
    }

    test("makes up no pointing, no clicks and no messages", async () => {
      const { browser, keys, env, mallory } = stage();
      // By itself: what a test has a page do counts as done by a person.
      const { page: tab } = await browser.open(`${mallory}acts`);
      await tab.bringToFront();
      // Whatever came of it came before this.
      await tab.hover("#real");
      await until(() => remembers(env, keys.real ?? ""), {
        what: "the link that is pointed at to be looked up",
      });
      assert.equal(await remembers(env, keys["made-up"] ?? ""), false);
    });

    test("finds no marks of the extension in itself", async () => {
      const { browser, mallory } = stage();
      const { page: tab } = await browser.open(mallory);
      const marks = await tab.evaluate(async () => {
        const written = await (await fetch(location.href)).text();
        const plain = new DOMParser().parseFromString(written, "text/html").documentElement.outerHTML;
        return {
          changed: document.documentElement.outerHTML !== plain,
          loaded: performance
            .getEntriesByType("resource")
            .map(({ name }) => name)
            .filter((name) => !/^https?:|^data:/.test(name)),
          globals: Object.keys(globalThis).filter((name) => /pkarr|pubky|wxt/i.test(name)),
        };
      });
      assert.deepEqual(marks, { changed: false, loaded: [], globals: [] });
    });

    test("writes text into its records, and text is what is shown", async () => {
      const { browser, alice } = stage();
      await browser.open(alice.url("/records"));
      const id = await tabNumber(browser, alice.url("/records"));
      for (const path of [`popup.html?tabId=${id}`, `key.html?key=${alice.key}`]) {
        const shown = await browser.openExtension(path);
        await until(() => shown.evaluate(() => document.body.textContent?.includes("<img src=x")), {
          what: `the record in ${path}`,
        });
        await assertHarmless(shown, path);
        await shown.close();
      }
    });

    test("writes text into records without a site, and text is what the gateway shows", async () => {
      const { browser, lost } = stage();
      const { page: shown } = await browser.open(`http://${lost.key}/${encodeURIComponent(MARKUP)}#\u202e`);
      await shown.$$eval("details", (all) => {
        for (const one of all) one.open = true;
      });
      const text = await shown.evaluate(() => document.body.innerText);
      assert.ok(text.includes("<img src=x"), "the record is not shown");
      assert.ok(text.replace(/\s/g, "").includes(lost.key), "the key is not shown whole");
      await assertHarmless(shown, "the gateway's page");
    });

    test("is told of by the popup in its own words, however long its address", async () => {
      const { browser, alice } = stage();
      const long = alice.url(`/${encodeURIComponent(`${MARKUP}\u202e`).repeat(12)}?${"y".repeat(500)}`);
      assert.ok(long.length > 1000);
      await browser.open(long);
      const shown = await browser.openExtension(`popup.html?tabId=${await tabNumber(browser, long)}`);
      await until(() => shown.$eval("#key-section", (section) => section.checkVisibility()), {
        what: "the key in the popup",
      });
      await assertHarmless(shown, "popup.html");
      await shown.close();
    });

    test("writes a long address, and it is shown as it is", async () => {
      const { browser, alice } = stage();
      const long = alice.url(`/${encodeURIComponent(MARKUP).repeat(20)}?${MARKUP}#\u202e${"x".repeat(1000)}`);
      for (const path of ["host", "https", "open"]) {
        const written = new URL(`https://x/${path}.html?url=javascript:${long}`);
        const shown = await browser.openExtension(`${path}.html${written.search}${written.hash}`);
        await assertHarmless(shown, path);
        await shown.close();
      }
    });
  },
);

/** The addresses of all tabs and frames. */
async function shownPages(browser: TestBrowser): Promise<string[]> {
  const tabs = await browser.puppeteer.pages();
  return tabs.flatMap((tab) => tab.frames().map((frame) => frame.url()));
}

/** Nothing in it came from markup, turns text round, leads to a script or sticks out. */
async function assertHarmless(shown: Page, what: string): Promise<void> {
  await shown.setViewport({ width: 320, height: 600 });
  const seen = await shown.evaluate(() => ({
    made: document.querySelectorAll("img[src='x'], [onerror]").length,
    title: document.title,
    text: document.body.innerText,
    scripts: [...document.querySelectorAll("[href], [src]")]
      .map((one) => one.getAttribute("href") ?? one.getAttribute("src") ?? "")
      .filter((address) => /^\s*(?:javascript|data:text)/i.test(address)),
    wide: document.documentElement.scrollWidth - innerWidth,
  }));
  assert.equal(seen.made, 0, `${what}: markup became an element`);
  assert.notEqual(seen.title, "owned", what);
  assert.doesNotMatch(seen.text, TRICKS, what);
  assert.deepEqual(seen.scripts, [], what);
  assert.ok(seen.wide <= 0, `${what}: ${seen.wide} px wider than the page`);
}
