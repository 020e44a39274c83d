/**
 * What pages are made of comes through like the pages themselves: pictures, scripts, requests, frames and open lines,
 * from their own key and from another one. And each key is a site of its own.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inEachBrowser } from "../harness/scene.ts";
import { type Answer, content, page, type Routes } from "../harness/site.ts";
import type { World } from "../harness/world.ts";

const picture = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="30" height="20"/></svg>',
);

/** Says which cookies came with the request, and sets one for the host. */
const cookies: Answer = (request, response) => {
  const own = `sent=${request.headers.host}`;
  response
    .writeHead(200, { "content-type": "text/html", "set-cookie": own })
    .end(request.headers.cookie ?? "none");
};

const routes: Routes = {
  "/": page("Home"),
  "/frame": page("Inside"),
  "/picture.svg": content("image/svg+xml", picture),
  "/script.js": content("text/javascript", "globalThis.fromScript = document.currentScript.src;"),
  "/open": content("application/json", '{"open":true}', { "access-control-allow-origin": "*" }),
  "/closed": content("application/json", '{"open":false}'),
  "/posted": (request, response) => {
    request.setEncoding("utf8");
    let body = "";
    request.on("data", (text) => {
      body += text;
    });
    request.on("end", () => response.writeHead(200, { "content-type": "text/plain" }).end(`got ${body}`));
  },
  "/cookies": cookies,
};

async function prepare(world: World) {
  const [alice, bob] = await Promise.all([world.keySite(routes), world.keySite(routes)]);
  return { alice, bob };
}

inEachBrowser("inside a page", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  for (const whose of ["alice", "bob"] as const) {
    const from = whose === "alice" ? "of its own key" : "of another key";

    test(`an image ${from}`, async () => {
      const { browser, alice, [whose]: other } = stage();
      const { page } = await browser.open(alice.url());
      const width = await page.evaluate(async (source) => {
        const image = new Image();
        image.src = source;
        await image.decode();
        return image.naturalWidth;
      }, other.url("/picture.svg"));
      assert.equal(width, 30);
    });

    test(`a script ${from}`, async () => {
      const { browser, alice, [whose]: other } = stage();
      const { page } = await browser.open(alice.url());
      await page.addScriptTag({ url: other.url("/script.js") });
      const source = await page.evaluate(() => (globalThis as { fromScript?: string }).fromScript);
      assert.equal(source, other.url("/script.js"));
    });

    test(`a frame ${from}`, async () => {
      const { browser, alice, [whose]: other } = stage();
      const { page } = await browser.open(alice.url());
      await page.evaluate(async (source) => {
        const frame = document.createElement("iframe");
        frame.src = source;
        const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
        document.body.append(frame);
        await loaded;
      }, other.url("/frame"));
      const frame = page.frames().find((candidate) => candidate.url() === other.url("/frame"));
      assert.equal(await frame?.title(), "Inside");
      assert.equal(page.url(), alice.url());
    });

    test(`a WebSocket ${from}`, async () => {
      const { browser, alice, [whose]: other } = stage();
      const { page } = await browser.open(alice.url());
      const answers = await page.evaluate(async (address) => {
        const socket = new WebSocket(address);
        await new Promise((resolve, reject) => {
          socket.onopen = resolve;
          socket.onerror = () => reject(new Error("no connection"));
        });
        const heard: string[] = [];
        for (const word of ["one", "two"]) {
          socket.send(word);
          heard.push(
            await new Promise((resolve) => {
              socket.onmessage = (event) => resolve(event.data);
            }),
          );
        }
        socket.close();
        return heard;
      }, `ws://${other.key}/echo`);
      assert.deepEqual(answers, ["one", "two"]);
      assert.equal(other.site.visits.at(-1)?.headers.origin, `http://${alice.key}`);
    });
  }

  test("a request of its own key, there and back", async () => {
    const { browser, alice } = stage();
    const { page } = await browser.open(alice.url());
    const answer = await page.evaluate(async () => {
      const response = await fetch("/posted", { method: "POST", body: "hello" });
      return await response.text();
    });
    assert.equal(answer, "got hello");
  });

  test("a request of another key, as far as that key allows", async () => {
    const { browser, alice, bob } = stage();
    const { page } = await browser.open(alice.url());
    const ask = (address: string) =>
      page.evaluate(async (url) => {
        try {
          return await (await fetch(url)).json();
        } catch (failure) {
          return (failure as Error).name;
        }
      }, address);
    assert.deepEqual(await ask(bob.url("/open")), { open: true });
    assert.deepEqual(await ask(bob.url("/open", "www")), { open: true });
    assert.equal(await ask(bob.url("/closed")), "TypeError");
    assert.equal(bob.site.visits.at(-1)?.headers.origin, `http://${alice.key}`);
  });

  test("two keys share no storage", async () => {
    const { browser, alice, bob } = stage();
    const first = await browser.open(alice.url());
    await first.page.evaluate(() => localStorage.setItem("secret", "alice"));
    const read = () => localStorage.getItem("secret");
    const second = await browser.open(bob.url());
    assert.equal(await second.page.evaluate(read), null);
    const below = await browser.open(alice.url("/", "www"));
    assert.equal(await below.page.evaluate(read), null);
    const again = await browser.open(alice.url());
    assert.equal(await again.page.evaluate(read), "alice");
  });

  test("two keys share no cookies", async () => {
    const { browser, alice, bob } = stage();
    const body = async (url: string) => {
      const { page } = await browser.open(url);
      return await page.evaluate(() => document.body.textContent);
    };
    assert.equal(await body(alice.url("/cookies")), "none");
    assert.equal(await body(bob.url("/cookies")), "none");
    assert.equal(await body(alice.url("/cookies")), `sent=${alice.key}`);
    assert.equal(await body(bob.url("/cookies")), `sent=${bob.key}`);
  });
});
