/**
 * Interception in Chromium's private windows. The extension has a background of its own there (`split`), which begins
 * with the first of them and ends with the last: its session, its host process and what they know are theirs alone.
 *
 * Rules are shared with all other windows and stay theirs to change; only the proxy is set for private windows. It
 * leads to a dead end from the start, for this time and every later one, and to the own door once that is open; so
 * nothing goes through the ordinary door, which keeps what it looks up on the disk. Tabs that were quicker are opened
 * again by background/recovery.ts. Until that is set for the first time, the gate stays shut for all but the tabs of
 * ordinary windows (intercept/regular-tabs.ts).
 */

import { browser } from "wxt/browser";
import { hasHostAccess, onHostAccessChange } from "../browser/host-access";
import type { HostState } from "../host/state";
import { leadsToKeyHost } from "../key/key";
import { ChromiumGate } from "./gate-chromium";
import type { Interception, Situation, Standing } from "./interception";
import { hostPage } from "./pages";
import { leftAlone, type Paused } from "./pause";
import { DIRECT, type ProxyBefore } from "./proxy-before";
import { holderOf, leadingTo } from "./proxy-chromium";
import { carried } from "./proxy-kept";
import { privateDeadEnd } from "./regular-tabs";
import { PRIVATE_PASS } from "./rules";

type Scope = "incognito_persistent" | "incognito_session_only";

export class PrivateChromium implements Interception {
  /** For the searches it lets pass; never opened or closed from here. */
  readonly gate = new ChromiumGate(PRIVATE_PASS);
  readonly #set = new Map<Scope, string>();
  #host: HostState = { kind: "connecting" };
  #paused: Paused | null = null;

  constructor() {
    // The gate may be open, as the ordinary host is there; the dead end has no page of its own.
    browser.webRequest.onErrorOccurred.addListener(
      ({ tabId, url }) => {
        if (this.#deadEnds() && leadsToKeyHost(url) && this.#paused && !leftAlone(this.#paused, url)) {
          // The tab may be gone.
          browser.tabs.update(tabId, { url: hostPage() + url }).catch(() => {});
        }
        return undefined;
      },
      { urls: ["<all_urls>"], types: ["main_frame"] },
    );
  }

  onDisturbance(listener: () => void): void {
    browser.proxy.settings.onChange.addListener(listener);
    onHostAccessChange(listener);
  }

  async apply({ host, way, paused }: Situation): Promise<Standing> {
    this.#host = host;
    this.#paused = paused;
    const holder = holderOf((await browser.proxy.settings.get({ incognito: true })).levelOfControl);
    const held = holder === "otherExtension" || holder === "policy" ? holder : null;
    if (paused.everywhere) {
      await this.#clear("incognito_session_only");
      // Before it is gone: afterwards a private window is to begin behind the gate again.
      await privateDeadEnd.reset();
      await this.#clear("incognito_persistent");
    } else if (!held) {
      const others = (await carried()) ?? DIRECT;
      await this.#lead("incognito_persistent", leadingTo(null, others, paused.keys));
      if (!(await privateDeadEnd.get())) await privateDeadEnd.set(true);
      if (host.kind === "ready") {
        await this.#lead("incognito_session_only", leadingTo(host.gateway.port, others, paused.keys));
      } else if (host.kind !== "connecting") {
        await this.#clear("incognito_session_only");
      }
    }
    return {
      way: held ? "redirect" : way,
      obstacle: held ?? ((await hasHostAccess()) ? null : "noHostAccess"),
    };
  }

  #deadEnds(): boolean {
    return this.#host.kind !== "ready" && this.#host.kind !== "connecting";
  }

  async #lead(scope: Scope, value: ProxyBefore): Promise<void> {
    const data = value.pacScript?.data ?? "";
    if (this.#set.get(scope) === data) return;
    await browser.proxy.settings.set({ value, scope });
    this.#set.set(scope, data);
  }

  async #clear(scope: Scope): Promise<void> {
    await browser.proxy.settings.clear({ scope });
    this.#set.delete(scope);
  }
}
