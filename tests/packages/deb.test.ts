/**
 * The Debian package on a machine that has two browsers and has never seen pkarr: installed, upgraded, used by somebody
 * who does nothing but open a key, removed. Run in tests/packages/in-a-root; PKARR_PACKAGES names the folder it is in.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { browserNames } from "../harness/browser.ts";
import { Desktop } from "../harness/desktop.ts";
import { artifacts, identity } from "../harness/paths.ts";
import { attempt, processes, run } from "../harness/processes.ts";
import { page } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import { type KeySite, World } from "../harness/world.ts";
import { onlyPackage } from "./folder.ts";
import { filesOf } from "./tree.ts";
import { Visitor } from "./visitor.ts";

const TITLE = "Opened by its key";
const deb = onlyPackage(/^pkarr_.*_amd64\.deb$/);

suite("the Debian package", () => {
  let untouched: Set<string>;
  let desktop: Desktop;
  let world: World;
  let site: KeySite;
  let visitor: Visitor;

  before(async () => {
    assert.ok(!existsSync("/usr/bin/pkarr"), "this machine has a pkarr of its own");
    desktop = await Desktop.start();
    // The nodes and the publisher are the program that is being installed, too.
    const unpacked = "/tmp/unpacked";
    await run("dpkg-deb", ["--extract", deb, unpacked]);
    world = await World.start({ binary: join(unpacked, "usr/bin/pkarr") });
    site = await world.keySite({ "/*": page(TITLE) });
    visitor = await Visitor.arrive(desktop.env);
    // Which network is asked is all that tells this machine from one that is connected.
    await visitor.write(".config/pkarr/config.toml", configuration(world));
    untouched = systemFiles();
  });

  after(async () => {
    await world?.stop();
    await desktop?.stop();
  });

  test("takes the place of an older version", async () => {
    const older = await anOlderOne(deb);
    await run("dpkg", ["--install", older]);
    assert.equal(await installedVersion(), "0.0.9");
    await run("dpkg", ["--install", deb]);
    assert.equal(await installedVersion(), await fieldOf(deb, "Version"));
  });

  test("brings what it lists, unchanged, and what a system package has to have", async () => {
    assert.equal(await run("dpkg", ["--verify", "pkarr"]), "");
    const listed = (await run("dpkg", ["--listfiles", "pkarr"])).split("\n");
    for (const path of [
      "/usr/bin/pkarr",
      "/usr/share/man/man1/pkarr.1.gz",
      "/usr/share/bash-completion/completions/pkarr",
      "/usr/lib/systemd/system/pkarr-serve.service",
      "/usr/lib/systemd/user/pkarr.service",
      "/usr/share/doc/pkarr/copyright",
    ]) {
      assert.ok(listed.includes(path), path);
    }
    // It may write where it likes when it is installed, as root: so nothing of it runs then.
    for (const script of ["preinst", "postinst", "prerm", "postrm"]) {
      assert.ok(!existsSync(`/var/lib/dpkg/info/pkarr.${script}`), script);
    }
    assert.match(await visitor.run("pkarr", ["--version"]), /^pkarr \d/);
    assert.match(await run("man", ["--pager=cat", "pkarr"], { env: { MANWIDTH: "100" } }), /NAME\s+pkarr/);
  });

  test("points every browser at the program", () => {
    for (const folder of ["/etc/chromium", "/etc/opt/chrome", "/etc/opt/edge"]) {
      const manifest = manifestIn(`${folder}/native-messaging-hosts`);
      assert.equal(manifest.path, "/usr/bin/pkarr");
      assert.deepEqual(manifest.allowed_origins, [`chrome-extension://${identity.chromium.id}/`]);
    }
    const manifest = manifestIn("/usr/lib/mozilla/native-messaging-hosts");
    assert.equal(manifest.path, "/usr/bin/pkarr");
    assert.deepEqual(manifest.allowed_extensions, [identity.firefox.id]);
  });

  for (const name of browserNames) {
    test(`${name} opens a key, with no further step`, async () => {
      const visit = await visitor.browse(name);
      try {
        const tab = await visit.open(site.url());
        assert.equal(await tab.title(), TITLE);
        assert.ok(site.site.visits.some(({ host }) => host === site.key));
        const hosts = processes().filter(({ executable }) => executable === "/usr/bin/pkarr");
        assert.ok(hosts.length > 0, "the site was opened by the program of the package");
      } catch (failure) {
        await desktop.screenshot(join(artifacts, `packages-deb-${name}.png`));
        throw failure;
      } finally {
        await visit.close();
      }
    });
  }

  test("leaves nothing when it is removed, and people's homes alone", async () => {
    const own = [...filesOf(visitor.home)];
    assert.ok(
      own.some((path) => path.includes("/.local/share/pkarr/")),
      "the visitor's program has kept something",
    );
    await until(() => !processes().some(({ executable }) => executable.startsWith("/usr/bin/pkarr")), {
      what: "the end of the hosts",
    });
    await run("dpkg", ["--remove", "pkarr"]);
    assert.deepEqual(leftOf(untouched), []);
    await run("dpkg", ["--purge", "pkarr"]);
    assert.deepEqual(leftOf(untouched), []);
    assert.equal((await attempt("dpkg-query", ["--status", "pkarr"])).status, 1);
    assert.deepEqual([...filesOf(visitor.home)], own);
  });
});

/** The settings of somebody whose DHT is on this machine. */
function configuration(world: World): string {
  const nodes = world.bootstrap.map((node) => JSON.stringify(node)).join(", ");
  return `bootstrap = [${nodes}]\nrelays = []\nallow-private = true\n`;
}

/** The same package, but for its version. */
async function anOlderOne(deb: string): Promise<string> {
  const [folder, older] = ["/tmp/older", "/tmp/pkarr_0.0.9_amd64.deb"];
  await run("dpkg-deb", ["--raw-extract", deb, folder]);
  const control = join(folder, "DEBIAN/control");
  const text = readFileSync(control, "utf8").replace(/^Version: .*$/m, "Version: 0.0.9");
  writeFileSync(control, text);
  // Packing takes long, and is not what is looked at.
  await run("dpkg-deb", ["-Znone", "--build", folder, older]);
  return older;
}

async function installedVersion(): Promise<string> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own way to name a field
  return await run("dpkg-query", ["--show", "--showformat=${Version}", "pkarr"]);
}

async function fieldOf(deb: string, field: string): Promise<string> {
  return (await run("dpkg-deb", ["--field", deb, field])).trim();
}

function manifestIn(folder: string) {
  return JSON.parse(readFileSync(join(folder, `${identity.host}.json`), "utf8"));
}

/** Where packages put things; dpkg may write down its own, and caches are filled by whoever looks. */
const SYSTEM = ["/bin", "/boot", "/etc", "/lib", "/opt", "/sbin", "/srv", "/usr", "/var"];
const OTHERS = /^\/var\/(lib\/dpkg|log|cache\/(man|ldconfig|fontconfig)|tmp)(\/|$)/;

function systemFiles(): Set<string> {
  return new Set(SYSTEM.flatMap((folder) => [...filesOf(folder)]).filter((path) => !OTHERS.test(path)));
}

/** What is on the machine now, and was not before. */
function leftOf(before: Set<string>): string[] {
  return [...systemFiles()].filter((path) => !before.has(path));
}
