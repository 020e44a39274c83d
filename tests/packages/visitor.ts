/**
 * Somebody who uses this machine: an ordinary user with a home of their own, who starts browsers as they are installed.
 *
 * Nothing here tells a browser of an extension, a native host or a certificate. It gets what shows us its pages, and
 * Chromium with that a folder for its profile, for it shows nobody the one that people use.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import type { BrowserName } from "../harness/browser.ts";
import { attempt, type Outcome, Running, run } from "../harness/processes.ts";
import { until } from "../harness/until.ts";

/** Chromium has a sandbox for it; it would refuse to start for root. */
const NAME = "visitor";

export class Visitor {
  readonly home: string;
  readonly #env: Record<string, string>;

  private constructor(home: string, env: Record<string, string>) {
    this.home = home;
    this.#env = env;
  }

  /** A new user of this machine, with these variables in every program's environment. */
  static async arrive(env: Record<string, string> = {}): Promise<Visitor> {
    await run("useradd", ["--create-home", "--shell", "/bin/sh", NAME]);
    const home = (await run("getent", ["passwd", NAME])).split(":")[5] ?? "";
    return new Visitor(home, {
      HOME: home,
      USER: NAME,
      LOGNAME: NAME,
      PATH: `${home}/.local/bin:/usr/local/bin:/usr/bin:/bin`,
      LANG: "C.UTF-8",
      DBUS_SESSION_BUS_ADDRESS: "disabled:",
      ...env,
    });
  }

  /** Writes a file into the home, as the user would. */
  async write(path: string, text: string): Promise<void> {
    const file = join(this.home, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
    await run("chown", ["-R", `${NAME}:`, this.home]);
  }

  /** Runs a program to its end. */
  async attempt(command: string, args: string[] = []): Promise<Outcome> {
    const [program = "", ...all] = this.#as(command, args);
    return await attempt(program, all, { cwd: this.home });
  }

  /** The same, where a failure is one of the test. */
  async run(command: string, args: string[] = []): Promise<string> {
    const { status, stdout, stderr } = await this.attempt(command, args);
    if (status !== 0)
      throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stderr}${stdout}`);
    return stdout;
  }

  /** Starts a browser the way its menu entry does, on the screen that is in the environment. */
  async browse(name: BrowserName): Promise<Visit> {
    return name === "chromium" ? await this.#chromium() : await this.#firefox();
  }

  async #chromium(): Promise<Visit> {
    const flags = ["--remote-debugging-port=0", `--user-data-dir=${this.home}/.config/chromium-shown`];
    // No questions of a first start, and nothing that only a machine with a network and a graphics card can do.
    const quiet = ["--no-first-run", "--no-default-browser-check", "--disable-gpu"];
    const running = this.#start("chromium", [...flags, ...quiet]);
    const endpoint = await told(running, /DevTools listening on (ws:\S+)/);
    const browser = await puppeteer.connect({ browserWSEndpoint: endpoint, defaultViewport: null });
    return new Visit(running, browser);
  }

  async #firefox(): Promise<Visit> {
    const profile = `${this.home}/.mozilla/firefox/own.default`;
    // Else it takes choices for its own that are made for tests, among them some about extensions.
    await this.write(
      ".mozilla/firefox/own.default/user.js",
      'user_pref("remote.prefs.recommended", false);\n',
    );
    const running = this.#start("firefox-esr", ["--profile", profile, "--remote-debugging-port", "0"]);
    const endpoint = await told(running, /WebDriver BiDi listening on (ws:\S+)/);
    const browser = await puppeteer.connect({
      browserWSEndpoint: `${endpoint}/session`,
      protocol: "webDriverBiDi",
      defaultViewport: null,
    });
    return new Visit(running, browser);
  }

  #start(command: string, args: string[]): Running {
    const [program = "", ...all] = this.#as(command, args);
    return new Running(program, all, { cwd: this.home });
  }

  #as(command: string, args: string[]): string[] {
    const variables = Object.entries(this.#env).map(([name, value]) => `${name}=${value}`);
    const user = ["--reuid", NAME, "--regid", NAME, "--init-groups"];
    return ["setpriv", ...user, "env", "--ignore-environment", ...variables, command, ...args];
  }
}

/** A browser that a visitor has started. */
export class Visit {
  readonly #running: Running;
  readonly browser: Browser;

  constructor(running: Running, browser: Browser) {
    this.#running = running;
    this.browser = browser;
  }

  /** Opens an address, again and again until its page is there: a browser that was just started may be busy. */
  async open(url: string): Promise<Page> {
    const tab = await until(() => this.browser.newPage(), { what: "a tab", timeout: 30_000 });
    const opened = async () => {
      const response = await tab.goto(url);
      return response?.ok() && tab.url() === url;
    };
    await until(opened, { timeout: 45_000, every: 250, what: url }).catch((failure) => {
      throw new Error(`${url} did not open:\n${this.#running.output}`, { cause: failure });
    });
    return tab;
  }

  /** Ends the browser, and all that it started. */
  async close(): Promise<void> {
    await this.browser.disconnect();
    await this.#running.stop();
  }
}

/** What a program tells of itself, in the first group. */
async function told(running: Running, pattern: RegExp): Promise<string> {
  const found = () => pattern.exec(running.output)?.[1] ?? false;
  return await until(found, { timeout: 60_000, what: String(pattern) }).catch((failure) => {
    throw new Error(running.output, { cause: failure });
  });
}
