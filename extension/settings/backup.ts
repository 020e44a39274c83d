/**
 * The file in which everything is exported: JSON, for people to keep and to bring back, here or in another browser.
 *
 * `{"pkarr-settings": 1, "settings": {…}, "pausedKeys": […], "names": […], "opened": […], "program": {…}}`: the number is
 * the format's version. A part that is missing says nothing of what it would hold. What is read may come from anybody, so
 * it is taken as a whole or not at all, and nothing in it may be unknown.
 */

import * as v from "valibot";
import type { MessageId } from "../i18n/catalogue";
import { LANGUAGES, type Language } from "../i18n/languages";
import { isKey } from "../key/key";
import { LONGEST_FILE, namesFile, namesIn } from "../names/file";
import { MOST_NAMES } from "../names/names";
import { MOST_OPENED } from "../names/opened";
import { MOST_PAUSED_KEYS } from "./settings";

const MARK = "pkarr-settings";
const VERSION = 1;

/** Characters: as many as the names may take, and more than enough for the rest. */
export const LONGEST_BACKUP = LONGEST_FILE + 1_000_000;

const MOST_ADDRESSES = 64;
const LONGEST_ADDRESS = 2_000;
const MOST_ALLOWED_KEYS = 1_000;

const KEY = v.pipe(v.string(), v.check(isKey));
const COUNT = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ADDRESSES = v.pipe(
  v.array(v.pipe(v.string(), v.maxLength(LONGEST_ADDRESS))),
  v.maxLength(MOST_ADDRESSES),
);

const BACKUP = v.strictObject({
  [MARK]: v.literal(VERSION),
  settings: v.exactOptional(
    v.strictObject({
      way: v.exactOptional(v.picklist(["gateway", "redirect"])),
      searchRescue: v.exactOptional(v.boolean()),
      lookAhead: v.exactOptional(v.boolean()),
      linkify: v.exactOptional(v.boolean()),
      paused: v.exactOptional(v.boolean()),
      keepOpened: v.exactOptional(v.boolean()),
      language: v.exactOptional(v.picklist(["browser", ...(Object.keys(LANGUAGES) as Language[])])),
    }),
  ),
  pausedKeys: v.exactOptional(v.pipe(v.array(KEY), v.maxLength(MOST_PAUSED_KEYS))),
  names: v.exactOptional(
    v.pipe(v.array(v.strictObject({ name: v.string(), key: KEY })), v.maxLength(MOST_NAMES)),
  ),
  opened: v.exactOptional(
    v.pipe(v.array(v.strictObject({ key: KEY, count: COUNT, last: COUNT })), v.maxLength(MOST_OPENED)),
  ),
  program: v.exactOptional(
    v.strictObject({
      relays: v.exactOptional(ADDRESSES),
      bootstrap: v.exactOptional(ADDRESSES),
      allowPrivateFor: v.exactOptional(v.pipe(v.array(KEY), v.maxLength(MOST_ALLOWED_KEYS))),
      stale: v.exactOptional(v.boolean()),
      cacheSize: v.exactOptional(COUNT),
    }),
  ),
});

export type Backup = Omit<v.InferOutput<typeof BACKUP>, typeof MARK>;

/** The program's settings as they are in a file: those that somebody has chosen. */
export type ProgramChoices = NonNullable<Backup["program"]>;

export class BackupRefused extends Error {
  readonly why: MessageId;
  /** Where in the file, as in `names.2.key`; hostile text. */
  readonly place: string;

  constructor(why: MessageId, place = "") {
    super(`${why} ${place}`.trim());
    this.why = why;
    this.place = place;
  }
}

export function backupFile(backup: Backup): string {
  return `${JSON.stringify({ [MARK]: VERSION, ...backup }, null, 2)}\n`;
}

/** What is in a file. Throws BackupRefused, or NameRefused where a name is no name. */
export function backupIn(text: string): Backup {
  if (text.length > LONGEST_BACKUP) throw new BackupRefused("options.fileTooLarge");
  const file = parsed(text);
  const version = v.safeParse(v.looseObject({ [MARK]: v.number() }), file);
  if (!version.success) throw new BackupRefused("options.fileOther");
  if (version.output[MARK] !== VERSION) throw new BackupRefused("options.fileOtherVersion");
  const read = v.safeParse(BACKUP, file, { abortEarly: true });
  if (!read.success) {
    throw new BackupRefused("options.fileWrong", v.getDotPath(read.issues[0]) ?? MARK);
  }
  const { [MARK]: _, ...backup } = read.output;
  // Names have rules of their own, and each may be there once.
  return backup.names ? { ...backup, names: namesIn(namesFile(backup.names)) } : backup;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BackupRefused("options.fileNoJson");
  }
}
