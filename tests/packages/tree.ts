/**
 * What there is below a folder.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** All files, links and folders below a folder, links not followed. */
export function filesOf(folder: string): Set<string> {
  const found = new Set<string>();
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const entry of entriesOf(next)) {
      const path = join(next, entry.name);
      found.add(path);
      if (entry.isDirectory()) waiting.push(path);
    }
  }
  return found;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Gone since it was listed.
    return [];
  }
}
