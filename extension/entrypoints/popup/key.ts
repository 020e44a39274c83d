/** The key in the popup: what it is called, its art, the whole of it, and a warning if it looks like another one. */

import { browser } from "wxt/browser";
import { showArt } from "../../art/image";
import { say } from "../../i18n/i18n";
import { asPk } from "../../links/address";
import { ask } from "../../messages/messages";
import type { Resembled } from "../../names/look-alike";
import { element } from "../../pages/element";
import { showKeyText } from "../../pages/key-text";
import { plainText } from "../../pages/plain-text";
import { problemWords } from "../../pages/problem-words";
import type { Subject } from "./subject";

/** How long a button says what it has done. */
const SAID_MS = 1_500;

let petName: string | null = null;

export async function showKey({ key, host, address }: Subject): Promise<void> {
  element("key-section").hidden = false;
  element("whole-key").hidden = false;
  showKeyText(element("key"), key);
  element("name").hidden = host === key;
  element("name").textContent = plainText(host.slice(0, -key.length));
  element("key-page").addEventListener("click", async () => {
    await browser.tabs.create({ url: `${location.origin}/key.html?key=${key}` });
    window.close();
  });
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
    button.textContent = say(copied ? "popup.copied" : "popup.notCopied");
    announce(say(copied ? "popup.saidCopied" : "popup.saidNotCopied"));
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
  element("pet-name-text").textContent = name === null ? say("popup.noName") : plainText(name);
  element("pet-name").classList.toggle("none", name === null);
  element("name-it").textContent = say(name === null ? "popup.nameIt" : "popup.rename");
  element("name-remove").hidden = name === null;
  await showLookAlike(key, resembles);
}

async function showLookAlike(key: string, resembles: Resembled | null): Promise<void> {
  element("look-alike").hidden = resembles === null;
  if (!resembles) return;
  const name = resembles.name === null ? null : plainText(resembles.name);
  element("look-alike-title").textContent =
    name === null ? say("popup.alikeOpened") : say("popup.alikeNamed", { name });
  element("look-alike-known-label").textContent = name ?? say("popup.alikeKnown");
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
      const { what, todo } = problemWords(answer.failed);
      problem(`${what} ${todo}`.trim());
      input.focus();
    } else {
      await done(say("popup.named", { name: plainText(answer.name) }));
    }
  });
  element("name-remove").addEventListener("click", async () => {
    const answer = await ask("forgetName", { key });
    if ("failed" in answer) problem(problemWords(answer.failed).what);
    else await done(say("popup.nameRemoved"));
  });
}

function problem(text: string): void {
  element("naming-problem").textContent = text;
  element("new-name").ariaInvalid = String(text !== "");
}
