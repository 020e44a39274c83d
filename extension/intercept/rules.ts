/**
 * The declarativeNetRequest rules of the Chromium build, as data.
 *
 * The gate is closed by rules that outlive the browser and opened by rules that don't: a browser that has just
 * started, or whose host has gone, keeps key hosts in by itself. A regular expression may take 2 KB of memory;
 * `[0-z]` is one range where `[a-z0-9]` is two, so 52 characters fit, and none of the others in it can stand
 * in a host name. What passes by mistake the page it leads to finds out.
 */

import type { Browser } from "wxt/browser";
import { OTHER_PARAMETERS, RARE_PARAMETERS, SEARCH_PARAMETERS, SEARCH_PATHS } from "../key/search";

export type Rule = Browser.declarativeNetRequest.Rule;

const AT_KEY_HOST = "://([^/]*[.@])?[0-z]{51}[oy]\\.?(:[0-9]+)?/.*";
const KEY_HOST = `^[a-z]+${AT_KEY_HOST}`;
const HTTPS_KEY_HOST = `^https${AT_KEY_HOST}`;
const WORDS_END = "[0-z]{51}[oyOY]([^0-z].*)?$";
/** More than one, as all of it together takes more memory than one may. */
const SEARCHES = [
  ...[SEARCH_PARAMETERS, OTHER_PARAMETERS, RARE_PARAMETERS].map(
    (names) => `^https?://.*[?&](?:${names.join("|")})=[^&+]*${WORDS_END}`,
  ),
  `^https?://.*/(?:${SEARCH_PATHS.join("|")})/[^?+]*[0-z]{51}[oyOY]([?/%].*)?$`,
];

const GATE = 1;
const BLOCK = 2;
const HTTPS = 4;
const FIRST_RESCUE = 10;
/** Where the numbers of passes begin: rules are shared with private windows, which have passes of their own. */
export const FIRST_PASS = 100;
export const PRIVATE_PASS = 200;
const PASSES = 20;

/** Later rules win over earlier ones. */
const PRIORITY = { gate: 1, open: 2, https: 3, rescue: 3, pass: 4 };

/**
 * For good: key hosts are turned to a page, all else from key hosts is blocked, and searches for keys are turned
 * back unless `searchesTo` is null. The keys of `leftAlone` are for none of it to touch.
 */
export function lastingRules(
  keyHostsTo: string,
  searchesTo: string | null,
  leftAlone: readonly string[] = [],
): Rule[] {
  const rules: Rule[] = [
    {
      id: GATE,
      priority: PRIORITY.gate,
      condition: { ...atKeyHosts(leftAlone), resourceTypes: ["main_frame"] },
      action: { type: "redirect", redirect: { regexSubstitution: `${keyHostsTo}\\0` } },
    },
    {
      id: BLOCK,
      priority: PRIORITY.gate,
      condition: { ...atKeyHosts(leftAlone), excludedResourceTypes: ["main_frame"] },
      action: { type: "block" },
    },
  ];
  if (searchesTo !== null) {
    rules.push(
      ...SEARCHES.map((regexFilter, number) => ({
        id: FIRST_RESCUE + number,
        priority: PRIORITY.rescue,
        condition: {
          regexFilter,
          isUrlFilterCaseSensitive: true,
          resourceTypes: ["main_frame" as const],
          requestMethods: ["get" as const],
          // A search from a site's own form is meant for that site.
          domainType: "thirdParty" as const,
        },
        action: { type: "redirect" as const, redirect: { regexSubstitution: `${searchesTo}\\0` } },
      })),
    );
  }
  return rules;
}

/** A domain in a rule stands for its sub-domains too. */
function atKeyHosts(leftAlone: readonly string[], regexFilter = KEY_HOST): Rule["condition"] {
  const others = leftAlone.length > 0 && { excludedRequestDomains: [...leftAlone] };
  return { regexFilter, isUrlFilterCaseSensitive: true, ...others };
}

/** Whether two sets of lasting rules do the same. Browsers give the parts of a rule back in an order of their own. */
export function sameTargets(some: readonly Rule[], others: readonly Rule[]): boolean {
  const target = (rules: readonly Rule[]): string =>
    JSON.stringify(
      rules.map(({ id, action, condition }) => [
        id,
        action.type,
        action.redirect,
        condition.regexFilter,
        [...(condition.excludedRequestDomains ?? [])].sort(),
      ]),
    );
  return target(some) === target(others);
}

/** What of key hosts may pass to the gateway. */
export interface Opening {
  mainFrames: boolean;
  allElse: boolean;
  /** Where tabs that go to `https://` are turned all the same; null lets them pass like all others. */
  httpsTo: string | null;
  /** The keys that are not turned there either. */
  leftAlone?: readonly string[];
  /** The tabs to which this is limited; null for all there are. */
  tabs?: number[] | null;
}

/** For this browser session: lets that much pass. */
export function opening({ mainFrames, allElse, httpsTo, leftAlone = [], tabs = null }: Opening): Rule[] {
  const rules: Rule[] = [];
  const allow = (id: number, types: Partial<Rule["condition"]>): void => {
    rules.push({
      id,
      priority: PRIORITY.open,
      condition: {
        regexFilter: KEY_HOST,
        isUrlFilterCaseSensitive: true,
        ...types,
        ...(tabs && { tabIds: tabs }),
      },
      action: { type: "allow" },
    });
  };
  if (mainFrames) allow(GATE, { resourceTypes: ["main_frame"] });
  if (allElse) allow(BLOCK, { excludedResourceTypes: ["main_frame"] });
  if (mainFrames && httpsTo) {
    rules.push({
      id: HTTPS,
      priority: PRIORITY.https,
      condition: { ...atKeyHosts(leftAlone, HTTPS_KEY_HOST), resourceTypes: ["main_frame"] },
      action: { type: "redirect", redirect: { regexSubstitution: `${httpsTo}\\0` } },
    });
  }
  return rules;
}

export const OPENING_IDS = [GATE, BLOCK, HTTPS];

/** For this browser session: lets one search in one tab through. `count` tells passes apart; old ones give way. */
export function pass(search: string, tabId: number, count: number, first = FIRST_PASS): Rule {
  return {
    id: first + (count % PASSES),
    priority: PRIORITY.pass,
    condition: { urlFilter: `|${search}|`, tabIds: [tabId], resourceTypes: ["main_frame"] },
    action: { type: "allow" },
  };
}
