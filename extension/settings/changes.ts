/**
 * What a file would change, told before anything is changed.
 *
 * Settings in the file replace those that are here. Keys that were paused or opened, and names, are added to those that
 * are here; where names differ, a person says which side is right. The program's settings that are fixed stay.
 */

import { merged } from "../names/merge";
import type { Named } from "../names/names";
import type { OpenedKey } from "../names/opened";
import type { HostSettings } from "../protocol/protocol";
import type { Backup, ProgramChoices } from "./backup";

/** How everything is now. */
export interface Everything {
  settings: Required<NonNullable<Backup["settings"]>>;
  pausedKeys: readonly string[];
  names: readonly Named[];
  opened: readonly OpenedKey[];
  /** Null while the program is not there, or knows no settings. */
  program: HostSettings | null;
}

/** One setting with what it is and what it would be. */
export interface Difference<Name extends string = string> {
  name: Name;
  before: unknown;
  after: unknown;
}

export interface Changes {
  settings: Difference<keyof Everything["settings"]>[];
  program: Difference<keyof ProgramChoices>[];
  /** The program's settings in the file that can't be taken over: fixed, or the program is not there. */
  leftOut: (keyof ProgramChoices)[];
  newPausedKeys: string[];
  newNames: number;
  /** How many names differ from those here. */
  collisions: number;
  newOpened: number;
}

export function changesBy(backup: Backup, now: Everything): Changes {
  const { program } = now;
  const names = merged(new Map(now.names.map(({ key, name }) => [key, name])), backup.names ?? [], "mine");
  const known = new Set(now.opened.map(({ key }) => key));
  const paused = new Set(now.pausedKeys);
  const asked = Object.keys(backup.program ?? {}) as (keyof ProgramChoices)[];
  const leftOut = asked.filter((name) => !program || program.fixed.includes(name));
  const wanted = Object.fromEntries(
    Object.entries(backup.program ?? {}).filter(([name]) => !leftOut.includes(name as keyof ProgramChoices)),
  ) as ProgramChoices;
  return {
    settings: differences(backup.settings ?? {}, now.settings),
    program: program ? differences<keyof ProgramChoices>(wanted, program) : [],
    leftOut,
    newPausedKeys: [...new Set(backup.pausedKeys)].filter((key) => !paused.has(key)),
    newNames: names.added,
    collisions: names.collisions.length,
    newOpened: (backup.opened ?? []).filter(({ key }) => !known.has(key)).length,
  };
}

export function changesNothing(changes: Changes): boolean {
  const { settings, program, newPausedKeys, newNames, collisions, newOpened } = changes;
  return [...settings, ...program, ...newPausedKeys].length + newNames + collisions + newOpened === 0;
}

function differences<Name extends string>(
  wanted: { [N in Name]?: unknown },
  now: { [N in Name]: unknown },
): Difference<Name>[] {
  return (Object.keys(wanted) as Name[])
    .map((name) => ({ name, before: now[name], after: wanted[name] }))
    .filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after));
}
