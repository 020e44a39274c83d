/**
 * The archive with install.sh, by somebody who is not root and has only a home. Run in tests/packages/in-a-root.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, suite, test } from "node:test";
import { identity } from "../harness/paths.ts";
import { run } from "../harness/processes.ts";
import { onlyPackage } from "./folder.ts";
import { filesOf } from "./tree.ts";
import { Visitor } from "./visitor.ts";

const archive = onlyPackage(/^pkarr-.*-linux-x86_64\.tar\.gz$/);

suite("the archive", () => {
  let visitor: Visitor;
  let untouched: string[];
  let script: string;

  before(async () => {
    visitor = await Visitor.arrive();
    await run("mkdir", ["/opt/unpacked"]);
    await run("tar", ["--extract", "--file", archive, "--directory", "/opt/unpacked"]);
    const [folder = ""] = (await run("ls", ["/opt/unpacked"])).split("\n");
    script = join("/opt/unpacked", folder, "install.sh");
    // Browsers are found by their profiles.
    await visitor.write(".config/chromium/Local State", "{}");
    await visitor.write(".mozilla/firefox/profiles.ini", "");
    untouched = homeOf(visitor);
  });

  test("explains itself, and says what it would do without doing it", async () => {
    assert.match(await visitor.run(script, ["--help"]), /--uninstall/);
    const told = await visitor.run(script, ["--dry-run"]);
    assert.match(told, /\.local\/bin\/pkarr/);
    assert.deepEqual(homeOf(visitor), untouched);
  });

  test("installs for one user, twice to the same end", async () => {
    await visitor.run(script);
    const installed = homeOf(visitor);
    await visitor.run(script);
    assert.deepEqual(homeOf(visitor), installed);
    assert.match(await visitor.run("pkarr", ["--version"]), /^pkarr \d/);
    for (const folder of [".config/chromium/NativeMessagingHosts", ".mozilla/native-messaging-hosts"]) {
      const file = join(visitor.home, folder, `${identity.host}.json`);
      assert.equal(JSON.parse(readFileSync(file, "utf8")).path, join(visitor.home, ".local/bin/pkarr"));
    }
    assert.ok(existsSync(join(visitor.home, ".local/share/man/man1/pkarr.1.gz")));
  });

  test("leaves browsers that a check-up finds in order", async () => {
    const { stdout } = await visitor.attempt("pkarr", ["doctor", "--json"]);
    const { findings }: { findings: Finding[] } = JSON.parse(stdout);
    // Of the network it may complain: there is none here.
    const of = (check: string) => findings.filter((one) => one.check === check);
    assert.ok(of("browsers").length >= 2, stdout);
    for (const { state, what } of [...of("program"), ...of("browsers")]) assert.equal(state, "good", what);
  });

  test("stops where somebody has changed a file, and says so", async () => {
    const manifest = `.mozilla/native-messaging-hosts/${identity.host}.json`;
    const before = readFileSync(join(visitor.home, manifest), "utf8");
    await visitor.write(manifest, before.replace("}", " }"));
    const { status, stdout, stderr } = await visitor.attempt(script, ["--uninstall"]);
    assert.notEqual(status, 0);
    assert.match(stdout, /somebody has changed it since; --force removes it/);
    assert.match(stderr, /the extension, the manual and the completions stay as well/);
    assert.ok(existsSync(join(visitor.home, ".local/share/man/man1/pkarr.1.gz")));
    await visitor.write(manifest, before);
  });

  test("leaves what the program kept for its user when it is uninstalled, and nothing else", async () => {
    await visitor.run(script, ["--uninstall"]);
    const own = join(visitor.home, ".local/share/pkarr");
    const left = homeOf(visitor).filter((path) => !untouched.includes(path) && !own.startsWith(path));
    assert.ok(left.length > 0, "the check-up has kept something");
    assert.deepEqual(
      left.filter((path) => !path.startsWith(`${own}/`)),
      [],
    );
  });

  test("leaves nothing when that is to go, too", async () => {
    await visitor.run(script, ["--uninstall", "--purge", "--yes"]);
    assert.deepEqual(homeOf(visitor), untouched);
  });
});

interface Finding {
  check: string;
  state: string;
  what: string;
}

function homeOf(visitor: Visitor): string[] {
  return [...filesOf(visitor.home)].sort();
}
