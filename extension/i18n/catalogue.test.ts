import { readdirSync, readFileSync } from "node:fs";
import { parse, TYPE } from "@formatjs/icu-messageformat-parser";
import { expect, test } from "vitest";
import { languages, messages } from "./assets";
import { ENGLISH } from "./catalogue";

/** What a message takes in: values, plurals and slots, by name. */
function taken(text: string): string[] {
  const found = new Set<string>();
  const look = (elements: ReturnType<typeof parse>): void => {
    for (const element of elements) {
      if (element.type === TYPE.literal || element.type === TYPE.pound) continue;
      found.add(`${element.type === TYPE.tag ? "slot" : "value"} ${element.value}`);
      if (element.type === TYPE.tag) look(element.children);
      if (element.type === TYPE.plural || element.type === TYPE.select) {
        for (const { value } of Object.values(element.options)) look(value);
      }
    }
  };
  look(parse(text));
  return [...found].sort();
}

const english = messages("en");

test("every area of English is in the catalogue", () => {
  expect(Object.keys(ENGLISH).sort()).toEqual(Object.keys(english).sort());
});

test.each(languages())("%s says all that English says, with the same values", (language) => {
  const shape = (all: typeof english) =>
    Object.fromEntries(
      Object.entries(all).map(([area, own]) => [
        area,
        Object.fromEntries(
          Object.entries(own)
            .sort(([a], [b]) => a.localeCompare(b))
            .map(([name, text]) => [name, taken(text)]),
        ),
      ]),
    );
  expect(shape(messages(language))).toEqual(shape(english));
});

const others = languages().filter((language) => language !== "en");

/** With what the program says on the gateway's pages. */
function everyMessage(language: string): [id: string, text: string][] {
  const file = new URL(`../locales/${language}/gateway.json`, import.meta.url);
  const gateway = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  return Object.entries({ ...messages(language), gateway }).flatMap(([area, own]) =>
    Object.entries(own).map(([name, text]): [string, string] => [`${area}.${name}`, text]),
  );
}

test.each(others)("%s leaves no sentence in English", (language) => {
  const written = new Map(everyMessage("en"));
  const left = everyMessage(language).filter(
    // Single words may well be the same.
    ([id, text]) => text === written.get(id) && (text.match(/\p{L}{2,}/gu) ?? []).length > 3,
  );
  expect(left).toEqual([]);
});

test.each(others)("%s has a form for each of its numbers", (language) => {
  // Nothing is said by "other", and so are millions where they have a form of their own.
  const forms = new Intl.PluralRules(language)
    .resolvedOptions()
    .pluralCategories.filter((form) => form !== "zero" && (form !== "many" || language === "ar"));
  const lacking: string[] = [];
  const look = (id: string, elements: ReturnType<typeof parse>): void => {
    for (const element of elements) {
      if (element.type !== TYPE.plural) continue;
      const there = Object.keys(element.options).map((form) => (form === "=1" ? "one" : form));
      lacking.push(...forms.filter((form) => !there.includes(form)).map((form) => `${id}: ${form}`));
      for (const { value } of Object.values(element.options)) look(id, value);
    }
  };
  for (const [id, text] of everyMessage(language)) look(id, parse(text));
  expect(lacking).toEqual([]);
});

test("what begins an address keeps its signs behind it where all else is read from right to left", () => {
  // Followed by a mark (U+200E): `http://` would be shown as `//:http`, `pk:` as `:pk`.
  const loose = everyMessage("ar").filter(([, text]) => /(?:https?:\/\/|\bpk:)(?=[\s.،؛؟)])/u.test(text));
  expect(loose).toEqual([]);
});

test("no message has a slot and a value of one name", () => {
  const both = Object.entries(english).flatMap(([area, own]) =>
    Object.entries(own)
      .filter(([, text]) => {
        const names = taken(text).map((one) => one.split(" ")[1]);
        return new Set(names).size < names.length;
      })
      .map(([name]) => `${area}.${name}`),
  );
  expect(both).toEqual([]);
});

/** All of the extension's own sources of one kind. Tests may name any message. */
function sources(end: RegExp): [file: string, text: string][] {
  const root = new URL("../", import.meta.url);
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter(
      (file) =>
        end.test(file) && !file.endsWith(".test.ts") && !/^(?:node_modules|\.output|\.wxt)\//.test(file),
    )
    .map((file) => [file, readFileSync(new URL(file, root), "utf8")]);
}

const ids = new Set(
  Object.entries(english).flatMap(([area, own]) => Object.keys(own).map((name) => `${area}.${name}`)),
);

test("every message that a page names is there", () => {
  const missing = sources(/\.html$/).flatMap(([file, text]) =>
    [...text.matchAll(/data-say(?:-[a-z-]+)?="([^"]*)"/g)]
      .filter(([, id = ""]) => !ids.has(id))
      .map(([, id]) => `${file}: ${id}`),
  );
  expect(missing).toEqual([]);
});

/** The same in every language. */
const NAME = "pkarr";

/** What of a page a person would see or hear if no script put words into it. */
function ownWords(html: string): string[] {
  const marked = html.replace(/<!--[\s\S]*?-->|<(script|style)\b[\s\S]*?<\/\1>/g, "");
  const texts = marked.replace(/<[^>]*>/g, "\n").split("\n");
  const attributes = [...marked.matchAll(/\s(?:title|aria-label|placeholder|alt)="([^"]*)"/g)];
  return [...texts, ...attributes.map(([, value = ""]) => value)].filter(
    (text) => /\p{L}/u.test(text) && text.trim() !== NAME,
  );
}

test("pages hold no words of their own", () => {
  const wordy = sources(/\.html$/).filter(([, text]) => ownWords(text).length > 0);
  expect(wordy.map(([file]) => file)).toEqual([]);
});

/**
 * The ids that a template in the code makes up at run time: of `art.${colour}Dots` all that begin and end so. Nothing but
 * letters and values stands in such a template.
 */
function madeUp(code: string): RegExp[] {
  const templates = [...code.matchAll(/`(\w+\.(?:\w|\$\{[^}`]*\})*)`/g)].map(([, id = ""]) => id);
  return templates
    .filter((id) => id.includes("${"))
    .map((id) => new RegExp(`^${id.replace(/\$\{[^}]*\}/g, "\\w+").replace(".", "\\.")}$`));
}

test("no message is left over", () => {
  const all = sources(/\.(?:ts|html)$/)
    .map(([, text]) => text)
    .join("\n");
  const patterns = madeUp(all);
  const unused = [...ids].filter(
    (id) =>
      !all.includes(`"${id}"`) &&
      !patterns.some((pattern) => pattern.test(id)) &&
      // The browser reads these itself; see below.
      !id.startsWith("manifest."),
  );
  expect(unused).toEqual([]);
});

test("the manifest names each of its messages, and no other", () => {
  const config = readFileSync(new URL("../wxt.config.ts", import.meta.url), "utf8");
  const named = new Set([...config.matchAll(/__MSG_(\w+)__/g)].map(([, name]) => name));
  expect([...named].sort()).toEqual(Object.keys(english.manifest ?? {}).sort());
});
