/**
 * People are told what is missing and what to do about it, whatever stands where the program should be, and all turns
 * out well by itself once it is mended: on the welcome page, in a tab that waits for its site, on the diagnostics page.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { kinds, type Page, type TestBrowser } from "../harness/browser.ts";
import { binary } from "../harness/paths.ts";
import { manifestPath, unregister } from "../harness/registration.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import { shows } from "../harness/tabs.ts";
import { until } from "../harness/until.ts";
import type { World } from "../harness/world.ts";

async function prepare(world: World) {
  const directory = mkdtempSync(join(tmpdir(), "pkarr-welcome-"));
  world.defer(() => rmSync(directory, { recursive: true, force: true }));
  return { alice: await world.keySite({ "/*": page("Mirror") }), directory };
}

/** What of the extensions' interface is used inside their pages here. */
interface Extension {
  permissions: { remove(permissions: object): Promise<boolean> };
}

/** How the items of a checklist are: by their ids, `good` for one that is done. */
function states(welcome: Page): Promise<Record<string, string | undefined>> {
  return welcome.$$eval("[id^=check-]", (items) =>
    Object.fromEntries(items.map((item) => [item.id.slice(6), (item as HTMLElement).dataset.state])),
  );
}

/** The words a person sees at this place. */
function text(at: Page, selector: string): Promise<string> {
  return at.$eval(selector, (element) => (element as HTMLElement).innerText.trim());
}

/** Waits until the diagnostics page has looked at everything. */
async function looked(diagnostics: Page): Promise<void> {
  await until(() => diagnostics.$eval("main", (main) => main.ariaBusy === "false"), {
    timeout: 70_000,
    what: "the diagnostics",
  });
}

