/** Keys in lists: art, name, the whole key, and what can be done with it. */

import { showArt } from "../art/image";
import { say } from "../i18n/i18n";
import { keyPageLink } from "./key-page";
import { showKeyText } from "./key-text";
import { plainText } from "./plain-text";

export function keyRow(key: string, name: string, note: string, actions: HTMLButtonElement[]): HTMLLIElement {
  const row = document.createElement("li");
  row.dataset.key = key;
  const art = document.createElement("img");
  void showArt(art, key);
  const text = document.createElement("p");
  showKeyText(text, key);
  const parts: HTMLElement[] = [art];
  if (name !== "") parts.push(named(name));
  parts.push(text);
  const doing = document.createElement("div");
  doing.className = "actions";
  if (note !== "") doing.append(quiet(note));
  for (const button of actions) {
    // Otherwise all of them would be called the same.
    button.ariaLabel = say("names.actionOn", {
      action: button.textContent,
      name: name === "" ? key : plainText(name),
    });
    doing.append(button);
  }
  doing.append(keyPageLink(key, name));
  row.append(...parts, doing);
  return row;
}

export function action(label: string, act: () => void | Promise<void>): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = label;
  button.addEventListener("click", () => void act());
  return button;
}

/** A field for another name; `save` tells what is wrong with it, or nothing. */
export function renameForm(
  name: string,
  { save, cancel }: { save: (written: string) => Promise<string>; cancel: () => void },
): HTMLFormElement {
  const form = document.createElement("form");
  const input = document.createElement("input");
  input.className = "wide";
  input.type = "text";
  input.value = name;
  input.maxLength = 160;
  input.autocomplete = "off";
  input.spellcheck = false;
  input.ariaLabel = say("names.anotherName", { name: plainText(name) });
  const submit = document.createElement("button");
  submit.textContent = say("names.save");
  const stop = action(say("names.cancel"), cancel);
  const problem = document.createElement("p");
  problem.className = "bad";
  problem.role = "alert";
  form.append(input, submit, stop, problem);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = await save(input.value);
    if (problem.textContent !== "") input.focus();
  });
  form.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") cancel();
  });
  return form;
}

function named(name: string): HTMLElement {
  const line = document.createElement("p");
  line.className = "name";
  const text = document.createElement("bdi");
  text.textContent = plainText(name);
  line.append(text);
  return line;
}

function quiet(text: string): HTMLElement {
  const note = document.createElement("span");
  note.className = "quiet";
  note.textContent = text;
  return note;
}
