/** Everything to a file and from one, and back to the beginning. Nothing changes before somebody has seen what. */

import { say } from "../../i18n/i18n";
import type { Side } from "../../names/names";
import { NameRefused } from "../../names/problem";
import { element } from "../../pages/element";
import { ownWords } from "../../pages/own-words";
import { plainText } from "../../pages/plain-text";
import type { RpcError } from "../../protocol/protocol";
import { type Backup, BackupRefused, backupFile, backupIn, LONGEST_BACKUP } from "../../settings/backup";
import { type Changes, changesBy, changesNothing } from "../../settings/changes";
import { asBackup, everything, reset, takeOver } from "./everything";
import { change, programSettings, refresh } from "./network";
import { previewLines } from "./preview";

/** UTF-8 takes at most this much for a character of JSON. */
const BYTES_OF_CHARACTER = 4;

let pending: { backup: Backup; changes: Changes } | null = null;

export function beginData(): void {
  element("export").addEventListener("click", () => void exportAll());
  const file = element<HTMLInputElement>("file");
  element("import").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    // Or the same file could not be chosen again.
    if (chosen) void read(chosen).finally(() => (file.value = ""));
  });
  element("apply").addEventListener("click", () => void apply());
  element("cancel").addEventListener("click", () => {
    close();
    told(say("options.nothingImported"), "");
  });
  element("reset").addEventListener("click", askForReset);
  const dialog = element<HTMLDialogElement>("reset-dialog");
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "reset") void resetAll();
    element("reset").focus();
  });
}

async function exportAll(): Promise<void> {
  const text = backupFile(asBackup(await everything(programSettings())));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "pkarr-settings.json";
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  told(say("options.exported"), "");
}

async function read(file: File): Promise<void> {
  close();
  told("", "");
  try {
    if (file.size > LONGEST_BACKUP * BYTES_OF_CHARACTER) throw new BackupRefused("options.fileTooLarge");
    const backup = backupIn(await file.text());
    const changes = changesBy(backup, await everything(programSettings()));
    show(backup, changes);
  } catch (failure) {
    told("", wordsOf(failure));
  }
}

function show(backup: Backup, changes: Changes): void {
  if (changesNothing(changes) && changes.leftOut.length === 0) {
    told(say("options.previewNothing"), "");
    return;
  }
  pending = { backup, changes };
  element("preview-list").replaceChildren(...previewLines(changes));
  element("preview-collisions").hidden = changes.collisions === 0;
  element("preview-collisions-count").textContent = say("options.collisions", { count: changes.collisions });
  element<HTMLButtonElement>("apply").hidden = changesNothing(changes);
  element("preview").hidden = false;
  element("preview").focus();
}

async function apply(): Promise<void> {
  if (!pending) return;
  const { backup, changes } = pending;
  const keep = element("preview").querySelector<HTMLInputElement>("input[name=keep]:checked");
  close();
  const refused = words(await takeOver(backup, (keep?.value ?? "mine") as Side));
  const program = Object.fromEntries(changes.program.map(({ name, after }) => [name, after]));
  const why = changes.program.length > 0 ? await change({ change: program }) : "";
  if (why !== "") refused.push(say("options.programRefused", { why }));
  told(refused.length === 0 ? say("options.applied") : "", refused.join(" "));
}

function askForReset(): void {
  const program = programSettings();
  element("reset-program-choice").hidden = !program || program.chosen.length === 0;
  for (const id of ["reset-program", "reset-names"]) element<HTMLInputElement>(id).checked = false;
  const dialog = element<HTMLDialogElement>("reset-dialog");
  dialog.returnValue = "";
  dialog.showModal();
}

async function resetAll(): Promise<void> {
  close();
  told("", "");
  const refused = words(await reset({ names: element<HTMLInputElement>("reset-names").checked }));
  const program = programSettings();
  if (program && element<HTMLInputElement>("reset-program").checked) {
    const { chosen, fixed } = program;
    const why = await change({ reset: chosen.filter((name) => !fixed.includes(name)) });
    if (why !== "") refused.push(say("options.programRefused", { why }));
  }
  await refresh();
  told(refused.length === 0 ? say("options.resetDone") : "", refused.join(" "));
}

function close(): void {
  pending = null;
  if (element("preview").contains(document.activeElement)) element("import").focus();
  element("preview").hidden = true;
}

function words(refused: readonly RpcError[]): string[] {
  return refused.map(ownWords);
}

function wordsOf(failure: unknown): string {
  if (failure instanceof BackupRefused) return say(failure.why, { place: plainText(failure.place) });
  if (failure instanceof NameRefused) return ownWords(failure.error);
  return plainText(String(failure));
}

function told(done: string, problem: string): void {
  element("data-done").textContent = done;
  element("data-problem").textContent = problem;
}
