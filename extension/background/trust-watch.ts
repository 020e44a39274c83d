/**
 * Looks again whether `https://` opens in this browser when such a page of a key fails: it may have been switched off
 * from a terminal, or somebody have taken the root out of the browser's store. Browsers put the reason in words of
 * their own, so any failure counts; over a connection that is still open the gateway says it itself. Where it does not
 * open any more, the tab goes there again and is turned.
 */

import { browser } from "wxt/browser";
import type { Https } from "../https/https";
import { leadsToKeyHost } from "../key/key";
import { gatewaysCode } from "../protocol/gateway-page";
import type { Conductor } from "./conductor";

/** What the gateway says. */
const OFF = "https-off";
/** The tab went elsewhere or was stopped, which says nothing of the page. */
const ABORTED = new Set(["net::ERR_ABORTED", "NS_BINDING_ABORTED"]);
const TOP_LEVEL = { urls: ["https://*/*"], types: ["main_frame" as const] };

/** A site that fails again and again must not have us look each time. */
const PAUSE_MS = 5_000;
/** How long it may take until such addresses are turned. */
const PATIENCE_MS = 5_000;

export function watchTrust(https: Https, conductor: Conductor): void {
  let last = 0;
  browser.webRequest.onErrorOccurred.addListener(({ tabId, url, error }) => {
    if (!ABORTED.has(error)) failed(tabId, url);
    return undefined;
  }, TOP_LEVEL);
  browser.webRequest.onCompleted.addListener(
    ({ tabId, url, responseHeaders }) => {
      if (gatewaysCode(responseHeaders) === OFF) failed(tabId, url);
      return undefined;
    },
    TOP_LEVEL,
    ["responseHeaders"],
  );

  function failed(tabId: number, url: string): void {
    const now = Date.now();
    if (https.state.kind !== "on" || !leadsToKeyHost(url) || now - last < PAUSE_MS) return;
    last = now;
    lookAgain(tabId, url).catch((error) => console.error("pkarr: a tab was not opened again", error));
  }

  async function lookAgain(tabId: number, url: string): Promise<void> {
    const { kind } = await https.check();
    if (kind !== "off" && kind !== "restart") return;
    // Carried through and not only known: it would fail once more.
    await conductor.until((snapshot) => snapshot.https.kind === kind, PATIENCE_MS);
    const tab = await browser.tabs.get(tabId).catch(() => null);
    // The person may have gone elsewhere meanwhile.
    if (tab?.url === url || tab?.pendingUrl === url) await browser.tabs.update(tabId, { url });
  }
}
