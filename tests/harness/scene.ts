/**
 * The frame of an end to end test: a world and a browser in it, for each kind of browser, and what to keep of them when
 * a test fails.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type BrowserName, browserNames, type LaunchOptions, TestBrowser } from "./browser.ts";
import { Cleanup } from "./cleanup.ts";
import { Resolver } from "./dns.ts";
import { artifacts } from "./paths.ts";
import { World } from "./world.ts";

export interface Stage {
  world: World;
  /** Answers for the whole isolated machine. */
  dns: Resolver;
  browser: TestBrowser;
}

export interface SceneOptions<T> {
  /** Sets up sites and keys before the tests begin. */
  prepare?: (world: World, dns: Resolver, name: BrowserName) => Promise<T>;
  /**
   * How to start the browser; without it, with the extension and the host of this world. It starts while sites and keys
   * are set up.
   */
  launch?: (world: World) => LaunchOptions;
  /** The same, after that and with something of it. */
  launchAfter?: (world: World, prepared: T, name: BrowserName) => LaunchOptions;
  /** A key host's address that has to open before the tests begin: the extension and its host are at work then. */
  ready?: (prepared: T) => string;
}

/** Describes something that has to hold in every browser. The stage is there once a test runs. */
export function inEachBrowser<T extends object>(
  what: string,
  options: SceneOptions<T>,
  define: (stage: () => Stage & T, name: BrowserName) => void,
): void {
  for (const name of browserNames) {
    describe(`${name}: ${what}`, () => {
      let stage: (Stage & T) | undefined;
      const cleanup = new Cleanup();

      before(async () => {
        if (!process.env.PKARR_ISOLATED) throw new Error("run this by tests/run, or with tests/isolated");
        const dns = await Resolver.start();
        cleanup.defer(() => dns.stop());
        const world = await World.start();
        cleanup.defer(() => world.stop());
        const launch = (how: LaunchOptions = {}) => {
          const launching = TestBrowser.launch(name, { env: world.hostEnv(), ...how });
          // Whatever else fails meanwhile.
          const launched = launching.catch(() => null);
          cleanup.defer(async () => (await launched)?.close());
          return launching;
        };
        const early = options.launchAfter ? null : launch(options.launch?.(world));
        const prepared = (await options.prepare?.(world, dns, name)) ?? ({} as T);
        const browser = await (early ?? launch(options.launchAfter?.(world, prepared, name)));
        stage = { world, dns, browser, ...prepared };
        if (options.ready)
          await browser.ready(options.ready(prepared)).catch((failure) => keep(what, failure));
      });

      afterEach(async (test) => {
        if (!("passed" in test) || test.passed || !stage) return;
        await keepEvidence(stage, join(artifacts, "failures", fileName(test.fullName)));
      });

      after(async () => {
        await cleanup.run();
      });

      async function keep(title: string, failure: unknown): Promise<never> {
        if (stage) await keepEvidence(stage, join(artifacts, "failures", fileName(`${name} ${title}`)));
        throw failure;
      }

      define(() => {
        if (!stage) throw new Error("the stage is set when the tests run, not before");
        return stage;
      }, name);
    });
  }
}

/** Screenshots of every tab, and what the host and the resolver noted. */
async function keepEvidence({ browser, dns }: Stage, directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "host.log"), browser.hostLog);
  writeFileSync(
    join(directory, "dns.log"),
    dns.queries.map((query) => `${query.type} ${query.name}\n`).join(""),
  );
  const pages = await browser.puppeteer.pages();
  for (const [index, page] of pages.entries()) {
    const html = await promptly(
      page.evaluate(() => `<!-- ${location.href} -->\n${document.documentElement.outerHTML}`),
    );
    writeFileSync(join(directory, `page-${index}.html`), String(html));
    // A tab in the background is not drawn.
    await promptly(page.bringToFront());
    const screenshot = await promptly(page.screenshot());
    if (screenshot instanceof Uint8Array) writeFileSync(join(directory, `page-${index}.png`), screenshot);
  }
  console.log(`kept in ${directory}: pages, screenshots and logs`);
}

/** The value, or what went wrong, within a few seconds: a page that hangs must not keep the others from being kept. */
async function promptly<T>(value: Promise<T>): Promise<T | Error> {
  const late = sleep(3_000, new Error("took too long"), { ref: false });
  return await Promise.race([value.catch((failure: Error) => failure), late]);
}

function fileName(title: string): string {
  return title.replace(/[^a-z0-9]+/gi, "-").toLowerCase();
}