inEachBrowser(
  "a new extension without the program",
  {
    prepare,
    launchAfter: (world) => ({ env: world.hostEnv(), unregistered: true, welcome: true }),
  },
  (stage, name) => {
    test("welcomes people and says what is missing", async () => {
      const welcome = await stage().browser.welcomePage();
      await until(async () => (await states(welcome)).program === "bad", { what: "the missing program" });
      const { version, gateway, access, proxy } = await states(welcome);
      assert.deepEqual([version, gateway, access, proxy], ["waiting", "waiting", "good", "good"]);
      assert.match(await text(welcome, "#summary"), /3 things/);
      assert.match(await text(welcome, "#suggestions"), /Settings/);
      assert.match(await text(welcome, "#install"), /As a snap/);
      assert.match(await text(welcome, "#install"), /As a Flatpak/);
      await welcome.click("#install .actions button");
      await until(async () => (await text(welcome, "#install .told")) === "Copied.", { what: "the copy" });
    });

    test("can be diagnosed all the same", async () => {
      const { browser } = stage();
      const diagnostics = await browser.openExtension("diagnostics.html");
      await looked(diagnostics);
      assert.match(await text(diagnostics, "#program [data-state=bad]"), /missing/);
      assert.equal(await diagnostics.$("#own [data-state=bad]"), null);
      const report = await diagnostics.$eval("textarea", ({ value }) => value);
      assert.match(report, /host-missing/);
      assert.match(report, /\[good\] access granted/);
      assert.match(report, /Z missing/);
      assert.ok(!report.includes(browser.home) && !report.includes(homedir()));
      await diagnostics.close();
    });

    test("turns green by itself once its own commands were followed", async () => {
      const { browser, directory } = stage();
      const welcome = await browser.welcomePage();
      const [build, ...commands] = (await text(welcome, ".commands ~ .commands")).split("\n");
      assert.match(build ?? "", /^cargo build --release/);
      // What that would have made.
      mkdirSync(join(directory, "target/release"), { recursive: true });
      symlinkSync(binary, join(directory, "target/release/pkarr"));
      execFileSync("sh", ["-euc", commands.join("\n")], {
        cwd: directory,
        env: { PATH: process.env.PATH, HOME: browser.home },
      });
      await until(
        async () => {
          const { program, version, gateway } = await states(welcome);
          return program === "good" && version === "good" && gateway === "good";
        },
        { timeout: 20_000, what: "the list to turn green" },
      );
      assert.match(await text(welcome, "#summary"), /All set/);
      assert.equal(await welcome.$eval("#install", (install) => (install as HTMLElement).hidden), true);
    });

    test("opens a first key, and nothing that is none", async () => {
      const { browser, alice } = stage();
      const welcome = await browser.welcomePage();
      await welcome.bringToFront();
      await welcome.type("#key", "alice");
      await welcome.keyboard.press("Enter");
      assert.match(await text(welcome, "#first-problem"), /not a key/);
      // There is one to take where nobody has been given any.
      await welcome.click("#take");
      assert.match(
        await welcome.$eval("#key", (input) => (input as HTMLInputElement).value),
        /^[a-z0-9]{52}$/,
      );
      assert.equal(await welcome.evaluate(() => document.activeElement?.id), "first-open");
      await welcome.$eval("#key", (input) => {
        (input as HTMLInputElement).value = "";
      });
      await welcome.type("#key", ` pk:${alice.url("/first").slice("http://".length)} `);
      await welcome.keyboard.press("Enter");
      await shows(browser, "Mirror", alice.url("/first"));
    });

    test("is diagnosed with the program", async () => {
      const { browser } = stage();
      const diagnostics = await browser.openExtension("diagnostics.html");
      await looked(diagnostics);
      assert.ok((await diagnostics.$$("#program li")).length > 0);
      assert.ok(!(await text(diagnostics, "#program")).includes("missing"));
      const report = await diagnostics.$eval("textarea", ({ value }) => value);
      assert.ok(!report.includes(browser.home), report);
      const first = report;
      await diagnostics.click("#again");
      await until(async () => (await diagnostics.$eval("textarea", ({ value }) => value)) !== first, {
        timeout: 70_000,
        what: "another report",
      });
    });

    test("says that access to web sites was taken away", { skip: name !== "firefox" }, async () => {
      const welcome = await stage().browser.welcomePage();
      assert.equal(await welcome.$eval("#grant", (button) => button.checkVisibility()), false);
      await welcome.evaluate(() => {
        const { browser } = globalThis as unknown as { browser: Extension };
        return browser.permissions.remove({ origins: ["<all_urls>"] });
      });
      await until(async () => (await states(welcome)).access === "bad", { what: "the missing access" });
      assert.equal(await welcome.$eval("#grant", (button) => button.checkVisibility()), true);
      assert.match(await text(welcome, "#summary"), /One thing/);
    });
  },
);

/** A program that answers each message with this, or with nothing. */
function answering(answer: string): string {
  return `
let taken = Buffer.alloc(0);
process.stdin.on("data", (data) => {
  taken = Buffer.concat([taken, data]);
  while (taken.length >= 4 && taken.length >= 4 + taken.readUInt32LE()) {
    const length = taken.readUInt32LE();
    const { id, method } = JSON.parse(taken.subarray(4, 4 + length));
    taken = taken.subarray(4 + length);
    const result = ${answer};
    if (result === undefined) continue;
    const written = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, result }));
    const head = Buffer.alloc(4);
    head.writeUInt32LE(written.length);
    process.stdout.write(Buffer.concat([head, written]));
  }
});
process.stdin.on("end", () => process.exit());
`;
}

/** What stands where the program should be, and what the waiting page says of it. */
const PROGRAMS: { what: string; script: string; code: string; title: RegExp; within?: number }[] = [
  { what: "ends at once", script: "process.exit(3)", code: "host-crashed", title: /again and again/ },
  {
    what: "writes no messages",
    script: `process.stdout.write("hello, I am a program\\n"); setInterval(() => {}, 1000)`,
    code: "host-crashed",
    title: /understood/,
  },
  {
    what: "is too old",
    script: answering(`{ version: "0.0.1", protocol: 0, capabilities: [] }`),
    code: "host-too-old",
    title: /too old/,
  },
  {
    what: "is too new",
    script: answering(`{ version: "9.0.0", protocol: 9, capabilities: [] }`),
    code: "host-too-new",
    title: /extension is too old/,
  },
  { what: "is another program", script: answering(`"hello"`), code: "host-nonsense", title: /problem/ },
  {
    what: "says nothing",
    script: answering("undefined"),
    code: "host-silent",
    title: /problem/,
    within: 25_000,
  },
];

