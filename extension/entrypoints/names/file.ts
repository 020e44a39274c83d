/** Names to a file and from one; where they collide, a person says which side is right. */

import { say } from "../../i18n/i18n";
import { ask } from "../../messages/messages";
import { LONGEST_FILE } from "../../names/file";
import { looksLike } from "../../names/look-alike";
import type { Collision, Imported, Side } from "../../names/names";
import { element } from "../../pages/element";
import { showKeyText } from "../../pages/key-text";
import { ownWords } from "../../pages/own-words";
import { plainText } from "../../pages/plain-text";

/** As many as anybody reads. */
const MOST_COLLISIONS = 50;
/** UTF-8 takes at most this much for a character of JSON. */
const BYTES_OF_CHARACTER = 4;

let pending = "";

export function beginFile(refresh: () => Promise<void>): void {
  const file = element<HTMLInputElement>("file");
  element("export").addEventListener("click", exportNames);
  element("import").addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    // Or the same file could not be chosen again.
    file.value = "";
    if (!chosen) return;
    tell("", "");
    if (chosen.size > LONGEST_FILE * BYTES_OF_CHARACTER) {
      tell("", `${say("names.fileTooLarge")} ${say("names.fileTodo")}`);
      return;
    }
    pending = await chosen.text();
    await take(null);
  });
  element("keep-mine").addEventListener("click", () => take("mine"));
  element("take-theirs").addEventListener("click", () => take("theirs"));
  element("import-cancel").addEventListener("click", () => {
    close();
    tell(say("names.nothingImported"), "");
  });

  async function take(keep: Side | null): Promise<void> {
    const answer = await ask("importNames", { text: pending, keep });
    if ("failed" in answer) {
      close();
      tell("", ownWords(answer.failed));
      return;
    }
    const { imported } = answer;
    if (keep === null && imported.collisions.length > 0) {
      showCollisions(imported.collisions);
      return;
    }
    close();
    await refresh();
    tell(done(imported), "");
  }
}

async function exportNames(): Promise<void> {
  const { text } = await ask("exportNames", {});
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "pkarr-names.json";
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function showCollisions(collisions: readonly Collision[]): void {
  element("collision-list").replaceChildren(...collisions.slice(0, MOST_COLLISIONS).map(line));
  element("collisions-more").hidden = collisions.length <= MOST_COLLISIONS;
  element("collisions-more").textContent = say("names.moreCollisions", {
    count: collisions.length - MOST_COLLISIONS,
  });
  element("collisions").hidden = false;
  element("collisions").focus();
}

function line({ key, name, mine, holder }: Collision): HTMLLIElement {
  const item = document.createElement("li");
  const text = document.createElement("p");
  const theirs = plainText(name);
  text.textContent =
    mine === null
      ? say("names.theirs", { theirs })
      : say("names.theirsAndYours", { theirs, mine: plainText(mine) });
  item.append(text, keyText(key));
  if (holder !== null) {
    const other = document.createElement("p");
    other.textContent = say("names.another", { name: plainText(name) });
    item.append(other, keyText(holder, looksLike(key, holder) ? key : undefined));
  }
  return item;
}

function keyText(key: string, other?: string): HTMLElement {
  const text = document.createElement("p");
  showKeyText(text, key, other);
  return text;
}

function done({ added, changed }: Imported): string {
  if (added + changed === 0) return say("names.nothingNew");
  return changed === 0 ? say("names.added", { added }) : say("names.addedAndChanged", { added, changed });
}

function close(): void {
  pending = "";
  if (element("collisions").contains(document.activeElement)) element("import").focus();
  element("collisions").hidden = true;
}

function tell(told: string, problem: string): void {
  element("imported").textContent = told;
  element("file-problem").textContent = problem;
}
