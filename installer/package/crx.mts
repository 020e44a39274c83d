/**
 * Signs a build of the extension: a .crx of version 3, which is a zip with the public key and a signature in front.
 *
 *   node crx.mts --from FOLDER --key PEM --to FILE.crx [--id ID]
 *
 * The identity of an extension is that of its key, and hosts talk to one identity only: a key that belongs to another
 * than ID, which is that of manifests/identity.json unless told otherwise, is refused.
 */
import { createHash, createPublicKey } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";

const root = join(import.meta.dirname, "../..");
const identity = JSON.parse(readFileSync(join(root, "manifests/identity.json"), "utf8"));

type Crx3 = (
  paths: string[],
  options: { keyPath: string; crxPath: string; forceDateTime: number },
) => Promise<unknown>;
const crx3: Crx3 = createRequire(join(root, "extension/package.json"))("crx3");

const { values: options } = parseArgs({
  options: {
    from: { type: "string" },
    key: { type: "string" },
    to: { type: "string" },
    id: { type: "string", default: identity.chromium.id },
  },
});
const { from, key, to } = options;
if (!from || !key || !to) fail("crx.mts needs --from, --key and --to.");
// The library would make a new one.
if (!existsSync(key)) fail(`There is no key in ${key}.`);

const id = identityOf(key);
if (id !== options.id) {
  fail(
    `The key in ${key} makes an extension ${id}, but hosts talk to ${options.id} only. ` +
      "Use the key that belongs to manifests/identity.json, or change the identity there.",
  );
}
const epoch = Number(process.env.SOURCE_DATE_EPOCH);
if (!(epoch > 0)) fail("SOURCE_DATE_EPOCH says what time the files get.");
await crx3(filesBelow(from), { keyPath: key, crxPath: to, forceDateTime: epoch * 1000 });

/** The first half of the public key's SHA-256, in the letters a to p. */
function identityOf(file: string): string {
  const der = createPublicKey(readFileSync(file)).export({ type: "spki", format: "der" });
  const digest = createHash("sha256").update(der).digest("hex").slice(0, 32);
  return digest.replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));
}

/** In one order everywhere. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function fail(words: string): never {
  console.error(words);
  process.exit(1);
}
