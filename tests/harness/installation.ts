/**
 * `pkarr install`, `uninstall` and `doctor` by somebody whose home is this folder.
 */
import { binary } from "./paths.ts";
import { attempt, run } from "./processes.ts";

export interface Finding {
  check: string;
  finding: string;
  facts: Record<string, string>;
}

/** Installs, makes sure that all of it was done, and gives all that was made, by path. */
export async function install(home: string, options: string[]): Promise<string[]> {
  const told = await run(binary, ["install", ...options, "--json"], { env: environment(home) });
  const { steps } = JSON.parse(told) as { steps: { place: string; outcome: string }[] };
  const undone = steps.filter(({ outcome }) => outcome !== "done");
  if (undone.length > 0) throw new Error(`not installed: ${JSON.stringify(undone)}`);
  return steps.map(({ place }) => place);
}

export async function uninstall(home: string): Promise<void> {
  await run(binary, ["uninstall"], { env: environment(home) });
}

/** What the check-up finds, without any network. */
export async function doctor(home: string): Promise<Finding[]> {
  const offline = ["doctor", "--bootstrap", "127.0.0.1:9", "--no-relays", "--json"];
  const { stdout } = await attempt(binary, offline, { env: environment(home) });
  return (JSON.parse(stdout) as { findings: Finding[] }).findings;
}

/** Nothing in it but the home: what browsers under test are given has no say. */
function environment(home: string): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  const none = Object.keys(process.env).filter((name) => /^(?:XDG_|PKARR_|SUDO_)/.test(name));
  return { ...Object.fromEntries(none.map((name) => [name, undefined])), PATH, HOME: home };
}
