/** The keys that are paused one by one. */

import { say } from "../../i18n/i18n";
import { isKey } from "../../key/key";
import { ask } from "../../messages/messages";
import { element } from "../../pages/element";
import { action, keyRow } from "../../pages/key-rows";
import { pausedKeys } from "../../settings/settings";
import { keep } from "./saved";

/** As many as anybody looks through. */
const MOST_SHOWN = 100;

export async function beginPaused(): Promise<void> {
  pausedKeys.onChange(() => void showPaused());
  await showPaused();
}

export async function showPaused(): Promise<void> {
  const [stored, { names }] = await Promise.all([pausedKeys.get(), ask("names", {})]);
  const keys = stored.filter(isKey);
  const calls = new Map(names.map(({ key, name }) => [key, name]));
  element("paused-none").hidden = keys.length > 0;
  element("paused-keys").replaceChildren(
    ...keys
      .slice(0, MOST_SHOWN)
      .map((key) =>
        keyRow(key, calls.get(key) ?? "", "", [action(say("options.goOn"), () => pauseNoLonger(key))]),
      ),
  );
  element("paused-more").textContent =
    keys.length > MOST_SHOWN ? say("options.pausedMore", { shown: MOST_SHOWN, all: keys.length }) : "";
}

async function pauseNoLonger(key: string): Promise<void> {
  const now = await pausedKeys.get();
  await keep(
    pausedKeys,
    now.filter((one) => one !== key),
  );
  // What was pressed is gone.
  element("paused").focus();
}
