/**
 * What the extension costs a request that is not to a key, in Firefox, which asks extensions about each.
 *
 * Three browsers side by side: without an extension, with one whose `proxy.onRequest` listener does nothing, and with
 * this one. Each loads the same small file from a site on this machine, in rounds that take turns, so that whatever else
 * the machine does meets all of them.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Page, TestBrowser } from "../harness/browser.ts";
import { Cleanup } from "../harness/cleanup.ts";
import { Resolver } from "../harness/dns.ts";
import { content, page, Site } from "../harness/site.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "25" },
    requests: { type: "string", default: "200" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

const USAGE = `Usage: tests/bench/intercept [--rounds N] [--requests N] [--json]

  --rounds N     how often each browser has its turn (25)
  --requests N   requests in each turn (200)
  --json         the figures as JSON
`;

const NAMES = ["none", "empty", "pkarr"] as const;
type Name = (typeof NAMES)[number];

function emptyListener(): string {
  const folder = join(mkdtempSync(join(tmpdir(), "pkarr-empty-")), "extension");
  mkdirSync(folder);
  const manifest = {
    manifest_version: 3,
    name: "Does nothing",
    version: "1",
    permissions: ["proxy"],
    host_permissions: ["<all_urls>"],
    background: { scripts: ["background.js"] },
    browser_specific_settings: { gecko: { id: "does-nothing@tests.example" } },
  };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  // The port keeps it from being put to sleep, as ours does.
  writeFileSync(
    join(folder, "background.js"),
    `browser.proxy.onRequest.addListener(() => undefined, { urls: ["<all_urls>"] });
     setInterval(() => browser.runtime.getPlatformInfo(), 5000);`,
  );
  return folder;
}

/** Milliseconds for each of so many requests, one after the other. */
function turn(tab: Page, requests: number): Promise<number> {
  return tab.evaluate(async (count) => {
    const began = performance.now();
    for (let number = 0; number < count; number += 1) {
      await (await fetch(`/small?${number}`, { cache: "no-store" })).text();
    }
    return (performance.now() - began) / count;
  }, requests);
}

/** Of all rounds the one that so large a part of them was faster than. */
function quantile(figures: number[], part: number): number {
  const sorted = figures.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}

type Figures = Record<Name, number>;

function at(
  part: number,
  rounds: Record<Name, number[]>,
): { milliseconds: Figures; ratios: Record<"request" | "listener", number> } {
  const [none, empty, pkarr] = NAMES.map((name) => quantile(rounds[name], part)) as [number, number, number];
  const ratios = { request: pkarr / empty, listener: (pkarr - none) / (empty - none) };
  return { milliseconds: { none, empty, pkarr }, ratios };
}

async function measure(rounds: number, requests: number): Promise<Record<Name, number[]>> {
  const cleanup = new Cleanup();
  try {
    const dns = await Resolver.start();
    cleanup.defer(() => dns.stop());
    const routes = { "/": page("Ordinary"), "/small": content("text/plain", "small") };
    const site = await Site.start({ address: "127.80.0.1", routes });
    cleanup.defer(() => site.stop());
    dns.set("ordinary.example", site.address);
    const extensions = { none: null, empty: emptyListener(), pkarr: undefined };
    const tabs: [Name, Page][] = [];
    for (const name of NAMES) {
      const env = { PKARR_DATA_DIR: mkdtempSync(join(tmpdir(), "pkarr-bench-")), PKARR_NO_RELAYS: "1" };
      const extension = extensions[name];
      const browser = await TestBrowser.launch("firefox", {
        env,
        ...(extension !== undefined && { extension }),
      });
      cleanup.defer(() => browser.close());
      tabs.push([name, (await browser.open("http://ordinary.example/")).page]);
    }
    for (const [, tab] of tabs) await turn(tab, requests);
    const figures: Record<Name, number[]> = { none: [], empty: [], pkarr: [] };
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, tab] of tabs) figures[name].push(await turn(tab, requests));
    }
    return figures;
  } finally {
    await cleanup.run();
  }
}

if (values.help) console.log(USAGE);
else {
  const figures = await measure(Number(values.rounds), Number(values.requests));
  // Whatever else the machine does only ever makes a round slower, so the quick ones say most of the listener.
  const found = { quick: at(0.1, figures), median: at(0.5, figures) };
  if (values.json) console.log(JSON.stringify(found));
  else {
    const ms = (figure: number) => `${figure.toFixed(3)} ms`.padStart(10);
    const row = (what: string, name: Name) =>
      `  ${what.padEnd(24)} ${ms(found.quick.milliseconds[name])} ${ms(found.median.milliseconds[name])}`;
    const { quick, median } = found;
    console.log(`A request, in ${values.rounds} rounds of ${values.requests}: the tenth that were quickest, and the median
${row("without an extension", "none")}
${row("with an empty listener", "empty")}
${row("with pkarr", "pkarr")}
pkarr to an empty listener: ${quick.ratios.request.toFixed(2)} and ${median.ratios.request.toFixed(2)} a request; ${quick.ratios.listener.toFixed(2)} and ${median.ratios.listener.toFixed(2)} of what is added to it`);
  }
}