inEachBrowser(
  "a page that waits for the program",
  {
    prepare,
    launchAfter: (world, { directory }) => {
      const program = join(directory, "program");
      write(program, PROGRAMS[0]?.script ?? "");
      return { env: world.hostEnv(), program };
    },
  },
  (stage, name) => {
    let tab: Page;

    /** The page's code and title, once they are these. */
    async function tells(code: string, title: RegExp, timeout = 15_000): Promise<void> {
      await until(async () => (await text(tab, "#code")) === code && title.test(await text(tab, "#title")), {
        timeout,
        what: `${code}, ${title}`,
      });
      assert.notEqual(await text(tab, "#todo"), "");
    }

    for (const { what, script, code, title, within } of PROGRAMS) {
      test(`tells of one that ${what}`, async () => {
        const { browser, alice, directory } = stage();
        tab ??= await waiting(browser, alice.url("/wanted"));
        write(join(directory, "program"), script);
        await tells(code, title, within);
      });
    }

    test("tells of one that can't be started", async () => {
      const started = join(stage().browser.home, "native-host");
      chmodSync(started, 0o644);
      try {
        // Chromium starts a process first, which then finds no program to become.
        await tells("host-crashed", name === "firefox" ? /can’t be started/ : /again and again/);
        assert.match(await text(tab, "#install"), /cargo build/);
      } finally {
        chmodSync(started, 0o755);
      }
    });

    test("tells of one that is registered for another extension", async () => {
      const { browser } = stage();
      browser.registerHost();
      const path = manifest(browser);
      writeFileSync(path, readFileSync(path, "utf8").replaceAll(/lgefeg|extension@/g, "mmmmmm"));
      // Firefox gives no hint of programs that are not for this extension.
      if (name === "firefox") await tells("host-missing", /missing/);
      else await tells("host-forbidden", /may not be used/);
    });

    test("tells that it is gone", async () => {
      unregister(manifest(stage().browser));
      await tells("host-missing", /missing/);
      assert.match(await text(tab, "#install"), /cargo build/);
    });

    test("keeps what went before for the diagnostics", async () => {
      const diagnostics = await stage().browser.openExtension("diagnostics.html");
      await looked(diagnostics);
      const report = await diagnostics.$eval("textarea", ({ value }) => value);
      for (const word of ["tooOld", "tooNew", "host-nonsense", "host-silent", "missing"]) {
        assert.ok(report.includes(word), `${word} in ${report}`);
      }
      await diagnostics.close();
    });

    test("turns into the site once the right one is there", async () => {
      const { browser, alice, directory } = stage();
      write(join(directory, "program"), `exec '${binary}' "$@"`, "/bin/sh");
      browser.registerHost();
      await shows(browser, "Mirror", alice.url("/wanted"), tab);
    });
  },
);

/** A program of node's, for the browser to start; put there as a whole, since it may be starting the one before. */
function write(path: string, script: string, interpreter = process.execPath): void {
  writeFileSync(`${path}.new`, `#!${interpreter}\n${script}\n`, { mode: 0o755 });
  renameSync(`${path}.new`, path);
}

function manifest({ name, home }: TestBrowser): string {
  return manifestPath(name, home, join(home, kinds[name].profile));
}

/** A tab that wants this address and shows the extension's page instead. */
async function waiting(browser: TestBrowser, url: string): Promise<Page> {
  const tab = await browser.puppeteer.newPage();
  await until(
    async () => {
      await tab.goto(url, { timeout: 2_000 }).catch(() => {});
      return (await tab.$("#code")) !== null;
    },
    { what: "the page of the extension" },
  );
  return tab;
}
