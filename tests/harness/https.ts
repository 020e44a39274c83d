/**
 * `https://` for keys on one home, as the program switches it, and what is in the certificate stores below that home by
 * the word of NSS's own program.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "./pkarr.ts";
import { run } from "./processes.ts";

/** What is asked of the status here. */
export interface HttpsStatus {
  enabled: boolean;
  stores: { name: string; place: string; trusts: boolean; failure: string | null }[];
}

/** `pkarr https`, for the home in the settings' variables. */
export async function switchHttps(
  { binary, env }: Settings,
  action: "enable" | "disable" | "status",
): Promise<HttpsStatus> {
  const args = ["https", action, "--json", ...(action === "enable" ? ["--yes"] : [])];
  return JSON.parse(await run(binary, args, { env }));
}

/** A store with nothing in it, as a browser has after its first start. */
export async function newStore(folder: string): Promise<void> {
  await run("certutil", ["-N", "-d", `sql:${folder}`, "--empty-password"]);
}

/** Makes a store believe an authority's certificates; the store is made where there is none. */
export async function trust(folder: string, authority: string): Promise<void> {
  if (!existsSync(join(folder, "cert9.db"))) {
    mkdirSync(folder, { recursive: true });
    await newStore(folder);
  }
  await run("certutil", [
    "-A",
    "-d",
    `sql:${folder}`,
    "-n",
    "An authority of the tests",
    "-t",
    "C,,",
    "-i",
    authority,
  ]);
}

/** The certificates in each store below this home, by folder. */
export async function certificatesBelow(home: string): Promise<Record<string, string[]>> {
  const databases = readdirSync(home, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.name === "cert9.db",
  );
  const lists = databases.map(async ({ parentPath }) => {
    const list = await run("certutil", ["-L", "-d", `sql:${parentPath}`]);
    // A nickname, then how far it is trusted for TLS, mail and code.
    const entries = list.split("\n").flatMap((line) => line.match(/^(.*?)\s+\w*,\w*,\w*\s*$/)?.[1] ?? []);
    return [parentPath.slice(home.length + 1), entries] as const;
  });
  return Object.fromEntries(await Promise.all(lists));
}

/** Where a data folder keeps the root. */
export function rootFiles(dataDirectory: string): { folder: string; certificate: string; key: string } {
  const folder = join(dataDirectory, "https");
  return { folder, certificate: join(folder, "root.pem"), key: join(folder, "root.key") };
}
