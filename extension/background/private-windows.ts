/** Firefox: has what private windows looked up forgotten when the last of them is closed. */

import { browser } from "wxt/browser";
import type { PrivateDoor } from "../host/private-door";

export function forgetPrivateWindows(door: PrivateDoor): void {
  browser.windows.onRemoved.addListener(async () => {
    const left = await browser.windows.getAll();
    if (left.some(({ incognito }) => incognito)) return;
    // A host that has gone has forgotten it.
    await door.forget().catch(() => {});
  });
}
