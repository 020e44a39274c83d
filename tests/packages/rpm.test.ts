/**
 * The package for Fedora and its kin, put into an empty tree by rpm itself. Run in tests/packages/in-a-root.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, suite, test } from "node:test";
import { identity } from "../harness/paths.ts";
import { run } from "../harness/processes.ts";
import { onlyPackage } from "./folder.ts";
import { filesOf } from "./tree.ts";

const TREE = "/tmp/fedora";
const rpm = onlyPackage(/^pkarr-.*\.x86_64\.rpm$/);

suite("the rpm", () => {
  before(async () => {
    mkdirSync(TREE);
    await run("rpm", ["--root", TREE, "--initdb"]);
    // There is no C library in the tree that it could depend on.
    await run("rpm", ["--root", TREE, "--nodeps", "--install", rpm]);
  });

  test("asks for no newer C library than that of CentOS 7", async () => {
    const wanted = (await run("rpm", ["--query", "--requires", "--package", rpm])).split("\n");
    const versions = wanted.flatMap((line) => /\(GLIBC_2\.(\d+)/.exec(line)?.[1] ?? []).map(Number);
    assert.ok(versions.length > 0, wanted.join("\n"));
    assert.ok(Math.max(...versions) <= 17, wanted.join("\n"));
  });

  test("runs no script", async () => {
    assert.equal(await run("rpm", ["--query", "--scripts", "--package", rpm]), "");
  });

  test("has the same files as the Debian package, but for what differs by custom", async () => {
    const deb = onlyPackage(/^pkarr_.*_amd64\.deb$/);
    const unpacked = "/tmp/unpacked";
    await run("dpkg-deb", ["--extract", deb, unpacked]);
    const custom =
      /^\/(usr\/lib64|usr\/share\/(doc\/pkarr|licenses|lintian|zsh)|usr\/share\/pkarr\/etc|var\/lib\/rpm)(\/|$)/;
    const files = (tree: string) =>
      [...filesOf(tree)].map((path) => path.slice(tree.length)).filter((path) => !custom.test(path));
    const ours = (await listed()).filter((path) => !custom.test(path));
    const theirs = files(unpacked).filter(
      (path) => !statSync(join(unpacked, path), { throwIfNoEntry: false })?.isDirectory(),
    );
    const onlyFiles = ours.filter((path) => !statSync(join(TREE, path)).isDirectory());
    assert.deepEqual(onlyFiles.sort(), theirs.sort());
  });

  test("points browsers at the program", () => {
    for (const folder of ["etc/chromium", "etc/opt/chrome", "usr/lib64/mozilla"]) {
      const file = join(TREE, folder, "native-messaging-hosts", `${identity.host}.json`);
      assert.equal(JSON.parse(readFileSync(file, "utf8")).path, "/usr/bin/pkarr");
    }
    assert.equal(statSync(join(TREE, "usr/bin/pkarr")).mode & 0o7777, 0o755);
  });

  test("leaves nothing when it is removed", async () => {
    const files = await listed();
    await run("rpm", ["--root", TREE, "--erase", "pkarr"]);
    const left = filesOf(TREE);
    assert.deepEqual(
      files.filter((path) => left.has(join(TREE, path))),
      [],
    );
  });
});

/** What the package put into the tree, as rpm has it. */
async function listed(): Promise<string[]> {
  return (await run("rpm", ["--root", TREE, "--query", "--list", "pkarr"])).split("\n").filter(Boolean);
}
