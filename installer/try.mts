/**
 * Shows a site opening by its key: makes the key, serves the sample site, publishes, and starts a browser that has the
 * extension in it and the program registered for it alone. `installer/try` builds what this needs and calls it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BrowserName, type Page, TestBrowser } from "../tests/harness/browser.ts";
import { Cleanup, isEnding } from "../tests/harness/cleanup.ts";
import { freshKey } from "../tests/harness/key.ts";
import { root } from "../tests/harness/paths.ts";
import type { KeyFile } from "../tests/harness/pkarr.ts";
import type { Site } from "../tests/harness/site.ts";
import { until } from "../tests/harness/until.ts";
import { World } from "../tests/harness/world.ts";
import { sampleSite, title } from "./sample.mts";

/** Where the site is served when port 80 is not to be had. */
const OTHER_PORT = 8080;

const { values: options } = parseArgs({
  options: {
    browser: { type: "string", default: "chromium" },
    mainline: { type: "boolean", default: false },
    https: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});
const browserName = options.browser as BrowserName;
const headed = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

const paint = process.stdout.isTTY && !process.env.NO_COLOR;
const bold = (text: string) => (paint ? `\x1b[1m${text}\x1b[0m` : text);
const green = (text: string) => (paint ? `\x1b[32m${text}\x1b[0m` : text);
const say = (text = "") => console.log(text);

const cleanup = new Cleanup();
try {
  process.exitCode = (await show()) ? 0 : 1;
} catch (failure) {
  // What breaks off because everything is being stopped is no failure to tell of.
  if (!isEnding()) console.error(explain(failure));
  process.exitCode = 1;
} finally {
  await cleanup.run();
}

/** The whole demonstration. Tells whether the site really opened. */
async function show(): Promise<boolean> {
  const directory = options.keep ? keptDirectory() : undefined;
  say(options.mainline ? "Joining the public DHT …" : "Starting a small DHT on this computer …");
  const world = await World.start({
    binary: join(root, "target/release/pkarr"),
    mainline: options.mainline,
    directory,
  });
  cleanup.defer(() => world.stop());

  say("Serving the sample site and making a key for it …");
  const key = await world.key();
  const site = await serve(world);
  say(
    `Publishing the key's record${options.mainline ? " in the public DHT, which takes some seconds" : ""} …`,
  );
  if (options.https) await world.secure(key, site, { subdomains: true });
  else await world.publish(key, `@ 300 A ${site.address}\n* 300 A ${site.address}`);

  const shown = { chromium: "Chromium", firefox: "Firefox" }[browserName];
  say(`Starting ${shown}${headed ? "" : ", without a window: there is no display"} …`);
  const home = directory && join(directory, browserName);
  const browser = await TestBrowser.launch(browserName, {
    program: world.settings.binary,
    env: world.hostEnv(),
    headed,
    personal: true,
    https: options.https,
    home,
  });
  cleanup.defer(() => browser.close());
  // A record can name the port of what speaks TLS, and of nothing else.
  const port = options.https || site.port === 80 ? "" : `:${site.port}`;
  const url = `${options.https ? "https" : "http"}://${key.key}${port}/`;
  await browser.ready(url);
  const { page } = await browser.open(url);
  await closeOtherTabs(browser, page);
  const opened = await openedByKey(page, url);

  if (headed) return await playWith(browser, page, key, opened);
  await report(browser, page, opened);
  if (options.keep && opened) await keepServing(url);
  return opened;
}

/** A site at port 80 of an address nobody uses here, or at another port where that one is not allowed. */
async function serve(world: World): Promise<Site> {
  const routes = sampleSite(options.mainline ? "mainline" : "embedded");
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      return await world.site(routes);
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException;
      if (code === "EACCES") break;
      // Somebody serves there already: the next address is another one.
      if (code !== "EADDRINUSE") throw failure;
    }
  }
  if (!options.https) {
    say(
      `Port 80 is only for root here, so the site is at port ${OTHER_PORT}, and its address ends in :${OTHER_PORT}.`,
    );
  }
  return await world.site(routes, { port: OTHER_PORT });
}

