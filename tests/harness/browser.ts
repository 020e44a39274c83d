/**
 * A browser with the extension in it: Chromium or Firefox, with a profile and a home of its own that vanish with it.
 *
 * What differs between the two stands in `chromium.ts` and `firefox.ts`; everything else is written once.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, HTTPResponse, Page } from "puppeteer-core";
import { chromium } from "./chromium.ts";
import { Cleanup } from "./cleanup.ts";
import { firefox } from "./firefox.ts";
import { newStore, switchHttps, trust } from "./https.ts";
import type { Kind, Padlock } from "./kind.ts";
import { binary, extensionDirectory } from "./paths.ts";
import { stopGroup } from "./processes.ts";
import { manifestPath, register, unregister } from "./registration.ts";
import { until } from "./until.ts";

export type { Page } from "puppeteer-core";

export type BrowserName = "chromium" | "firefox";

export interface LaunchOptions {
  /** Given to the browser, which passes it on to the native host. */
  env?: Record<string, string>;
  /** A window instead of headless; the display comes with `env`. */
  headed?: boolean;
  /** Without the native host's manifest; `registerHost` puts it there later. */
  unregistered?: boolean;
  /** The native host program; the one under test unless told otherwise. */
  program?: string;
  /** As people run it: without the signs of a browser under test. */
  personal?: boolean;
  /** A home to use again instead of a temporary one, with the profile in it. */
  home?: string;
  /** With `https://` for keys switched on for its home before it starts; the data folder comes with `env`. */
  https?: boolean;
  /** The extension is allowed in private windows. */
  allowedInPrivate?: boolean;
  /** The folder of another extension in place of the one under test; null for none. */
  extension?: string | null;
  /** Folders of other extensions that are there too. */
  otherExtensions?: string[];
  /** An ordinary proxy, host and port, that the person has chosen in the browser's settings; Chromium only. */
  chosenProxy?: string;
  /** The address of a proxy script (PAC) that the person has chosen in the browser's settings. */
  proxyScript?: string;
  /** The address the browser is started with. */
  firstTab?: string;
  /** What the extension keeps outlives the browser, as that of an installed one does; for a home that is used again. */
  keepsExtension?: boolean;
  /** Takes any certificate for a good one: for the sites of ordinary names that a test plays. */
  acceptInsecureCerts?: boolean;
  /** An authority whose certificates the browser believes, as if a person had said so: a file in PEM. */
  authority?: string;
  /** The address of a server of DNS over HTTPS, which alone is asked for names. */
  doh?: string;
  /** Leaves the welcome page open, which comes by itself with a new profile. */
  welcome?: boolean;
}

export const kinds: Record<BrowserName, Kind> = { chromium, firefox };

/** The browsers the tests run in: both, or those that PKARR_BROWSERS names. */
export const browserNames: BrowserName[] = (process.env.PKARR_BROWSERS ?? "chromium,firefox")
  .split(",")
  .filter((name): name is BrowserName => name === "chromium" || name === "firefox");

/** How long a browser may take to leave when it is asked to. */
const CLOSE_TIMEOUT = 15_000;

export class TestBrowser {
  readonly name: BrowserName;
  readonly puppeteer: Browser;
  /** Its home folder. */
  readonly home: string;
  /** Where its native host keeps things; empty unless it was told. */
  readonly dataDirectory: string;
  readonly #manifest: string;
  readonly #program: string;
  readonly #hostLogs: string[];
  readonly #cleanup: Cleanup;
  /** The tabs of private windows. */
  readonly #private: Page[] = [];

  private constructor(parts: {
    name: BrowserName;
    puppeteer: Browser;
    home: string;
    dataDirectory: string;
    manifest: string;
    program: string;
    hostLogs: string[];
    cleanup: Cleanup;
  }) {
    this.name = parts.name;
    this.puppeteer = parts.puppeteer;
    this.home = parts.home;
    this.dataDirectory = parts.dataDirectory;
    this.#manifest = parts.manifest;
    this.#program = parts.program;
    this.#hostLogs = parts.hostLogs;
    this.#cleanup = parts.cleanup;
  }

