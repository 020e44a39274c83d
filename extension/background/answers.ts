/** Answers the questions of the extension's own pages. Whoever else manages to ask hears nothing. */

import { type Browser, browser } from "wxt/browser";
import { RequestFailed } from "../host/connection";
import { stateFor } from "../host/private-door";
import type { HostSession } from "../host/session";
import { asksForTls, overHttp } from "../https/address";
import type { Https } from "../https/https";
import type { HttpsState } from "../https/state";
import { addressInstead } from "../intercept/redirect";
import { keyHostOf } from "../key/key";
import { type Scheme, searchedAddress } from "../key/search";
import { linkAddress } from "../links/address";
import type { Asked, Asks, Failure, Question } from "../messages/messages";
import { EVENTS_PORT, PASSED_ON, WATCH_PORT } from "../messages/messages";
import type { NameDesk } from "../names/desk";
import type { HttpsAction, Policy, Resolution, RpcError } from "../protocol/protocol";
import type { Conductor } from "./conductor";

/** Where turned searches go; only the Chromium build turns any to a page. */
export interface Searches {
  next(search: string, tabId: number, scheme: Scheme): Promise<string | null>;
  letPass(search: string, tabId: number): Promise<string>;
}

/** How long a tab waits until it is known whether this browser takes part in https://. */
const HTTPS_PATIENCE_MS = 8_000;

export class Answers {
  readonly #session: HostSession;
  readonly #https: Https;
  readonly #conductor: Conductor;
  readonly #searches: Searches | null;
  readonly #names: NameDesk;
  /** Tabs that were sent to an address: from where, and to which origin. */
  readonly #sent = new Map<number, { from: string; origin: string }>();
  /** Pages that want to hear what the host tells unasked. */
  readonly #listening = new Set<Browser.runtime.Port>();
  readonly #since = Date.now();
  #watchers = 0;

