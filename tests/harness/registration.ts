/**
 * Tells one browser profile which program to start as its native messaging host.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { identity, root } from "./paths.ts";

/** Where a browser started with this home and profile looks for the manifest. */
export function manifestPath(browser: "chromium" | "firefox", home: string, profile: string): string {
  const directory =
    browser === "chromium"
      ? join(profile, "NativeMessagingHosts")
      : join(home, ".mozilla/native-messaging-hosts");
  return join(directory, `${identity.host}.json`);
}

/** Fills the template of manifests/ in and puts it where the browser looks. */
export function register(browser: "chromium" | "firefox", path: string, program: string): void {
  const values: Record<string, string> = {
    host: identity.host,
    description: identity.description,
    path: program,
    "chromium.id": identity.chromium.id,
    "firefox.id": identity.firefox.id,
  };
  const template = readFileSync(join(root, `manifests/native-host.${browser}.json`), "utf8");
  // The values stand inside JSON strings: escape them as such.
  const filled = template.replace(/\{\{([\w.]+)\}\}/g, (_match, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`manifests/native-host.${browser}.json asks for {{${name}}}`);
    return JSON.stringify(value).slice(1, -1);
  });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, filled);
}

export function unregister(path: string): void {
  rmSync(path, { force: true });
}
