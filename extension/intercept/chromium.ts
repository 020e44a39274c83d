/**
 * Interception in Chromium: a proxy script sends key hosts to the gateway, a gate of declarative rules holds
 * them back while there is none. Neither needs the background to be awake when a request is made.
 */

import { browser } from "wxt/browser";
import { hasHostAccess, onHostAccessChange } from "../browser/host-access";
import type { HostSession } from "../host/session";
import type { GatewayResult } from "../protocol/protocol";
import { ChromiumGate } from "./gate-chromium";
import type { Interception, Situation, Standing } from "./interception";
import { httpsPage } from "./pages";
import { ChromiumProxy } from "./proxy-chromium";
import { keepSystem } from "./proxy-kept";
import { privateDeadEnd, RegularTabs } from "./regular-tabs";
import type { Opening } from "./rules";

export class ChromiumInterception implements Interception {
  readonly gate = new ChromiumGate();
  readonly #proxy = new ChromiumProxy();
  readonly #session: HostSession;
  /** The gateway beside which the system's proxy was last asked for. */
  #asked: GatewayResult | null = null;
  readonly #tabs: RegularTabs;
  /** What passes now; null while nothing does. */
  #opening: Opening | null = null;
  #starting: Promise<void> = Promise.resolve();

  constructor(session: HostSession) {
    this.#session = session;
    this.#tabs = new RegularTabs((tabs) => {
      const opening = this.#opening;
      // One that is quicker than this is turned to a page, which sends it back.
      if (opening) this.gate.open({ ...opening, tabs }).catch(() => {});
    });
    browser.runtime.onStartup.addListener(() => {
      this.#starting = this.gate.close().then(() => this.#proxy.release());
    });
  }

  onDisturbance(listener: () => void): void {
    this.#proxy.onChange(listener);
    onHostAccessChange(listener);
    privateDeadEnd.onChange(listener);
  }

  async apply({ host, way, paused, searchRescue, https }: Situation): Promise<Standing> {
    await this.#starting;
    const holder = await this.#proxy.holder();
    const held = holder === "otherExtension" || holder === "policy" ? holder : null;
    const wayInUse = held ? "redirect" : way;
    const leftAlone = paused.keys;
    this.#opening = null;
    if (paused.everywhere) {
      await this.#proxy.release();
      await this.gate.lift();
    } else {
      await this.gate.aim({ way: wayInUse, searches: searchRescue, leftAlone });
      if (host.kind === "ready" && !held) {
        if (this.#asked !== host.gateway) await this.#askSystem(host.hello.capabilities);
        this.#asked = host.gateway;
        // The proxy first: nothing may pass before it leads to the gateway.
        await this.#proxy.route(host.gateway.port, leftAlone);
        this.#opening = {
          mainFrames: wayInUse === "gateway",
          allElse: true,
          httpsTo: https ? null : httpsPage(),
          leftAlone,
          tabs: await this.#tabs.only(),
        };
        await this.gate.open(this.#opening);
      } else {
        await this.gate.close();
        // A host that will be back in a moment gets its port back; only a lasting absence is worth a change.
        if (!held && host.kind !== "connecting") await this.#proxy.route(null, leftAlone);
      }
    }
    return { way: wayInUse, obstacle: held ?? ((await hasHostAccess()) ? null : "noHostAccess") };
  }

  /** Before the proxy is set: what it was is in force until then. */
  async #askSystem(capabilities: readonly string[]): Promise<void> {
    if (!capabilities.includes("systemProxy")) return;
    try {
      await keepSystem(await this.#session.request("systemProxy", {}));
    } catch (error) {
      // What was known before still is.
      console.error("pkarr: the system's proxy could not be asked for", error);
    }
  }
}
