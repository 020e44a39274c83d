/**
 * Hears what the script in web pages notices: looks keys up ahead, and keeps the context menu up to date.
 */

import { type Browser, browser } from "wxt/browser";
import type { HostSession } from "../host/session";
import type { LinkAnswer, Noticed } from "../links/messages";
import { readNoticed } from "../links/messages";
import type { Opened } from "../names/opened";
import type { Conductor } from "./conductor";
import { serveKeyMenus } from "./key-menus";
import { LookAhead } from "./look-ahead";

export function serveLinks(
  session: HostSession,
  conductor: Conductor,
  opened: Opened,
  wanted: () => Promise<boolean>,
): void {
  const menus = serveKeyMenus(() => conductor.scheme);
  opened.onForget((key) => menus.forget(key));
  const ahead = new LookAhead((host) => session.request("resolve", { host }));

  const hear = async (noticed: Noticed, tab: Browser.tabs.Tab): Promise<LinkAnswer | null> => {
    if (noticed.noticed === "selection") {
      menus.selected(noticed.text, tab);
      return null;
    }
    menus.met(noticed.host, tab);
    if (noticed.ahead && !tab.incognito && (await wanted())) ahead.look(noticed.host);
    return { scheme: conductor.scheme };
  };

  browser.runtime.onMessage.addListener((message: unknown, sender, reply) => {
    const noticed = isWebPage(sender) ? readNoticed(message) : null;
    if (!noticed || !sender.tab) return undefined;
    hear(noticed, sender.tab).then(reply, () => reply(null));
    return true; // the answer comes later
  });
}

function isWebPage({ id, url }: Browser.runtime.MessageSender): boolean {
  return id === browser.runtime.id && !url?.startsWith(`${location.origin}/`);
}
