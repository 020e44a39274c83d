/**
 * Looks again whether this browser trusts the root when an `https://` page of a key fails: somebody may have
 * taken it out of the browser's store. Browsers put the reason in words of their own, so any failure counts.
 */

import { browser } from "wxt/browser";
import type { Https } from "../https/https";
import { leadsToKeyHost } from "../key/key";

/** A site that fails again and again must not have us look each time. */
const PAUSE_MS = 5_000;

export function watchTrust(https: Https): void {
  let last = 0;
  browser.webRequest.onErrorOccurred.addListener(
    ({ url }) => {
      const now = Date.now();
      if (https.state.kind === "on" && leadsToKeyHost(url) && now - last >= PAUSE_MS) {
        last = now;
        void https.check();
      }
      return undefined;
    },
    { urls: ["https://*/*"], types: ["main_frame"] },
  );
}
