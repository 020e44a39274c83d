/**
 * How the host program gets onto this computer and is made known to browsers: the one place that says so. The program
 * itself knows where browsers look (`pkarr install`), so that there is nothing of that here.
 *
 * The commands are whole: they are run as they are.
 */

import type { System } from "../browser/brand";

export interface InstallHint {
  /** Where the program is installed already, for any shell. */
  installed: string;
  /** In the folder of the sources; for a shell, or on Windows for PowerShell. */
  sources: string;
  /** Where the program writes its log. */
  logs: string;
}

const INSTALL = "pkarr install";
const BUILD = "cargo build --release --bin pkarr";

const LOGS = {
  linux: "~/.local/share/pkarr/logs",
  mac: "~/Library/Application Support/org.pkarr.pkarr/logs",
  win: "%LOCALAPPDATA%\\pkarr\\pkarr\\data\\logs",
} as const;

/** Null where browsers can start no program. */
export function installHint(system: System): InstallHint | null {
  if (system === "other") return null;
  const built = system === "win" ? ".\\target\\release\\pkarr.exe install" : "target/release/pkarr install";
  return { installed: INSTALL, sources: `${BUILD}\n${built}`, logs: LOGS[system] };
}

/** Asked once, a Firefox from a snap remembers a "no"; this makes it a "yes". */
export function allowSnap(host: string): string {
  return `flatpak permission-set webextensions ${host} snap.firefox yes`;
}
