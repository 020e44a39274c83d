/**
 * pkarr-setup.exe under wine: installed, used as browsers use it, upgraded while it runs, removed. Run in
 * tests/windows/in-wine; PKARR_PACKAGES names the folder it is in.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, suite, type TestContext, test } from "node:test";
import { identity, root } from "../harness/paths.ts";
import { until } from "../harness/until.ts";
import {
  defaultValue,
  files,
  Host,
  here,
  localAppData,
  registry,
  run,
  temporaryFiles,
  withTemporaryOnAnotherDrive,
} from "./machine.ts";

const setup = join(process.env.PKARR_PACKAGES ?? "", "pkarr-setup.exe");
const folder = `${localAppData}\\Programs\\pkarr`;
const program = `${folder}\\pkarr.exe`;
const uninstaller = `${folder}\\uninstall.exe`;
const data = `${localAppData}\\pkarr\\pkarr\\data`;
const ENTRY = "Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\pkarr";
const PATIENCE = { timeout: 60_000 };

suite("pkarr-setup.exe", () => {
  let untouched: { files: Set<string>; registry: Map<string, string> };
  let registered: Map<string, string>;

  before(async () => {
    assert.ok(existsSync(setup), "tests/run windows says where the package is");
    untouched = { files: files(), registry: await registry() };
  });

  test("registers the program with every browser of the table", async () => {
    await run(setup, ["/S"]);
    assert.ok(existsSync(here(program)));
    registered = await registry();
    const keys = keysOfTable();
    assert.ok(keys.length >= 7, `the table has keys: ${keys}`);
    for (const key of keys) {
      const file = defaultValue(registered.get(`${key}\\${identity.host}`));
      assert.ok(file, `${key} names a manifest`);
      const manifest = JSON.parse(readFileSync(here(file), "utf8"));
      assert.equal(manifest.name, identity.host);
      assert.equal(manifest.path, program);
      if (/Mozilla|LibreWolf|Waterfox/.test(key)) {
        assert.deepEqual(manifest.allowed_extensions, [identity.firefox.id], key);
      } else {
        assert.deepEqual(manifest.allowed_origins, [`chrome-extension://${identity.chromium.id}/`], key);
      }
    }
  });

  test("is among the programs that Windows lists", () => {
    const entry = registered.get(ENTRY) ?? "";
    const escaped = uninstaller.replaceAll("\\", "\\\\");
    assert.ok(entry.includes('"DisplayName"="pkarr"'), entry);
    assert.ok(entry.includes(`"DisplayVersion"="${version()}"`), entry);
    assert.ok(entry.includes(`"UninstallString"="\\"${escaped}\\""`), entry);
    assert.ok(entry.includes(`"QuietUninstallString"="\\"${escaped}\\" /S"`), entry);
    assert.match(entry, /"EstimatedSize"=dword:0*[1-9a-f]/);
  });

  test("leaves nothing when it is removed at once", async () => {
    await uninstall(["/S"]);
    await assertUntouched();
  });

  test("brings a program that answers as browsers ask", async (t) => {
    await run(setup, ["/S"]);
    const manifest = defaultValue(
      registered.get(`Software\\Mozilla\\NativeMessagingHosts\\${identity.host}`),
    );
    for (const args of [undefined, [manifest ?? "", identity.firefox.id]]) {
      const host = start(t, args);
      assert.deepEqual(pick(await host.hello()), { version: version(), protocol: 1 });
      await host.close();
    }
    assert.ok(existsSync(here(`${data}\\cache.db`)), "it keeps what it has learned");
  });

  test("is upgraded while a browser runs it", async (t) => {
    const host = start(t);
    await host.hello();
    const before = statSync(here(program)).ino;
    await run(setup, ["/S"]);
    assert.notEqual(statSync(here(program)).ino, before, "the program is another file");
    assert.deepEqual(programs(), ["pkarr.exe", "pkarr.exe.old-0", "uninstall.exe"]);
    const next = start(t);
    assert.equal((await next.hello()).version, version());
    await host.close();
    await next.close();
    // What was replaced goes when the program is started the next time.
    const last = start(t);
    await last.hello();
    await until(() => programs().length === 2, { ...PATIENCE, what: "the end of the replaced program" });
    await last.close();
    assert.deepEqual(programs(), ["pkarr.exe", "uninstall.exe"]);
    const now = await registry();
    for (const key of keysOfTable()) {
      assert.equal(now.get(`${key}\\${identity.host}`), registered.get(`${key}\\${identity.host}`));
    }
  });

  test("leaves what pkarr keeps for the user when it is removed", async () => {
    await uninstall(["/S"]);
    assert.deepEqual(await leftInRegistry(), []);
    const own = here(`${localAppData}\\pkarr`);
    assert.ok(existsSync(here(`${data}\\cache.db`)));
    assert.deepEqual(
      leftFiles().filter((path) => !path.startsWith(own)),
      [],
    );
  });

  test("leaves nothing when that is to go, too", async () => {
    await run(setup, ["/S"]);
    await uninstall(["/S", "/PURGE"]);
    await assertUntouched();
  });

  test("is removed while a browser runs it", async (t) => {
    await run(setup, ["/S"]);
    const host = start(t);
    await host.hello();
    await uninstall(["/S"]);
    assert.ok(!existsSync(here(folder)));
    assert.deepEqual(await leftInRegistry(), []);
    await host.close();
  });

  test("is removed while it runs, with the folder for temporary files on another drive", async (t) => {
    await run(setup, ["/S"]);
    const host = start(t);
    await host.hello();
    await withTemporaryOnAnotherDrive(() => uninstall(["/S"]));
    assert.deepEqual(programs(), ["pkarr.exe.old-0"], "nobody starts it any more");
    assert.deepEqual(await leftInRegistry(), []);
    await host.close();
    // What is left goes with the next.
    await run(setup, ["/S"]);
    assert.deepEqual(programs(), ["pkarr.exe", "uninstall.exe"]);
    await uninstall(["/S", "/PURGE"]);
    assert.deepEqual(leftFiles(), []);
    assert.deepEqual(await leftInRegistry(), []);
  });

  async function assertUntouched(): Promise<void> {
    assert.deepEqual(leftFiles(), []);
    assert.deepEqual(await leftInRegistry(), []);
    await until(() => temporaryFiles().length === 0, { ...PATIENCE, what: "the end of temporary files" });
  }

  function leftFiles(): string[] {
    return [...files()].filter((path) => !untouched.files.has(path));
  }

  async function leftInRegistry(): Promise<string[]> {
    const now = await registry();
    return [...now].filter(([key, values]) => untouched.registry.get(key) !== values).map(([key]) => key);
  }
});

/** The program as Chromium starts it, unless told otherwise; it ends with the test. */
function start(
  t: TestContext,
  args = [`chrome-extension://${identity.chromium.id}/`, "--parent-window=0"],
): Host {
  const host = new Host(program, args);
  t.after(() => host.close());
  return host;
}

/** The uninstaller starts a copy of itself and ends; its entry in the registry is the last thing to go. */
async function uninstall(args: string[]): Promise<void> {
  await run(uninstaller, args);
  await until(async () => !existsSync(here(uninstaller)) && !(await registry()).has(ENTRY), {
    ...PATIENCE,
    what: "the end of the uninstaller",
  });
}

function programs(): string[] {
  return readdirSync(here(folder)).sort();
}

function pick({ version, protocol }: { version: string; protocol: number }) {
  return { version, protocol };
}

/** The keys below which browsers look for native messaging hosts, as manifests/browsers.toml has them. */
function keysOfTable(): string[] {
  const table = readFileSync(join(root, "manifests/browsers.toml"), "utf8");
  const keys = [...table.matchAll(/'(Software\\[^']*\\NativeMessagingHosts)'/g)];
  return [...new Set(keys.map(([, key]) => key ?? ""))];
}

function version(): string {
  const manifest = readFileSync(join(root, "Cargo.toml"), "utf8");
  return manifest.match(/^version = "(.*)"$/m)?.[1] ?? "";
}
