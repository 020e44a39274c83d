/**
 * Writes what a browser reads to find a newer version of an extension that came from no store.
 *
 *   node updates.mts chromium --package FILE.crx --base-url URL    updates.xml
 *   node updates.mts firefox --package FILE.xpi --base-url URL     updates.json
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
const identity = read("manifests/identity.json");
const { version } = read("extension/package.json");

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { package: { type: "string" }, "base-url": { type: "string" } },
});
const { package: file, "base-url": base } = options;
const [browser] = positionals;
if (!file || !base || !["chromium", "firefox"].includes(browser ?? "")) {
  console.error("updates.mts needs chromium or firefox, --package and --base-url.");
  process.exit(1);
}
const link = `${base}/${basename(file)}`;
process.stdout.write(browser === "chromium" ? chromiumUpdates() : firefoxUpdates(file));

function chromiumUpdates(): string {
  const { minimum_chrome_version: oldest } = read("extension/.output/chrome-mv3-hosted/manifest.json");
  const attribute = (text: string) =>
    `'${text.replaceAll("&", "&amp;").replaceAll("'", "&apos;").replaceAll("<", "&lt;")}'`;
  return [
    "<?xml version='1.0' encoding='UTF-8'?>",
    "<gupdate xmlns='http://www.google.com/update2/response' protocol='2.0'>",
    `  <app appid=${attribute(identity.chromium.id)}>`,
    `    <updatecheck codebase=${attribute(link)} version=${attribute(version)} prodversionmin=${attribute(oldest)} />`,
    "  </app>",
    "</gupdate>",
    "",
  ].join("\n");
}

function firefoxUpdates(xpi: string): string {
  const hash = createHash("sha256").update(readFileSync(xpi)).digest("hex");
  const updates = [{ version, update_link: link, update_hash: `sha256:${hash}` }];
  return `${JSON.stringify({ addons: { [identity.firefox.id]: { updates } } }, null, 2)}\n`;
}
