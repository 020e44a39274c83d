/**
 * Signing the extension for a site of its own. Run by `tests/run packages`, after the extension is built.
 */
import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { extensionDirectory, identity, root } from "../harness/paths.ts";
import { attempt, run } from "../harness/processes.ts";

suite("the signed extension", () => {
  const folder = mkdtempSync(join(tmpdir(), "pkarr-crx-"));
  after(() => rmSync(folder, { recursive: true }));

  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = join(folder, "key.pem");
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }));
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const digest = createHash("sha256").update(publicKey).digest();
  const id = [...digest.subarray(0, 16).toString("hex")]
    .map((digit) => "abcdefghijklmnop"[Number.parseInt(digit, 16)])
    .join("");

  const sign = (to: string, ...more: string[]) => {
    const from = extensionDirectory("chromium");
    const args = [join(root, "installer/package/crx.mts"), "--from", from, "--key", key, "--to", to, ...more];
    return attempt("node", args, { env: { SOURCE_DATE_EPOCH: "1700000000" } });
  };

  test("carries a signature of its key, and the files", async () => {
    const file = join(folder, "one.crx");
    assert.equal((await sign(file, "--id", id)).status, 0);
    const bytes = readFileSync(file);
    assert.equal(bytes.subarray(0, 4).toString(), "Cr24");
    assert.equal(bytes.readUInt32LE(4), 3);
    const header = bytes.subarray(12, 12 + bytes.readUInt32LE(8));
    const zip = bytes.subarray(12 + header.length);

    // The header is a message of protocol buffers; what is in it stands there as it is.
    const { signature, signedData } = partsOf(header);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(signedData.length);
    const signed = Buffer.concat([Buffer.from("CRX3 SignedData\0"), length, signedData, zip]);
    assert.ok(header.includes(publicKey));
    assert.ok(signedData.includes(digest.subarray(0, 16)));
    assert.ok(verify("sha256", signed, createPublicKey(privateKey), signature));

    writeFileSync(join(folder, "one.zip"), zip);
    const manifest = JSON.parse(await run("unzip", ["-p", join(folder, "one.zip"), "manifest.json"]));
    assert.equal(manifest.manifest_version, 3);
  });

  test("comes out the same again", async () => {
    const [one, two] = [join(folder, "first.crx"), join(folder, "second.crx")];
    await sign(one, "--id", id);
    await sign(two, "--id", id);
    assert.ok(readFileSync(one).equals(readFileSync(two)));
  });

  test("is refused with a key that hosts don't talk to", async () => {
    const { status, stderr } = await sign(join(folder, "foreign.crx"));
    assert.equal(status, 1);
    assert.ok(stderr.includes(id) && stderr.includes(identity.chromium.id), stderr);
  });
});

/** The signature (field 2, in it field 2) and the signed data (field 10000) of a CRX header. */
function partsOf(header: Buffer): { signature: Buffer; signedData: Buffer } {
  const outer = fieldsOf(header);
  const proof = outer.get(2);
  const signedData = outer.get(10_000);
  const signature = proof && fieldsOf(proof).get(2);
  assert.ok(signature && signedData, "a header without signature");
  return { signature, signedData };
}

/** Fields of a message in which all are strings of bytes. */
function fieldsOf(message: Buffer): Map<number, Buffer> {
  const fields = new Map<number, Buffer>();
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message.readUInt8(at++);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = number();
    assert.equal(tag % 8, 2);
    const length = number();
    fields.set(Math.floor(tag / 8), message.subarray(at, at + length));
    at += length;
  }
  return fields;
}
