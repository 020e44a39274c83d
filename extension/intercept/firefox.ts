/**
 * Interception in Firefox: two listeners, one that picks the proxy of each request and one that may turn a
 * top-level navigation. Both wake the background and may wait for the host, so a key that is opened while the
 * browser starts just opens a little later. (Those of intercept/local-firefox.ts only cancel.)
 */

import {
  type MainFrameRequest,
  onNavigation,
  onProxyRequest,
  type ProxyChoice,
  type ProxyRequest,
  type Turn,
} from "../browser/firefox";
import { hasHostAccess, onHostAccessChange } from "../browser/host-access";
import type { HostSession } from "../host/session";
import type { Https } from "../https/https";
import { leadsToKeyHost } from "../key/key";
import { searchedAddress } from "../key/search";
import type { Way } from "../settings/settings";
import type { Interception, Situation, Standing } from "./interception";
import { guardLocalNetwork } from "./local-firefox";
import { hostPage, httpsPage, openPage } from "./pages";

/** A navigation waits this long for the host before a page says what is going on. */
const NAVIGATION_PATIENCE_MS = 1_500;
/** What a page asks for has no page to show, and waits longer. */
const REQUEST_PATIENCE_MS = 15_000;

/** Never `direct`, and no fall-back: the name would reach DNS. Nothing listens on port 1. */
const DEAD_END: ProxyChoice = { type: "http", host: "127.0.0.1", port: 1 };

export class FirefoxInterception implements Interception {
  readonly #session: HostSession;
  readonly #https: Https;
  readonly #chosenWay: () => Promise<Way>;

  /** Must be made while the background starts: only then does Firefox wake it for the listeners. */
  constructor(session: HostSession, https: Https, chosenWay: () => Promise<Way>) {
    this.#session = session;
    this.#https = https;
    this.#chosenWay = chosenWay;
    onProxyRequest((request) => this.#proxyFor(request));
    onNavigation((request) => this.#turn(request));
    guardLocalNetwork();
  }

  onDisturbance(listener: () => void): void {
    onHostAccessChange(listener);
  }

  async apply({ way }: Situation): Promise<Standing> {
    return { way, obstacle: (await hasHostAccess()) ? null : "noHostAccess" };
  }

  #proxyFor({ url }: ProxyRequest): ProxyChoice | Promise<ProxyChoice> {
    if (!leadsToKeyHost(url)) return undefined;
    return (
      this.#gateway() ?? this.#session.settled(REQUEST_PATIENCE_MS).then(() => this.#gateway() ?? DEAD_END)
    );
  }

  #gateway(): ProxyChoice {
    const { state } = this.#session;
    return state.kind === "ready" ? { type: "http", host: "127.0.0.1", port: state.gateway.port } : undefined;
  }

  #turn({ url, originUrl }: MainFrameRequest): Turn | Promise<Turn> {
    if (leadsToKeyHost(url)) return this.#turnKeyHost(url);
    // A search from a page is meant for where it goes; from the address bar it may be a key.
    if (originUrl && /^https?:/.test(originUrl)) return undefined;
    return searchedAddress(url) ? this.#turnSearch(url) : undefined;
  }

  async #turnSearch(search: string): Promise<Turn> {
    const https = this.#https.state.kind === "on" && (await this.#chosenWay()) === "gateway";
    const address = searchedAddress(search, https ? "https" : "http");
    return address ? { redirectUrl: address } : undefined;
  }

  async #turnKeyHost(url: string): Promise<Turn> {
    const state = await this.#session.settled(NAVIGATION_PATIENCE_MS);
    if (state.kind !== "ready") return { redirectUrl: hostPage() + url };
    if ((await this.#chosenWay()) === "redirect") return { redirectUrl: openPage() + url };
    if (url.startsWith("https:")) {
      const { kind } = await this.#https.known(NAVIGATION_PATIENCE_MS);
      if (kind !== "on") return { redirectUrl: httpsPage() + url };
    }
    // With http:// the gateway sends on what the records want: asking them here as well would spare nothing, as
    // Firefox asks DNS for the HTTPS record before it asks us.
    return undefined;
  }
}
