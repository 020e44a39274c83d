/**
 * A self-signed certificate, for the sites a test plays that browsers insist on reaching over TLS.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./processes.ts";

export async function selfSigned(names: string[]): Promise<{ key: string; cert: string }> {
  const directory = mkdtempSync(join(tmpdir(), "pkarr-certificate-"));
  try {
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const alternatives = names.map((name) => `DNS:${name}`).join(",");
    await run("openssl", [
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ],
      ...[
        "-subj",
        `/CN=${names[0]}`,
        "-addext",
        `subjectAltName=${alternatives}`,
        "-keyout",
        key,
        "-out",
        cert,
      ],
    ]);
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
