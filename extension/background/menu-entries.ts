/**
 * The entries of the context menu, and when each is there.
 *
 * No pattern a browser takes is "any key", so the patterns name the keys that were met lately: in tabs, and in links
 * somebody pointed at. Browsers write menus into the profile, so nothing of a private window gets into them.
 */

import { say } from "../i18n/i18n";
import { keyHost } from "../key/key";
import type { Scheme } from "../key/search";
import { selectedKey } from "../links/address";
import type { MetKeys } from "./met-keys";

export const OPEN = "open-selected-key";
export const COPY_LINK = "copy-link";
export const COPY_PAGE = "copy-page";

/** No patterns would mean everything. No name ends like this one. */
const NOWHERE = ["*://nowhere.invalid/*"];

export interface Entry {
  visible?: boolean;
  title?: string;
  targetUrlPatterns?: string[];
  documentUrlPatterns?: string[];
}

type Context = "selection" | "link" | "page";

/** What of the browser is needed. */
export interface Menus {
  removeAll(): Promise<unknown>;
  create(entry: Entry & { id: string; contexts: [Context]; title: string }): unknown;
  update(id: string, entry: Entry): Promise<unknown>;
}

/** Where something was noticed. */
export interface Place {
  id?: number | undefined;
  incognito: boolean;
}

export class MenuEntries {
  readonly #menus: Menus;
  readonly #met: MetKeys;
  readonly #scheme: () => Scheme;
  readonly #spoken: () => Promise<unknown>;
  /** The tab in which a key is selected. */
  #selectedIn: number | undefined;
  #made: Promise<unknown>;

  /** `spoken` is done once the language is there. */
  constructor(menus: Menus, met: MetKeys, scheme: () => Scheme, spoken: () => Promise<unknown>) {
    this.#menus = menus;
    this.#met = met;
    this.#scheme = scheme;
    this.#spoken = spoken;
    this.#made = this.#make();
  }

  /** Once all that was noticed before is in the menu. */
  get settled(): Promise<unknown> {
    return this.#made;
  }

  /** A page, or a link that is pointed at, leads to this key host. */
  met(host: string, { incognito }: Place): void {
    const key = incognito ? undefined : keyHost(host)?.key;
    if (key) {
      this.#then(async () => {
        if (await this.#met.add(key)) await this.#showMet();
      });
    }
  }

  /** Forgets that this key was met, or all of them. */
  forget(key?: string): void {
    this.#then(async () => {
      await this.#met.forget(key);
      await this.#showMet();
    });
  }

  /** This was selected; or, if it is no key, none is any more. */
  selected(text: string, { id, incognito }: Place): void {
    const key = selectedKey(text, this.#scheme());
    if (!key) {
      this.unselected();
      return;
    }
    this.#selectedIn = id;
    this.#then(() => {
      const title = incognito ? say("links.openKey") : say("links.openThisKey", { key: key.host });
      return this.#menus.update(OPEN, { visible: true, title });
    });
  }

  /** Nothing is selected any more where anybody looks. */
  unselected(): void {
    this.#selectedIn = undefined;
    this.#then(() => this.#menus.update(OPEN, { visible: false, title: say("links.openKey") }));
  }

  /** The tab goes elsewhere, and what was selected in it is gone. */
  left(tabId: number): void {
    if (this.#selectedIn === tabId) this.unselected();
  }

  /** Another language is spoken. */
  renew(): void {
    this.#selectedIn = undefined;
    this.#then(() => this.#make());
  }

  async #make(): Promise<void> {
    await this.#spoken();
    // Browsers remember menus; what they say may be of an older version.
    await this.#menus.removeAll();
    const patterns = await this.#patterns();
    this.#menus.create({ id: OPEN, contexts: ["selection"], title: say("links.openKey"), visible: false });
    this.#menus.create({
      id: COPY_LINK,
      contexts: ["link"],
      title: say("links.copyLink"),
      targetUrlPatterns: patterns,
    });
    this.#menus.create({
      id: COPY_PAGE,
      contexts: ["page"],
      title: say("links.copyPage"),
      documentUrlPatterns: patterns,
    });
  }

  async #showMet(): Promise<void> {
    const patterns = await this.#patterns();
    await this.#menus.update(COPY_LINK, { targetUrlPatterns: patterns });
    await this.#menus.update(COPY_PAGE, { documentUrlPatterns: patterns });
  }

  async #patterns(): Promise<string[]> {
    const met = await this.#met.all();
    return met.length > 0 ? met.map((key) => `*://*.${key}/*`) : NOWHERE;
  }

  #then(change: () => Promise<unknown>): void {
    // A menu that can't be changed stays as it is.
    this.#made = this.#made
      .catch(() => {})
      .then(change)
      .catch(() => {});
  }
}
