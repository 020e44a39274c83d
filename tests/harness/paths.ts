/**
 * Where things are in the repository.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");

/** Screenshots and logs of failed tests. */
export const artifacts = join(root, "tests/artifacts");

/** The program under test: the debug build, unless PKARR_BINARY names another. */
export const binary = process.env.PKARR_BINARY ?? join(root, "target/debug/pkarr");

/** The unpacked extension for one browser. */
export function extensionDirectory(browser: "chromium" | "firefox"): string {
  return join(root, "extension/.output", browser === "chromium" ? "chrome-mv3" : "firefox-mv3");
}

export interface Identity {
  host: string;
  description: string;
  chromium: { id: string; key: string };
  firefox: { id: string };
}

export const identity: Identity = JSON.parse(readFileSync(join(root, "manifests/identity.json"), "utf8"));
