/** What the popup is about: the key of the active tab, or of the one in `?tabId=`. */

import { browser } from "wxt/browser";
import { type KeyHost, keyHostOf } from "../../key/key";
import { ask } from "../../messages/messages";
import { wantedAddress } from "../../pages/page-address";

/** A tab, and the key-host address it stands for. */
export interface Subject extends KeyHost {
  tabId: number;
  address: string;
  /** Whether it is in a private window: what is looked up for it is remembered nowhere. */
  incognito: boolean;
}

export async function tabsSubject(): Promise<Subject | null> {
  const asked = new URLSearchParams(location.search).get("tabId");
  const tab = asked
    ? await browser.tabs.get(Number(asked))
    : (await browser.tabs.query({ active: true, currentWindow: true }))[0];
  const url = tab?.pendingUrl || tab?.url;
  if (!tab || !url) return null;
  const tabId = tab.id ?? -1;
  let address: string | null = url;
  if (url.startsWith(`${location.origin}/`)) address = wantedAddress(new URL(url));
  else if (!keyHostOf(url)) address = (await ask("sentFrom", { tabId, url })).from;
  const keyHost = keyHostOf(address ?? "");
  return address && keyHost ? { tabId, address, incognito: tab.incognito, ...keyHost } : null;
}
