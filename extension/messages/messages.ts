/**
 * What the extension's pages and its background say to each other.
 *
 * A page asks with one message and gets one answer; on the `watch` port it gets a snapshot at once and again
 * whenever something changes. Only the extension's own pages are answered.
 */

import { browser } from "wxt/browser";
import type { HostState } from "../host/state";
import type { HttpsState } from "../https/state";
import type { Obstacle } from "../intercept/interception";
import type { NameAsks } from "../names/asks";
import type { HttpsAction, Policy, Resolution, RpcError, StatusResult } from "../protocol/protocol";
import type { Way } from "../settings/settings";

export interface Snapshot {
  host: HostState;
  /** The way in use, which is the redirect way where the proxy is somebody else's. */
  way: Way;
  obstacle: Obstacle | null;
  https: HttpsState;
}

export type Failure = { failed: RpcError };

/** Each question with its answer. */
export interface Asks extends NameAsks {
  /** What a name's records say; `policy`: where they may come from. */
  resolve: { ask: { host: string; policy?: Policy }; answer: { resolved: Resolution } | Failure };
  /** How the host program is. */
  status: { ask: Record<never, never>; answer: { status: StatusResult } | Failure };
  /** Where a tab that wants this key host should go, in the redirect way. */
  open: { ask: { url: string }; answer: { go: string } | { waiting: true } | Failure };
  /** Where a tab that was given this `web+pk:` link should go; null if it leads to no key. */
  link: { ask: { link: string }; answer: { go: string | null } };
  /** Which key-host address this tab was sent from, in the redirect way. */
  sentFrom: { ask: { tabId: number; url: string }; answer: { from: string | null } };
  /** Where a tab that wants `https://` of this key host should go; `offer`: its records ask for TLS. */
  openHttps: {
    ask: { url: string };
    answer: { go: string } | { offer: string } | { waiting: true } | Failure;
  };
  /** Looks again whether this browser takes part in https://, or switches it on or off. */
  https: { ask: { action: HttpsAction }; answer: { https: HttpsState } | Failure };
  /** Where a tab whose search was turned back should go; null leaves it to the user. `key`: what it may mean. */
  search: { ask: { search: string }; answer: { go: string | null; key: string | null } };
  /** The user wants the search and not the key. */
  searchAnyway: { ask: { search: string }; answer: { go: string } };
  /** Don't wait for the next attempt to reach the host. */
  retry: { ask: Record<never, never>; answer: Record<never, never> };
}

export type Question = keyof Asks;
export type Asked = { [Q in Question]: { question: Q } & Asks[Q]["ask"] }[Question];

export const WATCH_PORT = "watch";

export function ask<Q extends Question>(question: Q, about: Asks[Q]["ask"]): Promise<Asks[Q]["answer"]> {
  return browser.runtime.sendMessage({ question, ...about });
}

/** Tells the listener of every snapshot, for as long as the page is open. */
export function watch(listener: (snapshot: Snapshot) => void): void {
  const port = browser.runtime.connect({ name: WATCH_PORT });
  port.onMessage.addListener(listener);
  // The browser may stop the background; asking again starts it.
  port.onDisconnect.addListener(() => setTimeout(() => watch(listener), 500));
}
