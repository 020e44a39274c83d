/**
 * `pkarr install`, then the browser: it starts the program by what was installed in its person's home, and nothing else.
 * `pkarr uninstall` leaves nothing of that.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { kinds } from "../harness/browser.ts";
import { doctor, install, uninstall } from "../harness/installation.ts";
import { inEachBrowser } from "../harness/scene.ts";
import { page } from "../harness/site.ts";
import type { World } from "../harness/world.ts";

inEachBrowser(
  "a browser that pkarr install has told of the program",
  {
    prepare: async (world: World, _dns, name) => {
      const alice = await world.keySite({ "/*": page("Mirror") });
      const home = world.home();
      const installed = await install(home, ["--browser", name]);
      return { alice, home, installed };
    },
    launchAfter: (world, { home }) => ({ env: world.hostEnv(), home, unregistered: true }),
    ready: ({ alice }) => alice.url(),
  },
  (stage, name) => {
    test("opens a key's site", async () => {
      const { browser, alice } = stage();
      const { page: tab } = await browser.open(alice.url("/opened"));
      assert.equal(await tab.title(), "Mirror");
      assert.equal(tab.url(), alice.url("/opened"));
    });

    test("is in order, by the word of pkarr doctor", async () => {
      const { home } = stage();
      const findings = await doctor(home);
      const { finding, facts } = findings.find(({ facts }) => facts.id === name) ?? {};
      assert.equal(finding, "ok");
      assert.equal(facts?.program, join(home, ".local/bin/pkarr"));
    });

    test("keeps nothing of it once pkarr uninstall has run", async () => {
      const { home, installed } = stage();
      for (const place of installed) assert.ok(existsSync(place), place);
      await uninstall(home);
      for (const place of installed) assert.ok(!existsSync(place), place);
      assert.ok(!existsSync(join(home, ".local/bin")));
      assert.ok(!existsSync(join(home, ".local/share/pkarr/installed.json")));
      assert.ok(existsSync(join(home, kinds[name].profile)), "the browser's own is left alone");
    });
  },
);
