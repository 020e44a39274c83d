/** Names to a file and from one; where they collide, a person says which side is right. */

import { ask } from "../../messages/messages";
import { LONGEST_FILE } from "../../names/file";
import { looksLike } from "../../names/look-alike";
import type { Collision, Imported, Side } from "../../names/names";
import { element } from "../../pages/element";
import { showKeyText } from "../../pages/key-text";
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
    say("", "");
    if (chosen.size > LONGEST_FILE * BYTES_OF_CHARACTER) {
      say("", "The file is too large to hold names. Choose another one.");
      return;
    }
    pending = await chosen.text();
    await take(null);
  });
  element("keep-mine").addEventListener("click", () => take("mine"));
  element("take-theirs").addEventListener("click", () => take("theirs"));
  element("import-cancel").addEventListener("click", () => {
    close();
    say("Nothing was imported.", "");
  });

  async function take(keep: Side | null): Promise<void> {
    const answer = await ask("importNames", { text: pending, keep });
    if ("failed" in answer) {
      const { message, data } = answer.failed;
      close();
      say("", `${plainText(message)} ${plainText(data?.todo ?? "")}`);
      return;
    }
    const { imported } = answer;
    if (keep === null && imported.collisions.length > 0) {
      showCollisions(imported.collisions);
      return;
    }
    close();
    await refresh();
    say(done(imported), "");
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
  element("collisions-more").textContent = `And ${collisions.length - MOST_COLLISIONS} more.`;
  element("collisions").hidden = false;
  element("collisions").focus();
}

function line({ key, name, mine, holder }: Collision): HTMLLIElement {
  const item = document.createElement("li");
  const text = document.createElement("p");
  const theirs = `They call this key “${plainText(name)}”`;
  text.textContent = mine === null ? `${theirs}:` : `${theirs}, you call it “${plainText(mine)}”:`;
  item.append(text, keyText(key));
  if (holder !== null) {
    const other = document.createElement("p");
    other.textContent = `Your “${plainText(name)}” is another one:`;
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
  if (added + changed === 0) return "There was nothing new in it.";
  const parts = [added === 1 ? "1 name added" : `${added} names added`];
  if (changed > 0) parts.push(`${changed} changed`);
  return `${parts.join(", ")}.`;
}

function close(): void {
  pending = "";
  if (element("collisions").contains(document.activeElement)) element("import").focus();
  element("collisions").hidden = true;
}

function say(told: string, problem: string): void {
  element("imported").textContent = told;
  element("file-problem").textContent = problem;
}
