/**
 * names.html: the names a person gave to keys, and the keys opened before. Also where words go that were typed after
 * `pk` and mean no key, in `?typed=`; anything may stand there.
 */

import { locale, say } from "../../i18n/i18n";
import { speakInPage } from "../../i18n/page";
import { keyHostOf } from "../../key/key";
import { typedAddress } from "../../key/search";
import { ask } from "../../messages/messages";
import type { Named } from "../../names/names";
import { folded } from "../../names/pet-name";
import { element } from "../../pages/element";
import { action, keyRow, renameForm } from "../../pages/key-rows";
import { ownWords } from "../../pages/own-words";
import { plainText } from "../../pages/plain-text";
import { relativeTime } from "../../pages/time";
import { beginFile } from "./file";

/** As many as anybody looks through; the rest is found by typing. */
const MOST_SHOWN = 100;

let names: readonly Named[] = [];

void begin();

async function begin(): Promise<void> {
  await speakInPage();
  const typed = new URLSearchParams(location.search).get("typed")?.trim();
  const filter = element<HTMLInputElement>("filter");
  if (typed) {
    filter.value = typed;
    element("typed").textContent = say("names.typed", { typed: plainText(typed) });
    element("typed").hidden = false;
  }
  filter.addEventListener("input", showNames);
  element("add").addEventListener("submit", add);
  element("keeps").addEventListener("change", async () => {
    await ask("keepOpened", { on: element<HTMLInputElement>("keeps").checked });
  });
  element("forget-all").addEventListener("click", async () => {
    await forgetOpened({});
  });
  beginFile(refresh);
  await refresh();
  // Nothing that fits: rather all than none.
  if (typed && element("list").childElementCount === 0) {
    filter.value = "";
    showNames();
  }
}

async function refresh(): Promise<void> {
  const known = await ask("names", {});
  names = known.names;
  element<HTMLInputElement>("keeps").checked = known.keeps;
  showNames();
  const calls = new Map(names.map(({ key, name }) => [key, name]));
  element("opened").replaceChildren(
    ...known.opened.slice(0, MOST_SHOWN).map(({ key, count, last }) => {
      const when = relativeTime(last, Date.now());
      const name = calls.get(key);
      return keyRow(key, name ?? "", say("names.openedTimes", { count, when }), [
        action(say("names.open"), () => open(key)),
        action(say("names.forget"), async () => {
          await forgetOpened({ key });
        }),
      ]);
    }),
  );
  tellMore("opened-more", "names.openedMore", known.opened.length);
  element("forget-all").hidden = known.opened.length === 0;
}

async function forgetOpened(what: { key?: string }): Promise<void> {
  const answer = await ask("forgetOpened", what);
  element("opened-problem").textContent = "failed" in answer ? ownWords(answer.failed) : "";
  await refresh();
  element("keeps").focus();
}

function showNames(): void {
  const asked = folded(element<HTMLInputElement>("filter").value.trim());
  const fitting = names.filter(({ key, name }) => folded(name).includes(asked) || key.includes(asked));
  element("count").textContent = names.length > 0 ? new Intl.NumberFormat(locale()).format(names.length) : "";
  element("filter").hidden = names.length === 0;
  const none = say(names.length === 0 ? "names.none" : "names.noneFits");
  tell("empty", fitting.length > 0 ? "" : none);
  element("list").replaceChildren(...fitting.slice(0, MOST_SHOWN).map(namedRow));
  tellMore("more", "names.more", fitting.length);
}

function namedRow({ key, name }: Named): HTMLLIElement {
  const row = keyRow(key, name, "", [
    action(say("names.open"), () => open(key)),
    action(say("names.rename"), () => {
      const form = renameForm(name, {
        save: async (written) => {
          const answer = await ask("nameKey", { key, name: written });
          if ("failed" in answer) return ownWords(answer.failed);
          await changed(say("names.nowCalled", { name: plainText(answer.name) }));
          return "";
        },
        cancel: () => {
          form.remove();
          row.querySelector("button")?.focus();
        },
      });
      row.querySelector("form")?.remove();
      row.append(form);
      form.querySelector("input")?.select();
    }),
    action(say("names.remove"), async () => {
      const answer = await ask("forgetName", { key });
      if ("failed" in answer) return tell("said", ownWords(answer.failed));
      await changed(say("names.removed", { name: plainText(name) }), async () => {
        const back = await ask("nameKey", { key, name });
        if ("failed" in back) return tell("said", ownWords(back.failed));
        await changed(say("names.back", { name: plainText(back.name) }));
      });
    }),
  ]);
  return row;
}

async function add(event: Event): Promise<void> {
  event.preventDefault();
  const typedKey = element<HTMLInputElement>("add-key");
  const typedName = element<HTMLInputElement>("add-name");
  const key = keyHostOf(typedAddress(typedKey.value) ?? "")?.key ?? "";
  const answer = await ask("nameKey", { key, name: typedName.value });
  element("add-problem").textContent = "failed" in answer ? ownWords(answer.failed) : "";
  if ("failed" in answer) return (key ? typedName : typedKey).focus();
  typedKey.value = "";
  typedName.value = "";
  await changed(say("names.named", { name: plainText(answer.name) }));
}

async function open(key: string): Promise<void> {
  const { go } = await ask("link", { link: `pk:${key}` });
  if (go) location.href = go;
}

async function changed(told: string, undo?: () => Promise<void>): Promise<void> {
  await refresh();
  element("said").textContent = told;
  const button = element("undo");
  button.hidden = !undo;
  button.onclick = () => void undo?.();
  // What was pressed is gone.
  (undo ? button : element("filter")).focus();
}

function tellMore(id: string, message: "names.more" | "names.openedMore", all: number): void {
  tell(id, all <= MOST_SHOWN ? "" : say(message, { shown: MOST_SHOWN, all }));
}

/** The same words again would be read out again. */
function tell(id: string, text: string): void {
  if (element(id).textContent !== text) element(id).textContent = text;
}
