/**
 * What the build makes of extension/locales: for each language one file of messages, and the few that the browser
 * itself shows (`_locales`), such as the extension's description.
 */

import { readdirSync, readFileSync } from "node:fs";

const LOCALES = new URL("../locales/", import.meta.url);
/** The area of the messages that the browser shows. */
const BROWSERS = "manifest";
/** The area that the program says, on the gateway's pages. */
const PROGRAMS = "gateway";

type Messages = Record<string, string>;

export interface Asset {
  relativeDest: string;
  contents: string;
}

export function localeAssets(): Asset[] {
  return languages().flatMap((language) => {
    const areas = messages(language);
    const browsers = Object.entries(areas[BROWSERS] ?? {}).map(([name, message]) => [name, { message }]);
    const own: Asset[] = [
      { relativeDest: `_locales/${language}/messages.json`, contents: json(Object.fromEntries(browsers)) },
    ];
    // English is part of every script.
    if (language !== "en") own.push({ relativeDest: `locales/${language}.json`, contents: json(areas) });
    return own;
  });
}

/** The languages there are folders for. */
export function languages(): string[] {
  return readdirSync(LOCALES).sort();
}

/** All messages of the extension in one language, by area. */
export function messages(language: string): Record<string, Messages> {
  const folder = new URL(`${language}/`, LOCALES);
  const areas = readdirSync(folder)
    .filter((file) => file !== `${PROGRAMS}.json`)
    .sort();
  return Object.fromEntries(
    areas.map((file) => [
      file.replace(/\.json$/, ""),
      JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Messages,
    ]),
  );
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
