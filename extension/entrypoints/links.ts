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
import { linkOf } from "../links/link";
import type { Copy, LinkAnswer, Noticed } from "../links/messages";
import { Pointing } from "../links/pointing";

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
  for (const type of ["pointerover", "focusin"]) {
    window.addEventListener(type, (event) => pointing.at(hostOf(event)), true);
  }
  const press = (event: Event): void => {
    const host = hostOf(event);
    if (host) pointing.pressed(host);
  };
  window.addEventListener("pointerdown", press, true);

  let quiet: ReturnType<typeof setTimeout> | undefined;
  let selected = "";
  document.addEventListener("selectionchange", () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      const text = window.getSelection()?.toString() ?? "";
      const key = selectedKey(text, "http") ? text : "";
      if (key !== selected) void tell({ noticed: "selection", text: key });
      selected = key;
    }, SELECTED_MS);
  });

  if (import.meta.env.CHROME) {
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

/** A worker has no clipboard, so in Chromium the page's does it. The page hears nothing of it. */
function copy(text: string): boolean {
  const write = (event: ClipboardEvent): void => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  window.addEventListener("copy", write, true);
  const done = document.execCommand("copy");
  window.removeEventListener("copy", write, true);
  return done;
}
