/**
 * What the background asks of a browser: make key hosts go where they should, whatever is known of the host.
 *
 * Each browser has its own way (chromium.ts, firefox.ts); both promise that no key host ever reaches DNS by
 * their doing, and that every other host goes where the user's own settings send it.
 */

import type { HostState } from "../host/state";
import type { Way } from "../settings/settings";
import type { Paused } from "./pause";

/** What stands in the way of key hosts, and isn't ours to change. */
export type Obstacle = "noHostAccess" | "otherExtension" | "policy";

export interface Situation {
  host: HostState;
  /** What the user chose. */
  way: Way;
  /** What is to be left alone. */
  paused: Paused;
  /** Whether searches for keys are turned back to the keys. */
  searchRescue: boolean;
  /** Whether `https://<key>/` opens in this browser; else such a navigation is turned to https.html. */
  https: boolean;
}

export interface Standing {
  /** What is used: the redirect way where the proxy is not ours to set. */
  way: Way;
  obstacle: Obstacle | null;
}

export interface Interception {
  /** Makes the browser fit the situation; when it resolves, navigations go the new way. */
  apply(situation: Situation): Promise<Standing>;
  /** Something outside changed that apply() has to look at again. */
  onDisturbance(listener: () => void): void;
}
