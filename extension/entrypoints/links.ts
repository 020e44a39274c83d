/**
 * The script in web pages, which makes links to keys work.
 *
 * A link such as `<a href="pk:<key>/path">` is left as the page wrote it. Only for the length of the event with
 * which a person uses it (a click of any button, Enter, the context menu) it leads to the web address of the key:
 * everything that follows is the browser's own doing, with whichever keys held down, in frames, new tabs and private
 * windows, and a page that handles the click itself keeps that right. The listeners are on the window, in the
 * capture phase, so they come before those of the page, and hear of links that are added later.
 *
 * Clicks that a page makes up itself are left alone, so a page can't find out unasked what its links would become.
 *
 * Beyond that it tells the background which key hosts a person points at, and when a selection is a key. It reads
 * nothing while a page loads.
 */

import type { browser } from "wxt/browser";
import { defineUnlistedScript } from "wxt/utils/define-unlisted-script";
import { linkAddress, linkedHost, selectedKey } from "../links/address";
import { beginCopying } from "../links/clipboard";
import { linkOf } from "../links/link";
import type { Copy, LinkAnswer, Noticed } from "../links/messages";
import { Pointing } from "../links/pointing";
import { selectedText } from "../links/selection";

/** The interface of extensions. Browsers make it when it is first used, which takes longer than all else here. */
const extension = (): typeof browser => (globalThis as unknown as { chrome: typeof browser }).chrome;

/** A selection that lasted this long is one. */
const SELECTED_MS = 150;

export default defineUnlistedScript(() => {
  const pointing = new Pointing(
    (host, ahead) => tell({ noticed: "link", host, ahead }).then((answer) => answer?.scheme ?? null),
    () => !extension().extension?.inIncognitoContext,
  );

  const lead = (event: Event): void => {
    const link = event.isTrusted ? linkOf(event) : null;
    const written = link?.read();
    const address = written && linkAddress(written, pointing.scheme);
    if (!address) return;
    link?.write(address);
    // In a task of its own: after the page's listeners, and after what the browser does in the end.
    setTimeout(() => {
      // Unless the page has written something else meanwhile.
      if (link?.read() === address) link.write(written);
    });
  };
  for (const type of ["click", "auxclick", "contextmenu"]) window.addEventListener(type, lead, true);

  const hostOf = (event: Event): string | null => {
    const href = event.isTrusted ? linkOf(event)?.read() : null;
    return href ? linkedHost(href) : null;
  };
  window.addEventListener("pointerover", (event) => pointing.at(hostOf(event)), true);
  const focus = (event: Event): void => {
    // A page can move the focus by itself.
    if (navigator.userActivation.isActive) pointing.at(hostOf(event));
  };
  window.addEventListener("focusin", focus, true);
  const press = (event: Event): void => {
    const host = hostOf(event);
    if (host) pointing.pressed(host);
  };
  window.addEventListener("pointerdown", press, true);

  let quiet: ReturnType<typeof setTimeout> | undefined;
  /** Not known at first: what the background knows may be of the page before this. */
  let selected: string | undefined;
  document.addEventListener("selectionchange", () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      const text = selectedText(window.getSelection(), document.activeElement);
      const key = selectedKey(text, "http") ? text : "";
      if (key !== selected) void tell({ noticed: "selection", text: key });
      selected = key;
    }, SELECTED_MS);
  });

  // The background forgets it when another tab is shown.
  window.addEventListener("focus", () => {
    if (selected) void tell({ noticed: "selection", text: selected });
  });

  // A worker has no clipboard, so in Chromium the page's does it.
  if (import.meta.env.CHROME) {
    const copy = beginCopying({
      addEventListener: (type, listener, capture) => window.addEventListener(type, listener, capture),
      copySelection: () => document.execCommand("copy"),
    });
    const listen = (): void => {
      extension().runtime.onMessage.addListener((message: Copy, _sender, reply) => reply(copy(message.copy)));
    };
    // It is what a context menu may lead to.
    window.addEventListener("contextmenu", listen, { capture: true, once: true });
  }
});

async function tell(noticed: Noticed): Promise<LinkAnswer | null> {
  try {
    return await extension().runtime.sendMessage(noticed);
  } catch {
    // The extension was updated or switched off: links go on working here.
    return null;
  }
}
