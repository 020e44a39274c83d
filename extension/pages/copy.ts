/** A button that puts a text into the clipboard, and says in a place that is read out what became of it. */

import { say } from "../i18n/i18n";

export function copies(button: HTMLElement, text: () => string, told: HTMLElement): void {
  told.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    told.textContent = "";
    try {
      await navigator.clipboard.writeText(text());
      told.textContent = say("common.copied");
    } catch {
      told.textContent = say("common.notCopied");
    }
  });
}