  static async launch(name: BrowserName, options: LaunchOptions = {}): Promise<TestBrowser> {
    const kind = kinds[name];
    const executable = findProgram(kind.programs);
    if (!executable) throw new Error(`no ${name} here: looked for ${kind.programs.join(", ")}`);
    const cleanup = new Cleanup();
    try {
      const home = options.home ?? mkdtempSync(join(tmpdir(), `pkarr-${name}-`));
      if (!options.home) {
        cleanup.defer(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
      }
      const profile = join(home, kind.profile);
      const fresh = !existsSync(profile);
      mkdirSync(profile, { recursive: true });
      const errors = join(home, "host-errors.log");
      const dataDirectory = options.env?.PKARR_DATA_DIR ?? "";
      const hostLogs = [errors, join(dataDirectory || home, "logs")];
      const program = logged(options.program ?? binary, home, errors);
      const manifest = manifestPath(name, home, profile);
      // A home that is kept must not go on naming a program that is gone.
      cleanup.defer(() => unregister(manifest));
      if (!options.unregistered) register(name, manifest, program);
      const env = { ...process.env, ...ownFolders(home), ...options.env };
      if (options.https) {
        if (name === "firefox") await newStore(profile);
        await switchHttps({ binary: options.program ?? binary, env }, "enable");
      }
      if (options.authority) await trust(kind.store(home, profile), options.authority);
      const puppeteer = await kind.start({
        executable,
        profile,
        headed: options.headed ?? false,
        personal: options.personal ?? false,
        extension: options.extension === undefined ? extensionDirectory(name) : options.extension,
        acceptInsecureCerts: options.acceptInsecureCerts ?? false,
        allowedInPrivate: options.allowedInPrivate ?? false,
        otherExtensions: options.otherExtensions ?? [],
        chosenProxy: options.chosenProxy ?? null,
        proxyScript: options.proxyScript ?? null,
        firstTab: options.firstTab ?? null,
        keepsExtension: options.keepsExtension ?? false,
        doh: options.doh ?? null,
        env,
      });
      // Some of its processes take a moment longer than the first, and write to the profile until then.
      const { pid } = puppeteer.process() ?? {};
      if (pid !== undefined) cleanup.defer(() => stopGroup(pid));
      // One that does not go when asked is stopped by the step above, with all it started.
      cleanup.defer(() => Promise.race([puppeteer.close(), sleep(CLOSE_TIMEOUT, null, { ref: false })]));
      const parts = { name, puppeteer, home, dataDirectory, manifest, program, hostLogs, cleanup };
      const browser = new TestBrowser(parts);
      const own = options.extension === undefined;
      if (fresh && own && !options.welcome) await (await browser.welcomePage()).close();
      return browser;
    } catch (failure) {
      await cleanup.run();
      throw failure;
    }
  }

  /** The tab that the extension opens when it is installed. */
  async welcomePage(): Promise<Page> {
    const url = this.extensionUrl("welcome.html");
    const find = async () => {
      for (const page of await this.puppeteer.pages()) {
        if ((await page.evaluate(() => location.href).catch(() => "")) === url) return page;
      }
      return null;
    };
    return await until(find, { timeout: 30_000, what: "the welcome page" });
  }

  /** Puts the native host's manifest where this browser looks. */
  registerHost(): void {
    register(this.name, this.#manifest, this.#program);
  }

  /** Takes the native host's manifest away again. */
  unregisterHost(): void {
    unregister(this.#manifest);
  }

  /** A new tab at this address, with the response of its document. */
  async open(url: string): Promise<{ page: Page; response: HTTPResponse | null }> {
    const page = await this.puppeteer.newPage();
    try {
      const response = await page.goto(url, { waitUntil: "load" });
      return { page, response };
    } catch (failure) {
      throw new Error(`${this.name} did not open ${url}`, { cause: failure });
    }
  }

  /**
   * Waits until the extension and its host work together: until the site of a key host opens. A browser that has just
   * been started may still be busy with starting them.
   */
  async ready(url: string): Promise<void> {
    // A page of the extension may stand in for it, and is no failure to the browser.
    await this.#openUntil(url, (response) => response.ok() && response.url() === url);
  }

  /** The same, for a key host whose page is one of the gateway's own. */
  async settled(url: string): Promise<void> {
    await this.#openUntil(url, (response) => "pkarr-error" in response.headers());
  }

  async #openUntil(url: string, satisfied: (response: HTTPResponse) => boolean): Promise<void> {
    const page = await this.puppeteer.newPage();
    const probe = async () => {
      const response = await page.goto(url);
      return response !== null && satisfied(response);
    };
    await until(probe, { timeout: 30_000, every: 250, what: `${this.name} to open ${url}` });
    await page.close();
  }

  /** A new private window at this address; its first tab. */
  async openPrivate(url: string): Promise<Page> {
    const before = new Set(await this.puppeteer.pages());
    await kinds[this.name].openPrivate(this, url);
    const opened = async () => (await this.puppeteer.pages()).find((page) => !before.has(page)) ?? false;
    const page = await until(opened, { what: "a private window" });
    this.#private.push(page);
    return page;
  }

  /** Closes all private windows. */
  async closePrivate(): Promise<void> {
    await Promise.all(this.#private.splice(0).map((page) => page.isClosed() || page.close()));
  }

  /** A new tab with a page of the extension. */
  async openExtension(path: string): Promise<Page> {
    const url = this.extensionUrl(path);
    const page = await this.puppeteer.newPage();
    // Firefox opens these pages but does not tell when they are there.
    void page.goto(url).catch(() => {});
    const there = () =>
      page.evaluate(
        (wanted) =>
          location.href === wanted &&
          document.readyState === "complete" &&
          // A page that speaks the language of the person has its words once it has a direction.
          (document.dir !== "" || document.querySelector("[data-say]") === null),
        url,
      );
    await until(there, { what: url });
    return page;
  }

  /** The address of a page of the extension. */
  extensionUrl(path: string): string {
    return kinds[this.name].extensionUrl(path);
  }

  /** Shows this tab as for people who prefer light or dark pages; in Firefox all tabs. */
  async prefer(page: Page, scheme: "light" | "dark"): Promise<void> {
    await kinds[this.name].prefer(page, scheme);
  }

  /** What the browser itself thinks of this tab's connection. */
  async padlock(page: Page): Promise<Padlock> {
    return await kinds[this.name].padlock(page);
  }

  /** What the native host wrote to its standard error and to its log. */
  get hostLog(): string {
    return this.#hostLogs
      .flatMap(filesAt)
      .map((path) => readFileSync(path, "utf8"))
      .join("");
  }

  async close(): Promise<void> {
    await this.#cleanup.run();
  }
}

/** The first of these programs that is on the PATH. */
function findProgram(names: string[]): string | null {
  for (const directory of (process.env.PATH ?? "").split(":")) {
    for (const name of names) {
      const path = join(directory, name);
      if (isExecutable(path)) return path;
    }
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A program in front of the host that keeps what it says: browsers throw it away, or mix it with their own. */
function logged(program: string, directory: string, log: string): string {
  const path = join(directory, "native-host");
  writeFileSync(path, `#!/bin/sh\nexec '${program}' "$@" 2>>'${log}'\n`, { mode: 0o755 });
  return path;
}

/** The file, or the files of the folder, at this place. */
function filesAt(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return [];
  return found.isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
}

/** An environment in which everything the browser writes is below this folder, and nothing of the user's is read. */
function ownFolders(home: string): Record<string, string | undefined> {
  const temporary = join(home, "tmp");
  mkdirSync(temporary, { recursive: true });
  return {
    HOME: home,
    TMPDIR: temporary,
    XDG_CONFIG_HOME: undefined,
    XDG_CACHE_HOME: undefined,
    XDG_DATA_HOME: undefined,
    XDG_STATE_HOME: undefined,
    DBUS_SESSION_BUS_ADDRESS: "disabled:",
  };
}