  constructor(
    session: HostSession,
    https: Https,
    conductor: Conductor,
    searches: Searches | null,
    names: NameDesk,
  ) {
    this.#session = session;
    this.#https = https;
    this.#conductor = conductor;
    this.#searches = searches;
    this.#names = names;
    browser.runtime.onMessage.addListener((message: Asked, sender, reply) => {
      if (!isOwnPage(sender)) return undefined;
      this.#answer(message, sender.tab).then(reply, (failure) => reply({ failed: problemOf(failure) }));
      return true; // the answer comes later
    });
    browser.tabs.onRemoved.addListener((tabId) => this.#sent.delete(tabId));
    browser.runtime.onConnect.addListener((port) => {
      if (!port.sender || !isOwnPage(port.sender)) return;
      if (port.name === WATCH_PORT) this.#watched(port);
      if (port.name === EVENTS_PORT) this.#told(port);
    });
    session.onEvent((event) => {
      for (const port of this.#listening) port.postMessage(event);
    });
  }

  async #answer(asked: Asked, tab: Browser.tabs.Tab | undefined): Promise<Asks[Question]["answer"]> {
    const tabId = tab?.id;
    switch (asked.question) {
      case "resolve":
        return this.#orFailure(async () => ({
          resolved: await this.#resolve(asked.host, asked.incognito || tab?.incognito, asked.policy),
        }));
      case "status":
        return this.#orFailure(async () => ({ status: await this.#session.request("status", {}) }));
      case "host":
        if (!PASSED_ON.includes(asked.method)) return { failed: NOT_OFFERED };
        return this.#orFailure(async () => ({
          result: await this.#session.request(asked.method, asked.params as never),
        }));
      case "open":
        return this.#open(asked.url, tab);
      case "link":
        return { go: linkAddress(asked.link, this.#conductor.scheme) };
      case "sentFrom":
        return { from: this.sentFrom(asked.tabId, asked.url) };
      case "openHttps":
        return this.#openHttps(asked.url, tab?.incognito);
      case "https":
        return this.#orFailure(async () => ({ https: await this.#doHttps(asked.action) }));
      case "search":
        return this.#search(asked.search, tabId);
      case "searchAnyway":
        if (tabId !== undefined) await this.#searches?.letPass(asked.search, tabId);
        return { go: asked.search };
      case "session":
        return { since: this.#since, disconnects: this.#session.disconnects };
      case "retry":
        this.#session.connect();
        return {};
      case "restart":
        this.#session.restart();
        return {};
      default:
        return this.#names.answer(asked);
    }
  }

  async #resolve(host: string, incognito = false, policy?: Policy): Promise<Resolution> {
    const state = stateFor(this.#session.state, incognito);
    // It would write down what a private window asks.
    if (state.kind === "tooOld") throw new RequestFailed(NOT_PRIVATE);
    return this.#session.request("resolve", {
      host,
      ...(policy && { policy }),
      ...(incognito && { incognito }),
    });
  }

  async #open(address: string, tab: Browser.tabs.Tab | undefined): Promise<Asks["open"]["answer"]> {
    const url = URL.parse(address);
    const wanted = url && keyHostOf(url);
    if (!wanted) return { failed: NOT_A_KEY };
    if (stateFor(this.#session.state, tab?.incognito ?? false).kind !== "ready") return { waiting: true };
    // The gateway's way may be in use again since the tab was turned.
    if (this.#conductor.snapshot?.way === "gateway") return { go: url.href };
    return this.#orFailure(async () => {
      const { endpoints } = await this.#resolve(wanted.host, tab?.incognito);
      const go = addressInstead(url, endpoints);
      if (go) {
        if (tab?.id !== undefined) {
          this.#sent.set(tab.id, { from: url.href, origin: new URL(go).origin });
          if (!tab.incognito) {
            this.#names.opened
              .note(wanted.key)
              .catch((error) => console.error("pkarr: an opened key was not noted", error));
          }
        }
        return { go };
      }
      if (endpoints.length === 0) return { failed: NO_ENDPOINT };
      const refused = endpoints.some((one) => one.kind === "address" && !one.allowed);
      return { failed: refused ? PRIVATE_ADDRESS : NEEDS_GATEWAY };
    });
  }

  /** Without https:// the records decide: a plain site opens over http://, one that asks for TLS is a choice. */
  async #openHttps(address: string, incognito = false): Promise<Asks["openHttps"]["answer"]> {
    const url = URL.parse(address);
    const wanted = url && keyHostOf(url);
    if (!wanted) return { failed: NOT_A_KEY };
    if (stateFor(this.#session.state, incognito).kind !== "ready") return { waiting: true };
    // Carried through and not only known: the tab would be turned back here.
    const now = await this.#conductor.until(({ https }) => https.kind !== "checking", HTTPS_PATIENCE_MS);
    if (now?.host.kind !== "ready") return { waiting: true };
    if (now.https.kind === "on") return { go: url.href };
    const plain = overHttp(url.href);
    try {
      const { endpoints } = await this.#resolve(wanted.host, incognito);
      if (!asksForTls(endpoints)) return { go: plain };
      // It may have been switched on from a terminal, or the store been changed by hand.
      return (await this.#trustsNow()) ? { go: url.href } : { offer: plain };
    } catch {
      // The gateway meets the same problem there, and has a page for it.
      return { go: plain };
    }
  }

  async #trustsNow(): Promise<boolean> {
    if ((await this.#https.checked(HTTPS_PATIENCE_MS)).kind !== "on") return false;
    const now = await this.#conductor.until(({ https }) => https.kind === "on", HTTPS_PATIENCE_MS);
    return now?.https.kind === "on";
  }

  #doHttps(action: HttpsAction): Promise<HttpsState> {
    return action === "status" ? this.#https.check() : this.#https.turn(action === "enable");
  }

  async #search(search: string, tabId: number | undefined): Promise<Asks["search"]["answer"]> {
    const { scheme } = this.#conductor;
    const go = tabId === undefined ? null : await this.#searches?.next(search, tabId, scheme);
    return { go: go ?? null, key: searchedAddress(search, scheme) };
  }

  /** Which key-host address this tab was sent from, in the redirect way. */
  sentFrom(tabId: number, url: string): string | null {
    const sent = this.#sent.get(tabId);
    return sent && sent.origin === URL.parse(url)?.origin ? sent.from : null;
  }

  async #orFailure<T>(request: () => Promise<T>): Promise<T | Failure> {
    try {
      return await request();
    } catch (failure) {
      return { failed: problemOf(failure) };
    }
  }

  #watched(port: Browser.runtime.Port): void {
    const incognito = port.sender?.tab?.incognito ?? false;
    const stop = this.#conductor.watch((snapshot) =>
      port.postMessage({ ...snapshot, host: stateFor(snapshot.host, incognito) }),
    );
    this.#watchers += 1;
    this.#session.attended = true;
    port.onDisconnect.addListener(() => {
      stop();
      this.#watchers -= 1;
      this.#session.attended = this.#watchers > 0;
    });
  }

  #told(port: Browser.runtime.Port): void {
    this.#listening.add(port);
    port.onDisconnect.addListener(() => this.#listening.delete(port));
  }
}

function problemOf(failure: unknown): RpcError {
  if (failure instanceof RequestFailed) return failure.error;
  return { code: -32603, message: String(failure) };
}

function isOwnPage(sender: Browser.runtime.MessageSender): boolean {
  return sender.id === browser.runtime.id && !!sender.url?.startsWith(`${location.origin}/`);
}

const NOT_OFFERED: RpcError = { code: -32601, message: "The pkarr program is not asked that by pages." };
const NOT_PRIVATE: RpcError = {
  code: -32601,
  message: "This pkarr program does not know private windows.",
  data: { code: "host-too-old", todo: "Install the current version." },
};
const NOT_A_KEY: RpcError = {
  code: 1,
  message: "This address does not lead to a key.",
  data: { code: "not-a-key", todo: "Check the key: it has 52 characters and ends in y or o." },
};

const NO_ENDPOINT: RpcError = {
  code: 5,
  message: "The key's records name no place to go to.",
  data: { code: "no-endpoint", todo: "Ask whoever gave you the key to publish an address for this name." },
};

const PRIVATE_ADDRESS: RpcError = {
  code: 6,
  message: "This key points into a private network.",
  data: {
    code: "private-address",
    todo: "If you know this key, allow it private addresses in pkarr’s settings (allow-private-for).",
  },
};

const NEEDS_GATEWAY: RpcError = {
  code: 9,
  message: "This site is encrypted with the key itself, which a browser can’t do.",
  data: { code: "needs-tls", todo: "Try it through the gateway, which the extension’s options offer." },
};
