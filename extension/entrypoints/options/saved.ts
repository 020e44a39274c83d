/** Says that something was kept, in one place for the whole page. */

import type { MessageId } from "../../i18n/catalogue";
import { say } from "../../i18n/i18n";
import { element } from "../../pages/element";
import type { Setting } from "../../settings/setting";

/** Long enough to be read and heard. */
const SHOWN_MS = 4_000;
/** Long enough to be noticed as a change. */
const PAUSE_MS = 50;

let timer: ReturnType<typeof setTimeout> | undefined;

/** Tells it anew each time: the same words would not be read out again while they stand there. */
export function tell(message: MessageId): void {
  const place = element("saved");
  place.textContent = "";
  clearTimeout(timer);
  timer = setTimeout(() => {
    place.textContent = say(message);
    timer = setTimeout(() => {
      place.textContent = "";
    }, SHOWN_MS);
  }, PAUSE_MS);
}

/** Keeps a choice and says so. False if the browser would not keep it. */
export async function keep<T>(setting: Setting<T>, value: T): Promise<boolean> {
  try {
    await setting.set(value);
  } catch (failure) {
    console.error("pkarr: a setting was not kept", failure);
    tell("options.notSaved");
    return false;
  }
  tell("options.saved");
  return true;
}
