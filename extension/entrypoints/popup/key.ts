/** The key in the popup: what it is called, its art, the whole of it, and a warning if it looks like another one. */

import { showArt } from "../../art/image";
import type { KeyHost } from "../../key/key";
import { asPk } from "../../links/address";
import { ask } from "../../messages/messages";
import type { Resembled } from "../../names/look-alike";
import { element } from "../../pages/element";
import { showKeyText } from "../../pages/key-text";
import { plainText } from "../../pages/plain-text";

/** How long a button says what it has done. */
const SAID_MS = 1_500;

let petName: string | null = null;

/** `address`: the key-host address the tab stands for. */
export async function showKey({ key, host }: KeyHost, address: string): Promise<void> {
  element("key-section").hidden = false;
  element("whole-key").hidden = false;
  showKeyText(element("key"), key);
  element("name").hidden = host === key;
  element("name").textContent = plainText(host.slice(0, -key.length));
  onCopy("copy", () => key);
  onCopy("copy-link", () => asPk(address) ?? "");
  beginNaming(key);
  await Promise.all([showArt(element<HTMLImageElement>("art"), key), showKnown(key)]);
}

function onCopy(id: string, text: () => string): void {
  const button = element(id);
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(text()).then(
      () => true,
      () => false,
    );
    button.textContent = copied ? "Copied" : "Not copied";
    announce(copied ? "Copied." : "The browser did not let it be copied.");
    setTimeout(() => {
      button.textContent = label;
    }, SAID_MS);
  });
}

/** Says it to those who don't see what changed. */
export function announce(text: string): void {
  element("said").textContent = text;
}

async function showKnown(key: string): Promise<void> {
  const { name, resembles } = await ask("known", { key });
  petName = name;
  element("pet-name-text").textContent = name === null ? "No name yet" : plainText(name);
  element("pet-name").classList.toggle("none", name === null);
  element("name-it").textContent = name === null ? "Name this key" : "Rename";
  element("name-remove").hidden = name === null;
  await showLookAlike(key, resembles);
}

async function showLookAlike(key: string, resembles: Resembled | null): Promise<void> {
  element("look-alike").hidden = resembles === null;
  if (!resembles) return;
  const whom = resembles.name === null ? "a key you often open" : `“${plainText(resembles.name)}”`;
  element("look-alike-title").textContent = `This is not ${whom}`;
  element("look-alike-what").textContent =
    "This key begins and ends alike, but is another one. Go on only if you know who gave it to you.";
  element("look-alike-known-label").textContent =
    resembles.name === null ? "The key you often open" : plainText(resembles.name);
  showKeyText(element("look-alike-this"), key, resembles.key);
  showKeyText(element("look-alike-known"), resembles.key, key);
  await Promise.all([
    showArt(element<HTMLImageElement>("look-alike-art"), key),
    showArt(element<HTMLImageElement>("look-alike-known-art"), resembles.key),
  ]);
}

function beginNaming(key: string): void {
  const form = element<HTMLFormElement>("naming");
  const input = element<HTMLInputElement>("new-name");
  const opener = element("name-it");

  const show = (open: boolean): void => {
    form.hidden = !open;
    opener.ariaExpanded = String(open);
    problem("");
    if (open) {
      input.value = petName ?? "";
      input.select();
    }
    (open ? input : opener).focus();
  };
  const done = async (words: string): Promise<void> => {
    await showKnown(key);
    show(false);
    announce(words);
  };

  opener.addEventListener("click", () => show(form.hidden === true));
  element("naming-cancel").addEventListener("click", () => show(false));
  input.addEventListener("input", () => problem(""));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    // Or the whole popup would close.
    event.preventDefault();
    show(false);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await ask("nameKey", { key, name: input.value });
    if ("failed" in answer) {
      const { message, data } = answer.failed;
      problem(`${plainText(message)} ${plainText(data?.todo ?? "")}`);
      input.focus();
    } else {
      await done(`Named ${plainText(answer.name)}.`);
    }
  });
  element("name-remove").addEventListener("click", async () => {
    const answer = await ask("forgetName", { key });
    if ("failed" in answer) problem(plainText(answer.failed.message));
    else await done("The name is removed.");
  });
}

function problem(text: string): void {
  element("naming-problem").textContent = text;
  element("new-name").ariaInvalid = String(text !== "");
}
