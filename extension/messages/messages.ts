/**
 * What the extension's pages and its background say to each other.
 *
 * A page asks with one message and gets one answer; on the `watch` port it gets a snapshot at once and again
 * whenever something changes. Only the extension's own pages are answered.
 */

import { browser } from "wxt/browser";
import type { Disconnect, HostState } from "../host/state";
import type { HttpsState } from "../https/state";
import type { Obstacle } from "../intercept/interception";
import type { NameAsks } from "../names/asks";
import type {
  HostEvent,
  HttpsAction,
  Methods,
  Policy,
  Resolution,
  RpcError,
  StatusResult,
} from "../protocol/protocol";
import type { Way } from "../settings/settings";

export interface Snapshot {
  host: HostState;
  /** The way in use, which is the redirect way where the proxy is somebody else's. */
  way: Way;
  obstacle: Obstacle | null;
  /** Whether the user has key hosts left alone. */
  paused: boolean;
  https: HttpsState;
}

export type Failure = { failed: RpcError };

/** What pages may ask of the host program as they like; the background passes it on. */
export const PASSED_ON = ["key", "keep", "settings", "cache", "doctor"] as const;

export type PassedOn = (typeof PASSED_ON)[number];

/** Each question with its answer. */
export interface Asks extends NameAsks {
  /**
   * What a name's records say; `policy`: where they may come from; `incognito`: asked for a private window, which the
   * background knows by itself of pages in tabs.
   */
  resolve: {
    ask: { host: string; policy?: Policy; incognito?: boolean };
    answer: { resolved: Resolution } | Failure;
  };
  /** How the host program is. */
  status: { ask: Record<never, never>; answer: { status: StatusResult } | Failure };
  /** One of the host program's own methods; askHost() is the typed way. */
  host: { ask: { method: PassedOn; params: object }; answer: { result: object } | Failure };
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
  /** How the session with the host went since the background was started (`since`, milliseconds since 1970). */
  session: { ask: Record<never, never>; answer: { since: number; disconnects: readonly Disconnect[] } };
  /** Don't wait for the next attempt to reach the host. */
  retry: { ask: Record<never, never>; answer: Record<never, never> };
  /** Starts the host program anew, which then goes by its settings of now. */
  restart: { ask: Record<never, never>; answer: Record<never, never> };
}

export type Question = keyof Asks;
export type Asked = { [Q in Question]: { question: Q } & Asks[Q]["ask"] }[Question];

export const WATCH_PORT = "watch";
/** On it a page is told what the host program tells unasked. */
export const EVENTS_PORT = "events";

export function ask<Q extends Question>(question: Q, about: Asks[Q]["ask"]): Promise<Asks[Q]["answer"]> {
  return browser.runtime.sendMessage({ question, ...about });
}

/** Asks the host program itself. */
export async function askHost<M extends PassedOn>(
  method: M,
  params: Methods[M]["params"],
): Promise<{ result: Methods[M]["result"] } | Failure> {
  return (await ask("host", { method, params })) as { result: Methods[M]["result"] } | Failure;
}

/** Tells the listener of every snapshot, for as long as the page is open. */
export function watch(listener: (snapshot: Snapshot) => void): void {
  listen(WATCH_PORT, listener);
}

/** Tells the listener of every event of the host program, for as long as the page is open. */
export function watchEvents(listener: (event: HostEvent) => void): void {
  listen(EVENTS_PORT, listener);
}

function listen<T>(name: string, listener: (message: T) => void): void {
  const port = browser.runtime.connect({ name });
  port.onMessage.addListener(listener);
  // The browser may stop the background; asking again starts it.
  port.onDisconnect.addListener(() => setTimeout(() => listen(name, listener), 500));
}
