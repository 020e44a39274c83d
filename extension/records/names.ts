/** Names of records as people write them in zone files: relative to the key, which stands above them in full. */

/** `@` for the key itself, `www` below it; a name outside the key's zone stays whole. */
export function relativeName(name: string, key: string): string {
  const bare = name.replace(/\.$/, "");
  const lower = bare.toLowerCase();
  if (lower === key) return "@";
  return lower.endsWith(`.${key}`) ? bare.slice(0, -key.length - 1) : bare;
}
