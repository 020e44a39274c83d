/**
 * Names from elsewhere put together with those that are here.
 *
 * They collide where a key is called differently on the two sides, or where the same name belongs to different keys.
 * Whichever side is kept, no key that was named here loses its name: one whose name goes to another key is numbered.
 */

import { folded, LONGEST_NAME } from "./pet-name";

export type Side = "mine" | "theirs";

export interface Collision {
  /** What they say. */
  key: string;
  name: string;
  /** What the key is called here; null if it has no name. */
  mine: string | null;
  /** The other key that has this name here; null if none has. */
  holder: string | null;
}

export interface Merge {
  names: Map<string, string>;
  /** Keys that had no name and have one now. */
  added: number;
  /** Keys that are called differently now. */
  changed: number;
  collisions: Collision[];
}

/** Their names are distinct and so are the keys. */
export function merged(
  mine: ReadonlyMap<string, string>,
  theirs: readonly { key: string; name: string }[],
  keep: Side,
): Merge {
  const holders = new Map([...mine].map(([key, name]) => [folded(name), key]));
  const collisions: Collision[] = [];
  const names = new Map(mine);
  for (const { key, name } of theirs) {
    const had = mine.get(key) ?? null;
    const held = holders.get(folded(name)) ?? null;
    const holder = held === key ? null : held;
    const collides = (had !== null && had !== name) || holder !== null;
    if (collides) collisions.push({ key, name, mine: had, holder });
    if (!collides || keep === "theirs") names.set(key, name);
  }
  if (keep === "theirs") numberDoubles(names, theirs);
  let added = 0;
  let changed = 0;
  for (const [key, name] of names) {
    if (!mine.has(key)) added += 1;
    else if (mine.get(key) !== name) changed += 1;
  }
  return { names, added, changed, collisions };
}

/** Gives another name to each key whose name now belongs to one of theirs. */
function numberDoubles(names: Map<string, string>, theirs: readonly { key: string; name: string }[]): void {
  const given = new Map(theirs.map(({ key, name }) => [folded(name), key]));
  const taken = new Set([...names.values()].map(folded));
  for (const [key, name] of names) {
    const owner = given.get(folded(name));
    if (owner === undefined || owner === key) continue;
    const other = numbered(name, taken);
    taken.add(folded(other));
    names.set(key, other);
  }
}

function numbered(name: string, taken: ReadonlySet<string>): string {
  for (let number = 2; ; number += 1) {
    const ending = ` ${number}`;
    const other =
      [...name]
        .slice(0, LONGEST_NAME - ending.length)
        .join("")
        .trimEnd() + ending;
    if (!taken.has(folded(other))) return other;
  }
}
