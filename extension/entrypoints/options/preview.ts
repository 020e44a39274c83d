/** What a file would change, in words. */

import type { MessageId } from "../../i18n/catalogue";
import { locale, say } from "../../i18n/i18n";
import { isLanguage, LANGUAGES } from "../../i18n/languages";
import { plainText } from "../../pages/plain-text";
import type { Changes, Difference } from "../../settings/changes";

type Name = Changes["settings"][number]["name"] | Changes["program"][number]["name"];

const TITLES: Record<Name, MessageId> = {
  way: "options.way",
  searchRescue: "options.searchRescue",
  lookAhead: "options.lookAhead",
  linkify: "options.linkify",
  paused: "options.paused",
  keepOpened: "options.keepOpened",
  language: "options.language",
  relays: "options.relays",
  bootstrap: "options.bootstrap",
  allowPrivateFor: "options.private",
  stale: "options.stale",
  cacheSize: "options.cacheSize",
};

export function previewLines(changes: Changes): HTMLLIElement[] {
  const { settings, program, newPausedKeys, newNames, newOpened, leftOut } = changes;
  const lines = [...settings, ...program].map(differenceLine);
  for (const [message, count] of [
    ["options.newPausedKeys", newPausedKeys.length],
    ["options.newNames", newNames],
    ["options.newOpened", newOpened],
  ] as const) {
    if (count > 0) lines.push(line(say(message, { count })));
  }
  if (leftOut.length > 0) {
    const what = new Intl.ListFormat(locale(), { type: "unit" }).format(
      leftOut.map((name) => say(TITLES[name])),
    );
    lines.push(line(say("options.leftOut", { what })));
  }
  return lines;
}

function differenceLine({ name, before, after }: Difference<Name>): HTMLLIElement {
  const what = say(TITLES[name]);
  if (!Array.isArray(after)) {
    return line(say("options.change", { what, before: words(before), after: words(after) }));
  }
  const whole = line(say("options.changeList", { what }));
  const list = document.createElement("ul");
  list.className = "mono";
  list.dir = "ltr";
  // All of them: what is not shown could not be agreed to.
  list.append(
    ...(after.length > 0 ? after.map((one) => line(plainText(String(one)))) : [line(say("options.none"))]),
  );
  whole.append(list);
  return whole;
}

function words(value: unknown): string {
  if (typeof value === "boolean") return say(value ? "options.on" : "options.off");
  if (typeof value === "number") return new Intl.NumberFormat(locale()).format(value);
  if (value === "gateway") return say("options.gateway");
  if (value === "redirect") return say("options.redirect");
  if (isLanguage(value)) return LANGUAGES[value];
  return say("options.browsers");
}

function line(text: string): HTMLLIElement {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}
