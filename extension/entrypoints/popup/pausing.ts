/** Pausing for this key and everywhere: written to the settings, which the background follows. */

import type { MessageId } from "../../i18n/catalogue";
import { say } from "../../i18n/i18n";
import { element } from "../../pages/element";
import { MOST_PAUSED_KEYS, paused, pausedKeys } from "../../settings/settings";

export type Paused = "here" | "everywhere" | null;

let everywhere = false;
let keys: string[] = [];

/** `changed` is told at once and after every change, whoever made it. */
export async function followPausing(key: string | null, changed: (now: Paused) => void): Promise<void> {
  const show = (): void => {
    const here = key !== null && keys.includes(key);
    // While paused everywhere there is nothing to pause here.
    element("pause-here").hidden = key === null || (everywhere && !here);
    element("pause-everywhere").hidden = false;
    label("pause-here", here ? "popup.resumeHere" : "popup.pauseHere", here ? null : "popup.pauseHereTitle");
    label(
      "pause-everywhere",
      everywhere ? "popup.resumeEverywhere" : "popup.pauseEverywhere",
      everywhere ? null : "popup.pauseEverywhereTitle",
    );
    changed(everywhere ? "everywhere" : here ? "here" : null);
  };
  element("pause-everywhere").addEventListener("click", () => void paused.set(!everywhere));
  element("pause-here").addEventListener("click", async () => {
    if (key === null) return;
    // Another window's popup may have paused another key.
    const others = (await pausedKeys.get()).filter((one) => one !== key);
    const now = keys.includes(key) ? others : [...others, key];
    await pausedKeys.set(now.slice(-MOST_PAUSED_KEYS));
  });
  paused.onChange((now) => {
    everywhere = now;
    show();
  });
  pausedKeys.onChange((now) => {
    keys = now;
    show();
  });
  [everywhere, keys] = await Promise.all([paused.get(), pausedKeys.get()]);
  show();
}

/** `title`: what pausing does; null where it goes on, which is what to look for then. */
function label(id: string, words: MessageId, title: MessageId | null): void {
  const button = element(id);
  button.textContent = say(words);
  button.title = title === null ? "" : say(title);
  button.classList.toggle("plain", title !== null);
}
