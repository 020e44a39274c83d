/**
 * `pkarr serve` in a world: a relay, DNS over HTTPS, DNS and the web app, with an authority of its own for TLS.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newAuthority, signedBy } from "./certificate.ts";
import { attempt, Running } from "./processes.ts";
import type { World } from "./world.ts";

export interface ServerOptions {
  /** Where it has the ports 80, 443 and 53, beside a port of loopback. */
  address: string;
  /** Its name in the certificate, beside its address. */
  name: string;
  /** More of its configuration, by section. */
  config?: Record<string, string[]>;
}

export interface Server {
  /** The web app and the relay without TLS, on this machine. */
  plain: string;
  /** The same at its address, which browsers take for somewhere else. */
  elsewhere: string;
  /** That address. */
  address: string;
  /** The authority of its certificate, in PEM. */
  authority: string;
  running: Running;
}

/**
 * An address that looks like one of the Internet, on this machine alone: for what is refused, or distrusted, in private
 * networks and on loopback.
 */
export async function publicAddress(last: number): Promise<string> {
  const address = `45.33.32.${last}`;
  const { status, stderr } = await attempt("ip", ["address", "replace", `${address}/32`, "dev", "lo"]);
  if (status !== 0) throw new Error(stderr);
  return address;
}

/** Starts one that ends with the world. */
export async function startServer(
  world: World,
  { address, name, config = {} }: ServerOptions,
): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "pkarr-server-"));
  world.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const files = await newAuthority(folder);
  const { key, cert } = await signedBy(files, [`DNS:${name}`, `IP:${address}`]);
  writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
  writeFileSync(join(folder, "certificate.pem"), cert);
  const sections: Record<string, string[]> = {
    http: [`listen = ["127.0.0.1:0", "${address}:80"]`],
    tls: [
      `listen = ["${address}:443"]`,
      `certificate = "${join(folder, "certificate.pem")}"`,
      `key = "${join(folder, "key.pem")}"`,
    ],
    dns: [`listen = ["${address}:53"]`],
  };
  for (const [section, lines] of Object.entries(config)) {
    sections[section] = [...(sections[section] ?? []), ...lines];
  }
  const text = Object.entries(sections).map(([section, lines]) => `[${section}]\n${lines.join("\n")}\n`);
  writeFileSync(join(folder, "serve.toml"), text.join("\n"));
  const running = new Running(
    world.settings.binary,
    ["serve", "--config", join(folder, "serve.toml"), "--json"],
    { env: { ...process.env, ...world.settings.env, PKARR_DATA_DIR: join(folder, "data") } },
  );
  world.defer(() => running.stop());
  const line = await running.line((text) => text.startsWith("{"), 60_000);
  const { http } = JSON.parse(line) as { http: string[] };
  return {
    plain: `http://${http[0]}`,
    elsewhere: `http://${address}`,
    address,
    authority: files.certificate,
    running,
  };
}
