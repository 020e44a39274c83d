/** All that is kept, gathered to be exported or compared, and put back to what it was at first. */

import { leaveSuggestions } from "../../browser/suggestions";
import { isKey } from "../../key/key";
import { ask } from "../../messages/messages";
import { namesFile } from "../../names/file";
import type { Side } from "../../names/names";
import type { HostSettings, RpcError } from "../../protocol/protocol";
import type { Backup, ProgramChoices } from "../../settings/backup";
import type { Everything } from "../../settings/changes";
import {
  language,
  linkify,
  lookAhead,
  MOST_PAUSED_KEYS,
  paused,
  pausedKeys,
  searchRescue,
  way,
} from "../../settings/settings";

/** The language comes last: what is said on the way is said in the one before. */
const SETTINGS = { way, searchRescue, lookAhead, linkify, paused, language };

export async function everything(program: HostSettings | null): Promise<Everything> {
  const known = await ask("names", {});
  return {
    settings: {
      way: await way.get(),
      searchRescue: await searchRescue.get(),
      lookAhead: await lookAhead.get(),
      linkify: await linkify.get(),
      paused: await paused.get(),
      language: await language.get(),
      keepOpened: known.keeps,
    },
    pausedKeys: (await pausedKeys.get()).filter(isKey),
    names: known.names,
    opened: known.opened,
    program,
  };
}

/** As it goes into a file; of the program's settings what somebody has chosen. */
export function asBackup({ settings, pausedKeys, names, opened, program }: Everything): Backup {
  return {
    settings,
    pausedKeys: pausedKeys.slice(0, MOST_PAUSED_KEYS),
    names: [...names],
    opened: [...opened],
    ...(program && { program: choicesOf(program) }),
  };
}

function choicesOf(program: HostSettings): ProgramChoices {
  const { chosen, fixed } = program;
  const own = chosen.filter((name) => !fixed.includes(name));
  return Object.fromEntries(own.map((name) => [name, program[name]]));
}

/** Takes over what is in a file, but for the program's settings. Gives what was refused. */
export async function takeOver(backup: Backup, keep: Side): Promise<RpcError[]> {
  const { keepOpened, ...settings } = backup.settings ?? {};
  const answers: object[] = [];
  if (backup.pausedKeys) {
    const all = new Set([...(await pausedKeys.get()), ...backup.pausedKeys]);
    await pausedKeys.set([...all].slice(0, MOST_PAUSED_KEYS));
  }
  if (backup.names) answers.push(await ask("importNames", { text: namesFile(backup.names), keep }));
  if (backup.opened) answers.push(await ask("importOpened", { opened: backup.opened }));
  if (keepOpened !== undefined) answers.push(await ask("keepOpened", { on: keepOpened }));
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const wanted = settings[name as keyof typeof SETTINGS];
    if (wanted !== undefined) await setting.set(wanted as never);
  }
  return refusals(answers);
}

/** Everything as it was at first, but for the program's settings. Gives what was refused. */
export async function reset({ names }: { names: boolean }): Promise<RpcError[]> {
  const answers: object[] = [await ask("forgetOpened", {}), await ask("keepOpened", { on: true })];
  if (names) answers.push(await ask("forgetNames", {}));
  await pausedKeys.reset();
  await leaveSuggestions();
  for (const setting of Object.values(SETTINGS)) await setting.reset();
  return refusals(answers);
}

function refusals(answers: readonly object[]): RpcError[] {
  return (answers as { failed?: RpcError }[]).flatMap(({ failed }) => failed ?? []);
}
