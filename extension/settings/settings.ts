/** What the user chose, and what outlives the browser: all of it in storage.local. */

import { browser } from "wxt/browser";

/**
 * How key hosts open: through the gateway, the key staying in the address bar; or by sending the tab to the
 * address the key's records name.
 */
export type Way = "gateway" | "redirect";

const WAY = "way";
const LOOK_AHEAD = "lookAhead";
const LINKIFY = "linkify";
const GATEWAY_PORT = "gatewayPort";

export async function way(): Promise<Way> {
  const stored = await browser.storage.local.get(WAY);
  return stored[WAY] === "redirect" ? "redirect" : "gateway";
}

export async function chooseWay(chosen: Way): Promise<void> {
  await browser.storage.local.set({ [WAY]: chosen });
}

export function onWayChange(listener: () => void): void {
  browser.storage.local.onChanged.addListener((changes) => {
    if (WAY in changes) listener();
  });
}

/** Whether links to keys are looked up while somebody points at them. */
export async function lookAhead(): Promise<boolean> {
  const stored = await browser.storage.local.get(LOOK_AHEAD);
  return stored[LOOK_AHEAD] !== false;
}

export async function chooseLookAhead(chosen: boolean): Promise<void> {
  await browser.storage.local.set({ [LOOK_AHEAD]: chosen });
}

/** Whether keys in the text of pages become links. */
export async function linkify(): Promise<boolean> {
  const stored = await browser.storage.local.get(LINKIFY);
  return stored[LINKIFY] === true;
}

export async function chooseLinkify(chosen: boolean): Promise<void> {
  await browser.storage.local.set({ [LINKIFY]: chosen });
}

export function onLinkifyChange(listener: () => void): void {
  browser.storage.local.onChanged.addListener((changes) => {
    if (LINKIFY in changes) listener();
  });
}

export async function gatewayPort(): Promise<number | undefined> {
  const stored = await browser.storage.local.get(GATEWAY_PORT);
  const port = stored[GATEWAY_PORT];
  return typeof port === "number" ? port : undefined;
}

export async function keepGatewayPort(port: number): Promise<void> {
  await browser.storage.local.set({ [GATEWAY_PORT]: port });
}
