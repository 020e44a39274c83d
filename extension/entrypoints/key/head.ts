/** The head of the page: the key's art, what it is called, the whole of it, and a warning if it looks like another one. */

import { showArt } from "../../art/image";
import { say } from "../../i18n/i18n";
import { ask } from "../../messages/messages";
import type { Resembled } from "../../names/look-alike";
import { element } from "../../pages/element";
import { showKeyText } from "../../pages/key-text";
import { plainText } from "../../pages/plain-text";
import { problemWords } from "../../pages/problem-words";

/** How long a button says what it has done. */
const SAID_MS = 1_500;

let petName: string | null = null;

export async function showHead(key: string): Promise<void> {
  showKeyText(element("key"), key);
  onCopy("copy", () => key);
  onCopy("copy-link", () => `pk:${key}`);
  beginNaming(key);
  // It may be named elsewhere meanwhile.
  addEventListener("focus", () => void showKnown(key));
  await Promise.all([showArt(element<HTMLImageElement>("art"), key), showKnown(key)]);
}

/** Says it to those who don't see what changed. */
export function announce(text: string): void {
  element("said").textContent = text;
}

/** Makes the button copy this text. */
export function onCopy(id: string, text: () => string): void {
  const button = element(id);
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(text()).then(
      () => true,
      () => false,
    );
    button.textContent = say(copied ? "keyPage.copied" : "keyPage.notCopied");
    announce(say(copied ? "keyPage.copiedSaid" : "keyPage.notCopiedSaid"));
    setTimeout(() => {
      button.textContent = label;
    }, SAID_MS);
  });
}

/** Leads to the key's site, where there is one. */
export async function showOpen(key: string, hasSite: boolean): Promise<void> {
  const link = element<HTMLAnchorElement>("open");
  const { go } = hasSite ? await ask("link", { link: `pk:${key}` }) : { go: null };
  link.hidden = go === null;
  if (go) link.href = go;
}

async function showKnown(key: string): Promise<void> {
  const { name, resembles } = await ask("known", { key });
  petName = name;
  const title = element("pet-name");
  title.textContent = name === null ? say("keyPage.noName") : plainText(name);
  title.classList.toggle("none", name === null);
  document.title =
    name === null ? say("keyPage.title") : say("keyPage.titleNamed", { name: plainText(name) });
  element("name-it").textContent = say(name === null ? "keyPage.nameIt" : "keyPage.rename");
  element("name-remove").hidden = name === null;
  await showLookAlike(key, resembles);
}

async function showLookAlike(key: string, resembles: Resembled | null): Promise<void> {
  element("look-alike").hidden = resembles === null;
  if (!resembles) return;
  const known = resembles.name === null ? null : plainText(resembles.name);
  element("look-alike-title").textContent =
    known === null ? say("keyPage.alikeTitleOften") : say("keyPage.alikeTitle", { name: known });
  element("look-alike-known-label").textContent = known ?? say("keyPage.alikeOften");
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
    if (event.key === "Escape") show(false);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await ask("nameKey", { key, name: input.value });
    if ("failed" in answer) {
      const { what, todo } = problemWords(answer.failed);
      problem(`${what} ${todo}`);
      input.focus();
    } else {
      await done(say("keyPage.named", { name: plainText(answer.name) }));
    }
  });
  element("name-remove").addEventListener("click", async () => {
    const answer = await ask("forgetName", { key });
    if ("failed" in answer) problem(problemWords(answer.failed).what);
    else await done(say("keyPage.nameRemoved"));
  });
}

function problem(text: string): void {
  element("naming-problem").textContent = text;
  element("new-name").ariaInvalid = String(text !== "");
}
