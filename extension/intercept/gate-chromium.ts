/**
 * Chromium's gate: which requests for key hosts may pass to the gateway, and where the rest is turned.
 * The rules themselves are in intercept/rules.ts; this module puts them in place.
 */

import { browser } from "wxt/browser";
import type { Way } from "../settings/settings";
import { hostPage, openPage, searchPage } from "./pages";
import { lastingRules, OPENING_IDS, type Opening, opening, pass, sameTargets } from "./rules";

export class ChromiumGate {
  #passes = 0;

  /** Turns key hosts that may not pass to the page of this way. */
  async aim(way: Way): Promise<void> {
    const rules = lastingRules(way === "redirect" ? openPage() : hostPage(), searchPage());
    const { declarativeNetRequest } = browser;
    const inPlace = await declarativeNetRequest.getDynamicRules();
    if (sameTargets(inPlace, rules)) return;
    await declarativeNetRequest.updateDynamicRules({
      removeRuleIds: inPlace.map(({ id }) => id),
      addRules: rules,
    });
  }

  /** Lets this much of the requests for key hosts pass. */
  async open(much: Opening): Promise<void> {
    await browser.declarativeNetRequest.updateSessionRules({
      removeRuleIds: OPENING_IDS,
      addRules: opening(much),
    });
  }

  /** Holds all of them back. */
  async close(): Promise<void> {
    await this.open({ mainFrames: false, allElse: false, httpsTo: null });
  }

  /** Lets this search through to the engine it was on its way to. */
  async letPass(search: string, tabId: number): Promise<void> {
    const rule = pass(search, tabId, this.#passes);
    this.#passes += 1;
    await browser.declarativeNetRequest.updateSessionRules({ removeRuleIds: [rule.id], addRules: [rule] });
  }
}
