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
  if (text.length > LONGEST_FILE) throw badFile("names.fileTooLarge");
  const file = parsed(text);
  if (!isObject(file) || !(MARK in file)) throw badFile("names.fileNoNames");
  if (file[MARK] !== VERSION) throw badFile("names.fileOtherVersion");
  if (!hasOnly(file, [MARK, "names"]) || !Array.isArray(file.names)) {
    throw badFile("names.fileMore");
  }
  if (file.names.length > MOST_NAMES) throw badFile("names.fileTooMany", { most: MOST_NAMES });
  const keys = new Set<string>();
  const taken = new Set<string>();
  return file.names.map((entry: unknown, index) => {
    const named = namedIn(entry, index + 1);
    if (keys.has(named.key)) throw badFile("names.entryKeyTwice", { number: index + 1 });
    if (taken.has(folded(named.name))) throw badFile("names.entryNameTwice", { number: index + 1 });
    keys.add(named.key);
    taken.add(folded(named.name));
    return named;
  });
}

function namedIn(entry: unknown, number: number): Named {
  if (!isObject(entry) || !hasOnly(entry, ["name", "key"])) {
    throw badFile("names.entryNone", { number });
  }
  const { name, key } = entry;
  if (typeof key !== "string" || !isKey(key)) throw badFile("names.entryNoKey", { number });
  const checked = typeof name === "string" ? petName(name) : null;
  if (!checked || checked.problem) throw badFile("names.entryNoName", { number });
  return { key, name: checked.name };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badFile("names.fileNoJson");
  }
}

function hasOnly(object: Record<string, unknown>, members: readonly string[]): boolean {
  return (
    Object.keys(object).length === members.length && members.every((member) => Object.hasOwn(object, member))
  );
}
