/**
 * Interception in Firefox: two listeners, one that picks the proxy of each request and one that may turn a
 * top-level navigation. Both wake the background and may wait for the host, so a key that is opened while the
 * browser starts just opens a little later. (Those of intercept/local-firefox.ts only cancel.)
 */

import { browser } from "wxt/browser";
import {
  type MainFrameRequest,
  onNavigation,
  onProxyRequest,
  type ProxyChoice,
  type ProxyRequest,
  type Turn,
} from "../browser/firefox";
import { hasHostAccess, onHostAccessChange } from "../browser/host-access";
import { type PrivateDoor, stateFor } from "../host/private-door";
import type { HostSession } from "../host/session";
import type { Https } from "../https/https";
import { leadsToKeyHost } from "../key/key";
import { postedAddress, type Scheme, searchedAddress } from "../key/search";
import type { GatewayResult } from "../protocol/protocol";
import type { Way } from "../settings/settings";
import type { Interception, Situation, Standing } from "./interception";
import { LocalNetworkGuard } from "./local-firefox";
import { hostPage, httpsPage, openPage } from "./pages";
import { leftAlone, type Pause } from "./pause";

/** A navigation waits this long for the host before a page says what is going on. */
const NAVIGATION_PATIENCE_MS = 1_500;
/** What a page asks for has no page to show, and waits longer. */
const REQUEST_PATIENCE_MS = 15_000;

/** Never `direct`, and no fall-back: the name would reach DNS. Nothing listens on port 1. */
const DEAD_END: ProxyChoice = { type: "http", host: "127.0.0.1", port: 1 };

/** What the user chose, asked for when it matters. */
export interface Choices {
  way(): Promise<Way>;
  searchRescue(): Promise<boolean>;
}

export class FirefoxInterception implements Interception {
  readonly #session: HostSession;
  readonly #door: PrivateDoor;
  readonly #https: Https;
  readonly #pause: Pause;
  readonly #choices: Choices;
  readonly #guard: LocalNetworkGuard;

  /** Must be made while the background starts: only then does Firefox wake it for the listeners. */
  constructor(session: HostSession, door: PrivateDoor, https: Https, pause: Pause, choices: Choices) {
    this.#session = session;
    this.#door = door;
    this.#https = https;
    this.#pause = pause;
    this.#choices = choices;
    this.#guard = new LocalNetworkGuard(() => pause.now?.everywhere === true);
    onProxyRequest((request) => this.#proxyFor(request));
    onNavigation((request) => this.#turn(request));
  }

  onDisturbance(listener: () => void): void {
    onHostAccessChange(listener);
  }

  async apply({ way }: Situation): Promise<Standing> {
    return { way, obstacle: (await hasHostAccess()) ? null : "noHostAccess" };
  }

  #proxyFor(request: ProxyRequest): ProxyChoice | Promise<ProxyChoice> {
    this.#guard.begins(request);
    const { url, incognito } = request;
    if (!leadsToKeyHost(url)) return undefined;
    const paused = this.#pause.now;
    if (paused === null) return this.#pause.known().then(() => this.#proxyFor(request));
    if (leftAlone(paused, url)) return undefined;
    if (incognito) return this.#door.gateway(REQUEST_PATIENCE_MS).then((door) => choice(door) ?? DEAD_END);
    return (
      this.#gateway() ?? this.#session.settled(REQUEST_PATIENCE_MS).then(() => this.#gateway() ?? DEAD_END)
    );
  }

  #gateway(): ProxyChoice {
    const { state } = this.#session;
    return choice(state.kind === "ready" ? state.gateway : null);
  }

  #turn(request: MainFrameRequest): Turn | Promise<Turn> {
    const { url, originUrl, incognito = false } = request;
    if (leadsToKeyHost(url)) return this.#turnKeyHost(url, incognito);
    // A search from a page is meant for where it goes; from the address bar it may be a key.
    if (originUrl && /^https?:/.test(originUrl)) return undefined;
    const form = request.requestBody?.formData;
    if (form) return postedAddress(url, form) ? this.#turnForm(request, form) : undefined;
    return searchedAddress(url) ? this.#turnSearch(url) : undefined;
  }

  async #turnSearch(search: string): Promise<Turn> {
    const address = await this.#meant((scheme) => searchedAddress(search, scheme));
    return address ? { redirectUrl: address } : undefined;
  }

  /** Turned as it is, the form would be sent to the key's site. */
  async #turnForm({ url, tabId }: MainFrameRequest, form: Record<string, readonly unknown[]>): Promise<Turn> {
    const address = await this.#meant((scheme) => postedAddress(url, form, scheme));
    if (!address) return undefined;
    // The tab may be gone by now.
    browser.tabs.update(tabId, { url: address }).catch(() => {});
    return { cancel: true };
  }

  /** Where a search leads, if searches are to be turned back, and this one for this key. */
  async #meant(address: (scheme: Scheme) => string | null): Promise<string | null> {
    if (!(await this.#choices.searchRescue())) return null;
    const https = this.#https.state.kind === "on" && (await this.#choices.way()) === "gateway";
    const meant = address(https ? "https" : "http");
    return meant && !leftAlone(await this.#pause.known(), meant) ? meant : null;
  }

  async #turnKeyHost(url: string, incognito: boolean): Promise<Turn> {
    if (leftAlone(await this.#pause.known(), url)) return undefined;
    const state = stateFor(await this.#session.settled(NAVIGATION_PATIENCE_MS), incognito);
    if (state.kind !== "ready") return { redirectUrl: hostPage() + url };
    if ((await this.#choices.way()) === "redirect") return { redirectUrl: openPage() + url };
    if (url.startsWith("https:")) {
      const { kind } = await this.#https.known(NAVIGATION_PATIENCE_MS);
      if (kind !== "on") return { redirectUrl: httpsPage() + url };
    }
    // With http:// the gateway sends on what the records want: asking them here as well would spare nothing, as
    // Firefox asks DNS for the HTTPS record before it asks us.
    return undefined;
  }
}

function choice(gateway: GatewayResult | null): ProxyChoice {
  return gateway ? { type: "http", host: "127.0.0.1", port: gateway.port } : undefined;
}
