/**
 * Pages of keys get nothing from this machine and the networks around it, however they ask: anybody can publish a key.
 * They load from key hosts as before, and tabs go where they like.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "../harness/browser.ts";
import type { Resolver } from "../harness/dns.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { type Answer, content, page, type Routes } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

const open = { "access-control-allow-origin": "*" };

/** Asks for what it is told to, and says what came of it. */
const WORKER = "onmessage = ({ data }) => fetch(data).then((r) => r.text(), () => 'no').then(postMessage)";

const walledOff: Answer = (_request, response) => {
  const headers = { "content-type": "text/html", "content-security-policy": "sandbox allow-scripts" };
  response.writeHead(200, headers).end(page("Walled off"));
};

const routes: Routes = {
  "/*": page("Mirror"),
  "/data": content("text/plain", "data", open),
  "/worker.js": content("text/javascript", WORKER),
  "/walled-off": walledOff,
};

async function prepare(world: World, dns: Resolver) {
  const [alice, bob, home] = await Promise.all([
    world.keySite(routes),
    world.keySite(routes),
    world.site(routes),
  ]);
  dns.set("home.example", home.address);
  return { alice, bob, home };
}

/** What each way to ask for this host came to in a page: the data, or "no". */
function tries(tab: Page, host: string): Promise<Record<string, string>> {
  return tab.evaluate(
    async (target, worker) => {
      const url = `http://${target}/data`;
      const patient = (answer: Promise<string>): Promise<string> =>
        Promise.race([answer, new Promise<string>((resolve) => setTimeout(resolve, 8_000, "pending"))]);
      const asked = (script: string): Promise<string> =>
        patient(
          new Promise((resolve) => {
            const thread = new Worker(script);
            thread.onmessage = ({ data }) => resolve(data);
            thread.onerror = () => resolve("no");
            thread.postMessage(url);
          }),
        );
      const request = fetch(url).then(
        (response) => response.text(),
        () => "no",
      );
      const socket = new Promise<string>((resolve) => {
        const line = new WebSocket(`ws://${target}/echo`);
        line.onopen = () => resolve("data");
        line.onerror = () => resolve("no");
      });
      const blob = URL.createObjectURL(new Blob([worker]));
      return {
        request: await patient(request),
        socket: await patient(socket),
        "worker of a blob": await asked(blob),
        ...(origin === "null" ? {} : { worker: await asked("/worker.js") }),
      };
    },
    host,
    WORKER,
  );
}

const all = (answers: Record<string, string>, answer: string): void =>
  assert.deepEqual(
    answers,
    Object.fromEntries(Object.keys(answers).map((way) => [way, answer])),
    JSON.stringify(answers),
  );

inEachBrowser("the own network", { prepare, ready: ({ alice }) => alice.url() }, (stage) => {
  test("is within reach of its own pages", async () => {
    const { browser, home } = stage();
    const { page: tab } = await browser.open(`http://${home.address}/`);
    all(await tries(tab, home.address), "data");
    all(await tries(tab, "home.example"), "data");
  });

  for (const path of ["/", "/walled-off"]) {
    test(`is out of reach for a key's page: ${path}`, async () => {
      const { browser, alice, home } = stage();
      const { page: tab } = await browser.open(alice.url(path));
      const before = home.visits.length;
      all(await tries(tab, home.address), "no");
      assert.equal(home.visits.length, before, "it was asked");
      // Firefox learns only by the answer where a name leads.
      all(await tries(tab, "home.example"), "no");
    });

    test(`leaves a key's page what keys have: ${path}`, async () => {
      const { browser, alice, bob } = stage();
      const { page: tab } = await browser.open(alice.url(path));
      all(await tries(tab, bob.key), "data");
      all(await tries(tab, `www.${alice.key}`), "data");
    });
  }

  test("is out of reach for a frame without a name of its own", async () => {
    const { browser, alice, home } = stage();
    const { page: tab } = await browser.open(alice.url());
    const before = home.visits.length;
    const told = await tab.evaluate(async (url) => {
      const frame = document.createElement("iframe");
      frame.sandbox.add("allow-scripts");
      const tell = 'then((answer) => parent.postMessage(answer, "*"))';
      frame.srcdoc = `<script>fetch("${url}").then((r) => r.text(), () => "no").${tell}</script>`;
      const said = new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data)));
      document.body.append(frame);
      return await said;
    }, `http://${home.address}/data`);
    assert.equal(told, "no");
    assert.equal(home.visits.length, before, "it was asked");
  });

  test("is out of reach for what a walled-off page leads its tab to", async () => {
    const { browser, alice, home } = stage();
    const { page: tab } = await browser.open(alice.url("/walled-off"));
    const before = home.visits.length;
    await tab.evaluate((script) => {
      location.href = URL.createObjectURL(new Blob([`<script>${script}</script>`], { type: "text/html" }));
    }, `fetch("http://${home.address}/data").then((r) => r.text(), () => "no").then((told) => { document.title = told; })`);
    const told = async () => /^(?:data|no)$/.exec(await tab.title())?.[0];
    assert.equal(await until(told, { what: "the blob to say what it heard" }), "no");
    assert.equal(home.visits.length, before, "it was asked");
  });

  test("is where a tab may go all the same", async () => {
    const { browser, alice, home } = stage();
    const { page: tab } = await browser.open(alice.url());
    const url = `http://${home.address}/`;
    await tab.evaluate((href) => {
      location.href = href;
    }, url);
    await until(() => tab.evaluate((wanted) => location.href === wanted, url), { what: url });
    assert.equal(await tab.title(), "Mirror");
  });
});
