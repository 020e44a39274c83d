/**
 * The file in which names are exported: JSON, for people to keep or to pass on.
 *
 * `{"pkarr-names": 1, "names": [{"name": "alice", "key": "…"}]}`: the number is the format's version. What is read may
 * come from anybody, so it is taken as a whole or not at all, and nothing in it may be unknown.
 */

import { isKey } from "../key/key";
import { isObject } from "./area";
import { MOST_NAMES, type Named } from "./names";
import { folded, petName } from "./pet-name";
import { badFile } from "./problem";

const MARK = "pkarr-names";
const VERSION = 1;

/** Characters: a full file has about half as many. */
export const LONGEST_FILE = 2_000_000;

export function namesFile(names: readonly Named[]): string {
  const listed = names.map(({ name, key }) => ({ name, key }));
  return `${JSON.stringify({ [MARK]: VERSION, names: listed }, null, 2)}\n`;
}

/** The names in a file. Throws NameRefused, which says what is wrong and where. */
export function namesIn(text: string): Named[] {
  if (text.length > LONGEST_FILE) throw badFile("The file is too large to hold names.");
  const file = parsed(text);
  if (!isObject(file) || !(MARK in file)) throw badFile("The file holds no names of keys.");
  if (file[MARK] !== VERSION) throw badFile("The file has another version than this extension knows.");
  if (!hasOnly(file, [MARK, "names"]) || !Array.isArray(file.names)) {
    throw badFile("The file has something in it that doesn’t belong there.");
  }
  if (file.names.length > MOST_NAMES) throw badFile(`The file has more than ${MOST_NAMES} names.`);
  const keys = new Set<string>();
  const taken = new Set<string>();
  return file.names.map((entry: unknown, index) => {
    const named = namedIn(entry, index + 1);
    if (keys.has(named.key)) throw badFile(`Entry ${index + 1} has a key that is in the file before.`);
    if (taken.has(folded(named.name)))
      throw badFile(`Entry ${index + 1} has a name that is in the file before.`);
    keys.add(named.key);
    taken.add(folded(named.name));
    return named;
  });
}

function namedIn(entry: unknown, number: number): Named {
  if (!isObject(entry) || !hasOnly(entry, ["name", "key"])) {
    throw badFile(`Entry ${number} is no name and key.`);
  }
  const { name, key } = entry;
  if (typeof key !== "string" || !isKey(key)) throw badFile(`Entry ${number} has no key.`);
  const checked = typeof name === "string" ? petName(name) : null;
  if (!checked || checked.problem) throw badFile(`Entry ${number} has no usable name.`);
  return { key, name: checked.name };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badFile("The file is no JSON.");
  }
}

function hasOnly(object: Record<string, unknown>, members: readonly string[]): boolean {
  return (
    Object.keys(object).length === members.length && members.every((member) => Object.hasOwn(object, member))
  );
}
