/** Choices of the extension itself: each follows what is chosen in other windows, and is kept at once. */

import { browser } from "wxt/browser";
import { say } from "../../i18n/i18n";
import { isLanguage, LANGUAGES, languageFor } from "../../i18n/languages";
import { element } from "../../pages/element";
import type { Setting } from "../../settings/setting";
import { language, linkify, lookAhead, paused, searchRescue, type Way, way } from "../../settings/settings";
import { keep } from "./saved";

const SWITCHES: Record<string, Setting<boolean>> = {
  "search-rescue": searchRescue,
  paused,
  "look-ahead": lookAhead,
  linkify,
};

/** What is chosen before the page knows what was chosen last is heard too. */
export function beginChoices(): void {
  for (const [id, setting] of Object.entries(SWITCHES)) beginSwitch(id, setting);
  beginWay();
  beginLanguage();
}

function beginSwitch(id: string, setting: Setting<boolean>): void {
  const box = element<HTMLInputElement>(id);
  const show = (value: boolean): void => {
    box.checked = value;
  };
  setting.onChange(show);
  void setting.get().then(show);
  box.addEventListener("change", async () => {
    if (!(await keep(setting, box.checked))) show(await setting.get());
  });
}

function beginWay(): void {
  const radios = [...element("way").querySelectorAll<HTMLInputElement>("input")];
  const show = (chosen: Way): void => {
    for (const radio of radios) radio.checked = radio.value === chosen;
  };
  way.onChange(show);
  void way.get().then(show);
  element("way").addEventListener("change", async () => {
    const chosen = radios.find(({ checked }) => checked)?.value as Way;
    if (!(await keep(way, chosen))) show(await way.get());
  });
}

function beginLanguage(): void {
  const select = element<HTMLSelectElement>("language");
  void showLanguage();
  select.addEventListener("change", async () => {
    if (!(await keep(language, isLanguage(select.value) ? select.value : "browser"))) await showLanguage();
  });
}

/** Each language by its own name, which the languages that are spoken don't change. */
export async function showLanguage(): Promise<void> {
  const select = element<HTMLSelectElement>("language");
  const browsers = LANGUAGES[languageFor("browser", browser.i18n.getUILanguage())];
  const first = new Option(say("options.languageBrowser", { language: browsers }), "browser");
  const others = Object.entries(LANGUAGES).map(([code, name]) => {
    const option = new Option(name, code);
    option.lang = code;
    return option;
  });
  select.replaceChildren(first, ...others);
  select.value = await language.get();
}
