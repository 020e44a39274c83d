/**
 * Chromium's gate: which requests for key hosts may pass to the gateway, and where the rest is turned.
 * The rules themselves are in intercept/rules.ts; this module puts them in place.
 */

import { browser } from "wxt/browser";
import type { Way } from "../settings/settings";
import { hostPage, openPage, searchPage } from "./pages";
import {
  FIRST_PASS,
  lastingRules,
  OPENING_IDS,
  type Opening,
  opening,
  pass,
  type Rule,
  sameTargets,
} from "./rules";

interface Aim {
  way: Way;
  /** Whether searches for keys are turned. */
  searches: boolean;
  leftAlone: readonly string[];
}

export class ChromiumGate {
  readonly #firstPass: number;
  #passes = 0;

  constructor(firstPass = FIRST_PASS) {
    this.#firstPass = firstPass;
  }

  /** Turns key hosts that may not pass to the page of this way, and searches for keys back to them. */
  async aim({ way, searches, leftAlone }: Aim): Promise<void> {
    const keyHostsTo = way === "redirect" ? openPage() : hostPage();
    await this.#last(lastingRules(keyHostsTo, searches ? searchPage() : null, leftAlone));
  }

  /** Takes everything away, for good. */
  async lift(): Promise<void> {
    await this.close();
    await this.#last([]);
  }

  async #last(rules: Rule[]): Promise<void> {
    const { declarativeNetRequest } = browser;
    const inPlace = await declarativeNetRequest.getDynamicRules();
    if (sameTargets(inPlace, rules)) return;
    const fitting = await Promise.all(rules.map(fits));
    await declarativeNetRequest.updateDynamicRules({
      removeRuleIds: inPlace.map(({ id }) => id),
      addRules: rules.filter((_, at) => fitting[at]),
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
    const rule = pass(search, tabId, this.#passes, this.#firstPass);
    this.#passes += 1;
    await browser.declarativeNetRequest.updateSessionRules({ removeRuleIds: [rule.id], addRules: [rule] });
  }
}

/** One rule that this browser finds too large would keep all of them from being taken, the gate too. */
async function fits({ id, action, condition: { regexFilter: regex } }: Rule): Promise<boolean> {
  if (regex === undefined) return true;
  const requireCapturing = action.redirect !== undefined;
  const asked = { regex, isCaseSensitive: true, requireCapturing };
  const { isSupported, reason } = await browser.declarativeNetRequest.isRegexSupported(asked);
  if (!isSupported) console.error(`pkarr: this browser does not take rule ${id}: ${reason}`);
  return isSupported;
}
