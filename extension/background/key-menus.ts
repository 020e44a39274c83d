/**
 * What the context menu offers for keys: to open a selected one, and to copy the address of a page or link as `pk:`.
 *
 * Opening links in new tabs and windows is the browser's own offer (entrypoints/links.ts). No pattern a browser takes
 * is "any key", so the patterns name the keys that were met lately: in tabs, and in links somebody pointed at.
 */

import { type Browser, browser } from "wxt/browser";
import { keyHost, keyHostOf, leadsToKeyHost } from "../key/key";
import type { Scheme } from "../key/search";
import { asPk, selectedKey } from "../links/address";
import type { Copy } from "../links/messages";

const OPEN = "open-selected-key";
const COPY_LINK = "copy-link";
const COPY_PAGE = "copy-page";

/** More than fit on a screen. */
const MET_LIMIT = 64;

/** No patterns would mean everything. No name ends like this one. */
const NOWHERE = ["*://nowhere.invalid/*"];

type Clicked = Browser.contextMenus.OnClickData;
type Change = Parameters<typeof browser.contextMenus.update>[1];

export class KeyMenus {
  readonly #scheme: () => Scheme;
  /** In the order they were met. */
  readonly #met = new Set<string>();
  #made: Promise<unknown>;

  constructor(scheme: () => Scheme) {
    this.#scheme = scheme;
    this.#made = this.#make();
    browser.contextMenus.onClicked.addListener((clicked, tab) => void this.#clicked(clicked, tab));
    browser.tabs.onUpdated.addListener((_tabId, { status }, { url }) => {
      if (status === "loading") this.#shown(url);
    });
    browser.tabs.onActivated.addListener(({ tabId }) => {
      // It was in another tab; a selection in this one is told of when it changes.
      this.selected("");
      browser.tabs.get(tabId).then(
        ({ url }) => this.#shown(url),
        () => {},
      );
    });
  }

  /** A page, or a link that is pointed at, leads to this key host. */
  met(host: string): void {
    const key = keyHost(host)?.key;
    if (!key || this.#met.has(key)) return;
    this.#met.add(key);
    const [oldest] = this.#met;
    if (this.#met.size > MET_LIMIT && oldest) this.#met.delete(oldest);
    const patterns = [...this.#met].map((each) => `*://*.${each}/*`);
    this.#update(COPY_LINK, { targetUrlPatterns: patterns });
    this.#update(COPY_PAGE, { documentUrlPatterns: patterns });
  }

  /** This was selected; or, if it is no key, none is any more. */
  selected(text: string): void {
    const key = selectedKey(text, this.#scheme());
    this.#update(OPEN, key ? { visible: true, title: `&Open key ${key.host}` } : { visible: false });
  }

  async #make(): Promise<void> {
    // Browsers remember menus; what they say may be of an older version.
    await browser.contextMenus.removeAll();
    const create = browser.contextMenus.create;
    create({ id: OPEN, contexts: ["selection"], title: "&Open key", visible: false });
    create({
      id: COPY_LINK,
      contexts: ["link"],
      title: "Cop&y link address as pk:",
      targetUrlPatterns: NOWHERE,
    });
    create({
      id: COPY_PAGE,
      contexts: ["page"],
      title: "Cop&y page address as pk:",
      documentUrlPatterns: NOWHERE,
    });
  }

  #update(id: string, change: Change): void {
    this.#made = this.#made.then(() => browser.contextMenus.update(id, change)).catch(() => {});
  }

  #shown(url: string | undefined): void {
    if (url && leadsToKeyHost(url)) this.met(keyHostOf(url)?.host ?? "");
  }

  async #clicked(clicked: Clicked, tab: Browser.tabs.Tab | undefined): Promise<void> {
    if (clicked.menuItemId === OPEN) await this.#open(clicked.selectionText ?? "", tab);
    const address = clicked.menuItemId === COPY_LINK ? clicked.linkUrl : clicked.pageUrl;
    const pk = asPk(address ?? "");
    if (pk && clicked.menuItemId !== OPEN) await this.#copy(pk, clicked, tab);
  }

  async #open(text: string, tab: Browser.tabs.Tab | undefined): Promise<void> {
    const key = selectedKey(text, this.#scheme());
    if (!key) return;
    const beside = tab?.id !== undefined && tab.id >= 0 ? { openerTabId: tab.id, index: tab.index + 1 } : {};
    const there = tab ? { windowId: tab.windowId } : {};
    await browser.tabs.create({ url: key.address, ...there, ...beside });
  }

  async #copy(text: string, { frameId }: Clicked, tab: Browser.tabs.Tab | undefined): Promise<void> {
    if (import.meta.env.FIREFOX) await navigator.clipboard.writeText(text);
    else if (tab?.id !== undefined) {
      await browser.tabs.sendMessage(tab.id, { copy: text } satisfies Copy, { frameId: frameId ?? 0 });
    }
  }
}
