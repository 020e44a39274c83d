/**
 * Says things in the language of the person: `say("popup.copyKey")`.
 *
 * A page awaits `speak()` once, before it shows anything; the background does so at its start. Until then, and where a
 * message is missing, it is English. A change of the language reaches pages when they are opened anew; the background
 * hears of it (`onLanguageChange`).
 */

import { IntlMessageFormat } from "intl-messageformat";
import { browser } from "wxt/browser";
import { language } from "../settings/settings";
import { type Catalogue, type MessageId, message } from "./catalogue";
import { type Language, languageFor } from "./languages";

export type Values = Readonly<Record<string, string | number>>;

let spoken: Language = "en";
let catalogue: Catalogue = {};
const formats = new Map<string, IntlMessageFormat>();

/** The language in use, as Intl takes it. */
export function locale(): Language {
  return spoken;
}

/** Loads the language that was chosen. Fails never: what can't be loaded is said in English. */
export async function speak(): Promise<Language> {
  const wanted = languageFor(await language.get(), browser.i18n.getUILanguage());
  if (wanted !== spoken) {
    catalogue = wanted === "en" ? {} : await load(wanted);
    spoken = wanted;
    formats.clear();
  }
  return spoken;
}

/** Calls the listener after another language was chosen and loaded. */
export function onLanguageChange(listener: () => void): void {
  language.onChange(() => void speak().then(listener));
}

/** The message with its values. Values are shown as they are: hostile text goes through plainText() first. */
export function say(id: MessageId, values?: Values): string {
  return said(id, values) ?? id;
}

/** The same for an id that is made up at run time, such as one with a problem's code; null if there is no such message. */
export function sayIfKnown(id: string, values?: Values): string | null {
  return said(id, values) ?? null;
}

/** A part of a message: words, or words that stand in `<slot>…</slot>`. */
export interface Part {
  text: string;
  slot: string | null;
}

/** The message in parts, for a place where some words are an element of their own. */
export function sayInParts(id: MessageId, values?: Values): Part[] {
  const slots: Record<string, (words: unknown[]) => Part> = {};
  const text = message(id, catalogue) ?? id;
  for (const [, slot = ""] of text.matchAll(/<([a-zA-Z]+)>/g)) {
    slots[slot] = (words) => ({ text: words.join(""), slot });
  }
  const parts = format(id)?.format<Part>({ ...values, ...slots }) ?? text;
  return [parts].flat().map((part) => (typeof part === "string" ? { text: part, slot: null } : part));
}

function said(id: string, values?: Values): string | undefined {
  return format(id)?.format<string>({ ...values }) as string | undefined;
}

function format(id: string): IntlMessageFormat | undefined {
  const known = formats.get(id);
  if (known) return known;
  const text = message(id, catalogue);
  if (text === undefined) return undefined;
  const made = new IntlMessageFormat(text, spoken);
  formats.set(id, made);
  return made;
}

async function load(wanted: Language): Promise<Catalogue> {
  try {
    const answer = await fetch(browser.runtime.getURL(`/locales/${wanted}.json` as "/icon/16.png"));
    return (await answer.json()) as Catalogue;
  } catch (failure) {
    console.error(`pkarr: ${wanted} could not be loaded`, failure);
    return {};
  }
}
