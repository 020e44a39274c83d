/**
 * The program under test, as it is used from a terminal.
 */
import { binary } from "./paths.ts";
import { processes, Running, run } from "./processes.ts";

/** The variables the program reads. */
export interface Settings {
  binary: string;
  env: NodeJS.ProcessEnv;
}

export interface KeyFile {
  /** The 52 characters of the public key. */
  key: string;
  /** Where the secret key is. */
  file: string;
}

/** A DHT of `nodes` nodes on this machine. */
export async function startTestnet(
  settings: Settings,
  nodes: number,
): Promise<{ bootstrap: string[]; running: Running }> {
  const running = new Running(settings.binary, ["testnet", "--nodes", String(nodes), "--json"], {
    env: { ...process.env, ...settings.env },
  });
  const line = await running.line((text) => text.startsWith("{"), 60_000);
  const { bootstrap } = JSON.parse(line) as { bootstrap: string[] };
  return { bootstrap, running };
}

export async function newKey(settings: Settings, file: string): Promise<KeyFile> {
  await run(settings.binary, ["key", "new", file], { env: settings.env });
  return await showKey(settings, file);
}

export async function showKey(settings: Settings, file: string): Promise<KeyFile> {
  const { key } = JSON.parse(
    await run(settings.binary, ["key", "show", file, "--json"], { env: settings.env }),
  );
  return { key, file };
}

export async function publish(settings: Settings, key: KeyFile, zoneFile: string): Promise<void> {
  await run(settings.binary, ["publish", "--key", key.file, zoneFile], {
    env: settings.env,
    timeout: 120_000,
  });
}

/**
 * A key's own TLS at this address, in front of a web server (`to`, host and port). Without addresses it publishes
 * nothing.
 */
export async function startProxy(
  settings: Settings,
  key: KeyFile,
  { to, listen, publish }: { to: string; listen: string; publish: boolean },
): Promise<Running> {
  const records = publish ? [] : ["--no-publish"];
  const running = new Running(
    settings.binary,
    ["proxy", "--key", key.file, "--to", to, "--listen", listen, ...records, "--json"],
    { env: { ...process.env, ...settings.env } },
  );
  await running.line((text) => text.startsWith("{"), 60_000);
  return running;
}

/** The native hosts that run: the program under test, started by a browser and not from a terminal. */
export function nativeHosts(): number[] {
  return processes()
    .filter(({ executable, state }) => executable === binary && state !== "Z")
    .filter(({ command: [, word = ""] }) => !["testnet", "proxy"].includes(word))
    .map(({ pid }) => pid);
}
