/**
 * The toolbar button: one face for tabs without a key, and one for each tab that shows a key.
 *
 * Both browsers take a tab's own face away when it goes elsewhere, and keep it while the background sleeps. So a tab is
 * painted when it comes to a key, and again when something changes that its face depends on. Whether the answer was
 * past its time counts as of when the tab got it: a page doesn't get worse by being read for long.
 *
 * background/toolbar.ts tells what happens.
 */

import type { Browser, browser } from "wxt/browser";
import { keyHostOf } from "../key/key";
import { commonFace, type Face, keyFace, type Outcome } from "./face";
import type { Outcomes } from "./outcomes";

/** What of the browser is needed. */
export type Buttons = Pick<typeof browser, "tabs" | "action">;

export interface Knowledge {
  /** Whether the answer for a key host that is at hand is past its time; null if there is none. */
  isStale(host: string, incognito: boolean): Promise<boolean | null>;
  /** Whether this key may be taken for another one. */
  isAlike(key: string): Promise<boolean>;
  pausedEverywhere(): Promise<boolean>;
  pausedKeys(): Promise<readonly string[]>;
  /** What is wrong with the program or the extension, in words. */
  trouble(): string | null;
  /** The key-host address this tab was sent from, in the redirect way. */
  sentFrom(tabId: number, url: string): string | null;
}

const BADGE_COLOUR = "#a3341f";

/** What the network says a little late is not worth an alarm: the answer is looked at again after this. */
const LATE_MS = 5_000;

export class Toolbar {
  readonly #buttons: Buttons;
  readonly #known: Knowledge;
  readonly #outcomes: Outcomes;
  /** What a tab is to show may change while that is being found out. */
  readonly #turns = new Map<number, number>();

  constructor(buttons: Buttons, known: Knowledge, outcomes: Outcomes) {
    this.#buttons = buttons;
    this.#known = known;
    this.#outcomes = outcomes;
  }

  /** A tab was answered for the page of a key host; `code`: why the gateway shows a page of its own instead. */
  async answered(tabId: number, url: string, code: string | null): Promise<void> {
    const at = keyHostOf(url);
    if (!at) return;
    const { key, host } = at;
    if (await this.#paused(key)) await this.#outcomes.keep(tabId, host, { kind: "unasked" });
    else if (code !== null) await this.#outcomes.keep(tabId, host, { kind: "failed", code });
    // Found out anew when it is painted.
    else await this.#outcomes.forget(tabId, host);
    await this.paint(tabId);
    if (await this.#isStale(tabId, host)) setTimeout(() => void this.#lookAgain(tabId, host), LATE_MS);
  }

  /** The browser could not load the page of a key host. */
  async failed(tabId: number, url: string): Promise<void> {
    const at = keyHostOf(url);
    if (!at) return;
    await this.#outcomes.keep(tabId, at.host, { kind: "failed", code: null });
    await this.paint(tabId);
  }

  /** Something newer of a key is known. */
  async updated(key: string): Promise<void> {
    for (const tab of await this.#buttons.tabs.query({})) {
      const at = this.#keyOf(tab);
      if (at?.key !== key || tab.id === undefined) continue;
      // One that failed is loaded again, and then answered.
      if ((await this.#outcomes.of(tab.id, at.host))?.kind === "verified") {
        await this.#outcomes.forget(tab.id, at.host);
        await this.paint(tab.id);
      }
    }
  }

  async left(tabId: number): Promise<void> {
    this.#turns.delete(tabId);
    await this.#outcomes.forgetTab(tabId);
  }

  /** Shows a tab what is known of its key; nothing to do where it has none. */
  async paint(tabId: number): Promise<void> {
    const turn = (this.#turns.get(tabId) ?? 0) + 1;
    this.#turns.set(tabId, turn);
    try {
      const tab = await this.#buttons.tabs.get(tabId);
      const at = this.#keyOf(tab);
      if (!at) return;
      const paused = await this.#paused(at.key);
      const face = keyFace({
        outcome: paused ? null : await this.#outcome(tabId, at.host, tab.incognito),
        paused,
        alike: await this.#known.isAlike(at.key),
        trouble: this.#known.trouble(),
      });
      // It may have gone on meanwhile.
      const now = this.#keyOf(await this.#buttons.tabs.get(tabId));
      if (this.#turns.get(tabId) === turn && now?.host === at.host) await this.#show(face, tabId);
    } catch {
      // The tab is gone.
      this.#turns.delete(tabId);
    }
  }

  /** Something changed that all depend on. */
  async paintAll(): Promise<void> {
    await this.#show(commonFace(await this.#known.pausedEverywhere(), this.#known.trouble()));
    for (const tab of await this.#buttons.tabs.query({})) {
      if (tab.id !== undefined && this.#keyOf(tab)) await this.paint(tab.id);
    }
  }

  async #lookAgain(tabId: number, host: string): Promise<void> {
    if (!(await this.#isStale(tabId, host))) return;
    await this.#outcomes.forget(tabId, host);
    await this.paint(tabId);
  }

  async #isStale(tabId: number, host: string): Promise<boolean> {
    const outcome = await this.#outcomes.of(tabId, host);
    return outcome?.kind === "verified" && outcome.stale;
  }

  async #outcome(tabId: number, host: string, incognito: boolean): Promise<Outcome | null> {
    const known = await this.#outcomes.of(tabId, host);
    if (known) return known;
    const stale = await this.#known.isStale(host, incognito);
    if (stale === null) return null;
    const outcome: Outcome = { kind: "verified", stale };
    await this.#outcomes.keep(tabId, host, outcome);
    return outcome;
  }

  async #paused(key: string): Promise<"everywhere" | "here" | null> {
    if (await this.#known.pausedEverywhere()) return "everywhere";
    return (await this.#known.pausedKeys()).includes(key) ? "here" : null;
  }

  #keyOf({ id, url }: Browser.tabs.Tab): ReturnType<typeof keyHostOf> {
    if (id === undefined || !url) return null;
    return keyHostOf(url) ?? keyHostOf(this.#known.sentFrom(id, url) ?? "");
  }

  async #show({ picture, badge, title }: Face, tabId?: number): Promise<void> {
    const { action } = this.#buttons;
    const of = tabId === undefined ? {} : { tabId };
    const path = Object.fromEntries([16, 32, 48].map((size) => [size, `/icon/${picture}-${size}.png`]));
    await action.setIcon({ ...of, path });
    await action.setTitle({ ...of, title });
    if (tabId === undefined) return;
    if (badge) await action.setBadgeBackgroundColor({ ...of, color: BADGE_COLOUR });
    await action.setBadgeText({ ...of, text: badge });
  }
}
