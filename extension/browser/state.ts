/** What the browser itself says of the extension: what it grants, who holds the proxy, which rules are in place. */

import { browser } from "wxt/browser";

/** Permissions of the manifest that the browser does not grant. */
export async function lackingPermissions(): Promise<string[]> {
  const { permissions = [] } = browser.runtime.getManifest();
  const granted = new Set<string>((await browser.permissions.getAll()).permissions);
  return permissions.filter((permission) => !granted.has(permission));
}

/** Chromium's word for who holds the proxy; null in Firefox, where nobody does. */
export async function proxyControl(): Promise<string | null> {
  if (import.meta.env.FIREFOX) return null;
  return (await browser.proxy.settings.get({})).levelOfControl;
}

/** How many rules for requests are in place, by how long they last; null in Firefox, which is given none. */
export async function rulesInPlace(): Promise<{ lasting: number; session: number } | null> {
  if (import.meta.env.FIREFOX) return null;
  const [lasting, session] = await Promise.all([
    browser.declarativeNetRequest.getDynamicRules(),
    browser.declarativeNetRequest.getSessionRules(),
  ]);
  return { lasting: lasting.length, session: session.length };
}
