/**
 * What is meant by words typed after `pk` in the address bar, and what to suggest for them.
 *
 * Words may be a key in any accepted spelling, or a name a person gave to one: `alice`, `alice/path`, `www.alice`. Only
 * a whole name opens; the beginning of one is suggested. Nothing here knows a browser.
 */

import type { MessageId } from "../i18n/catalogue";
import { sayInParts, type Values } from "../i18n/i18n";
import { keyHostOf } from "../key/key";
import { type Scheme, typedAddress } from "../key/search";
import { resembled } from "../names/look-alike";
import type { Named } from "../names/names";
import type { OpenedKey } from "../names/opened";
import { folded } from "../names/pet-name";

/** Chromium shows no more than this many. */
const MOST_SUGGESTIONS = 8;
/** Nobody types more; what is pasted may have a long path. */
const LONGEST = 4_000;

/** What is known of keys. */
export interface Known {
  names: readonly Named[];
  opened: readonly OpenedKey[];
}

/** A piece of a description: plain, what was typed, an address, or less important. */
export interface Piece {
  text: string;
  as?: "match" | "url" | "dim";
}

export interface Suggestion {
  /** What counts as typed when it is chosen; opens by itself. */
  content: string;
  description: Piece[];
}

/** The address that the words mean, or null. */
export function meantAddress(typed: string, { names }: Known, scheme: Scheme): string | null {
  const words = typed.trim();
  if (words.length > LONGEST) return null;
  return typedAddress(words, scheme) ?? namedAddress(words, names, scheme);
}

/** The line above all others: what happens when Enter is pressed now. */
export function defaultSuggestion(typed: string, known: Known): Piece[] {
  const words = typed.trim();
  if (words === "") return said("omnibox.type");
  const address = meantAddress(words, known, "http");
  const key = address && keyHostOf(address)?.key;
  if (!address || !key) {
    const some = suggestions(words, known).length > 0;
    return said(some ? "omnibox.choose" : "omnibox.nothingFits");
  }
  const name = known.names.find((one) => one.key === key)?.name;
  const taken = resembled(key, known.names, known.opened);
  if (taken) {
    return taken.name === null
      ? said("omnibox.looksLikeOften", { key })
      : said("omnibox.looksLike", { name: taken.name, key });
  }
  const opened = { address: shown(address) };
  return name === undefined ? said("omnibox.open", opened) : said("omnibox.openNamed", { name, ...opened });
}

/** Names and keys that fit what was typed so far: names first, then keys by how lately they were opened. */
export function suggestions(typed: string, known: Known): Suggestion[] {
  const { names, opened } = known;
  const words = typed.trim();
  if (words.length > LONGEST) return [];
  const { host, rest } = parts(words);
  const asked = folded(host);
  const fitting = names
    .filter(({ name, key }) => folded(name).includes(asked) || key.startsWith(asked))
    .sort((a, b) => rank(a.name, asked) - rank(b.name, asked) || a.name.localeCompare(b.name));
  const found = fitting.map(
    ({ key, name }): Suggestion => ({
      content: `${key}${rest}`,
      description: [...highlighted(name, asked), { text: " – " }, { text: `${key}${rest}`, as: "url" }],
    }),
  );
  const named = new Set(names.map(({ key }) => key));
  for (const { key, count } of opened) {
    if (named.has(key) || !key.startsWith(asked)) continue;
    found.push({
      content: `${key}${rest}`,
      description: said("omnibox.opened", { address: `${key}${rest}`, count }),
    });
  }
  // What Enter opens already stands in the line above.
  const meant = meantAddress(words, known, "http");
  const others = found.filter(({ content }) => meant === null || typedAddress(content) !== meant);
  return others.slice(0, MOST_SUGGESTIONS);
}

/** `alice`, `alice/path`, `www.alice`; the longest name wins where a name has dots itself. */
function namedAddress(words: string, names: readonly Named[], scheme: Scheme): string | null {
  const { host, rest } = parts(words);
  const keys = new Map(names.map(({ key, name }) => [folded(name), key]));
  for (let start = 0; start !== -1; start = nextLabel(host, start)) {
    const key = keys.get(folded(host.slice(start)));
    if (key) return typedAddress(`${host.slice(0, start)}${key}${rest}`, scheme);
  }
  return null;
}

function nextLabel(host: string, start: number): number {
  const dot = host.indexOf(".", start);
  return dot === -1 ? -1 : dot + 1;
}

/** What stands for the host, and what comes after it. */
function parts(written: string): { host: string; rest: string } {
  const words = written.replace(/^pk:(?:\/\/)?/i, "");
  const end = words.search(/[/?#:]/);
  const host = end === -1 ? words : words.slice(0, end);
  return {
    host: host.trim().replace(/\.$/, "").replace(/ +/g, " "),
    rest: end === -1 ? "" : words.slice(end),
  };
}

function rank(name: string, asked: string): number {
  if (folded(name) === asked) return 0;
  return folded(name).startsWith(asked) ? 1 : 2;
}

function highlighted(name: string, asked: string): Piece[] {
  const at = name.toLowerCase().indexOf(asked);
  // Folding may have changed the length; then nothing is marked rather than the wrong part.
  if (asked === "" || at === -1) return [{ text: name }];
  const pieces: Piece[] = [
    { text: name.slice(0, at) },
    { text: name.slice(at, at + asked.length), as: "match" },
    { text: name.slice(at + asked.length) },
  ];
  return pieces.filter(({ text }) => text !== "");
}

function said(id: MessageId, values?: Values): Piece[] {
  return sayInParts(id, values).map(({ text, slot }) => (isMark(slot) ? { text, as: slot } : { text }));
}

function isMark(slot: string | null): slot is NonNullable<Piece["as"]> {
  return slot === "match" || slot === "url" || slot === "dim";
}

function shown(address: string): string {
  return address.replace(/^https?:\/\//, "").replace(/\/$/, "");
}