/** Whether the page is the sample site's, and knows itself by the key. */
async function openedByKey(page: Page, url: string): Promise<boolean> {
  const host = await page.$eval("#host", (element) => element.textContent).catch(() => null);
  return (await page.title()) === title && host === new URL(url).host && page.url() === url;
}

async function report(browser: TestBrowser, page: Page, opened: boolean): Promise<void> {
  // The page tries four things out; what it says of them is part of the picture.
  await until(() => page.$$eval("output", (all) => all.every((one) => one.textContent !== "waiting")), {
    timeout: 10_000,
    what: "the page to finish",
  }).catch(() => {});
  const screenshot = join(tmpdir(), `pkarr-try-${browserName}.png`);
  writeFileSync(screenshot, await page.screenshot({ fullPage: true }));
  const text = await page.$eval("main", (main) => (main as HTMLElement).innerText).catch(() => "");
  say();
  say(opened ? green("The site opened by its key.") : bold("The site did not open."));
  say(`  address     ${page.url()}`);
  say(`  title       ${await page.title()}`);
  if (options.https) say(`  padlock     ${await padlock(browser, page)}`);
  say(`  screenshot  ${screenshot}`);
  say();
  say(text.replace(/\n{2,}/g, "\n").replace(/^/gm, "  │ "));
}

async function padlock(browser: TestBrowser, page: Page): Promise<string> {
  const { secure, protocol, issuer } = await browser.padlock(page);
  return `${secure ? "closed" : "open"}, ${protocol || "no TLS"}, vouched for by ${issuer || "nobody"}`;
}

async function playWith(browser: TestBrowser, page: Page, key: KeyFile, opened: boolean): Promise<boolean> {
  const url = page.url();
  if (options.https) say(`  padlock: ${await padlock(browser, page)}`);
  const { host, port } = new URL(url);
  const suffix = port && `:${port}/`;
  say();
  say(
    opened ? green("The site is open, by its key:") : bold("The window is open, but the site is not in it:"),
  );
  say(`  ${url}`);
  say();
  say(bold("Try next, in the address bar:"));
  say(`  ${key.key}${suffix}`);
  say("      the key alone, as you would type any name");
  say(`  www.${host}/`);
  say("      a name below it");
  say(`  pk:${key.key}${suffix}`);
  say("      the way keys are written in texts");
  say(`  ${freshKey().text}/`);
  say("      a key nobody has published: you are told so");
  say("And pkarr's button, behind the puzzle piece in the toolbar: who signed what you see, and when.");
  say();
  say("It runs until you close the window or press Ctrl-C.");
  await new Promise<void>((resolve) => browser.puppeteer.once("disconnected", resolve));
  if (!isEnding()) say("The window is closed, and everything that was started is stopped.");
  return opened;
}

async function keepServing(url: string): Promise<void> {
  say();
  say(`It goes on serving ${url} until you press Ctrl-C.`);
  await new Promise(() => {
    // An open timer keeps the process; a signal ends it.
    setInterval(() => {}, 60_000);
  });
}

async function closeOtherTabs(browser: TestBrowser, kept: Page): Promise<void> {
  for (const page of await browser.puppeteer.pages()) {
    if (page !== kept && page.url() === "about:blank") await page.close();
  }
}

/** What `--keep` keeps is where programs keep what they can make again. */
function keptDirectory(): string {
  const directory = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "pkarr-try");
  mkdirSync(directory, { recursive: true });
  say(`Keeping the key and what is learned in ${directory}`);
  return directory;
}

/** The words of a failure and of what caused it, without the places in the code. */
function explain(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  return failure.cause ? `${failure.message}\n  because: ${explain(failure.cause)}` : failure.message;
}
