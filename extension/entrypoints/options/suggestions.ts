/** The switch of the browser's own search suggestions, where it lets an extension have one. */

import {
  canSwitchSuggestions,
  leaveSuggestions,
  onSuggestionsChange,
  type Suggestions,
  suggestions,
  switchSuggestionsOff,
} from "../../browser/suggestions";
import { say } from "../../i18n/i18n";
import { element } from "../../pages/element";
import { tell } from "./saved";

export function beginSuggestions(): void {
  if (!canSwitchSuggestions()) {
    element("suggestions-card").remove();
    return;
  }
  const box = element<HTMLInputElement>("suggestions-off");
  box.addEventListener("change", () => void change(box.checked));
  onSuggestionsChange(() => void showSuggestions());
  // What is changed in the browser's own settings is told to nobody without the permission.
  window.addEventListener("focus", () => void showSuggestions());
  void showSuggestions();
}

export async function showSuggestions(): Promise<void> {
  if (canSwitchSuggestions()) show(await suggestions());
}

async function change(off: boolean): Promise<void> {
  try {
    const now = await (off ? switchSuggestionsOff() : leaveSuggestions());
    show(now);
    if (isOff(now) === off) tell("options.saved");
  } catch (failure) {
    console.error("pkarr: search suggestions could not be switched", failure);
    await showSuggestions();
    tell("options.notSaved");
  }
}

function show(now: Suggestions): void {
  const box = element<HTMLInputElement>("suggestions-off");
  box.checked = isOff(now);
  // What others decide can't be changed here.
  box.disabled = now === "off" || now === "fixed";
  const why = element("suggestions-why");
  why.hidden = !box.disabled;
  why.textContent = box.disabled
    ? say(now === "off" ? "options.suggestionsOff" : "options.suggestionsFixed")
    : "";
}

function isOff(now: Suggestions): boolean {
  return now === "off" || now === "offByUs";
}
