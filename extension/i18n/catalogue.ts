/**
 * The messages in English, by area: what all other languages translate, and what is said where one lacks a message.
 *
 * They are ICU messages (plurals, numbers, `<slot>…</slot>`); extension/locales/<language>/<area>.json has them, one
 * file an area. English is part of every script, the others are fetched from the extension's own files.
 */

import art from "../locales/en/art.json" with { type: "json" };
import common from "../locales/en/common.json" with { type: "json" };
import diagnostics from "../locales/en/diagnostics.json" with { type: "json" };
import host from "../locales/en/host.json" with { type: "json" };
import https from "../locales/en/https.json" with { type: "json" };
import key from "../locales/en/key.json" with { type: "json" };
import keyPage from "../locales/en/keyPage.json" with { type: "json" };
import links from "../locales/en/links.json" with { type: "json" };
import manifest from "../locales/en/manifest.json" with { type: "json" };
import meaning from "../locales/en/meaning.json" with { type: "json" };
import names from "../locales/en/names.json" with { type: "json" };
import omnibox from "../locales/en/omnibox.json" with { type: "json" };
import open from "../locales/en/open.json" with { type: "json" };
import options from "../locales/en/options.json" with { type: "json" };
import popup from "../locales/en/popup.json" with { type: "json" };
import problems from "../locales/en/problems.json" with { type: "json" };
import toolbar from "../locales/en/toolbar.json" with { type: "json" };
import welcome from "../locales/en/welcome.json" with { type: "json" };

export const ENGLISH = {
  art,
  common,
  diagnostics,
  host,
  https,
  key,
  keyPage,
  links,
  manifest,
  meaning,
  names,
  omnibox,
  open,
  options,
  popup,
  problems,
  toolbar,
  welcome,
};

export type Area = keyof typeof ENGLISH;

/** Messages of one language by area. What is missing is said in English. */
export type Catalogue = { [A in Area]?: Readonly<Record<string, string>> };

/** `area.name` of a message. */
export type MessageId = { [A in Area]: `${A}.${keyof (typeof ENGLISH)[A] & string}` }[Area];

/** The message as it is written, in this language or else in English; undefined if there is none. */
export function message(id: string, catalogue: Catalogue): string | undefined {
  const dot = id.indexOf(".");
  const area = id.slice(0, dot) as Area;
  const name = id.slice(dot + 1);
  const english: Catalogue = ENGLISH;
  return own(catalogue[area], name) ?? own(english[area], name);
}

function own(messages: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return messages && Object.hasOwn(messages, name) ? messages[name] : undefined;
}
