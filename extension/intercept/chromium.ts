/**
 * Interception in Chromium: a proxy script sends key hosts to the gateway, a gate of declarative rules holds
 * them back while there is none. Neither needs the background to be awake when a request is made.
 */

import { browser } from "wxt/browser";
import { hasHostAccess, onHostAccessChange } from "../browser/host-access";
import { ChromiumGate } from "./gate-chromium";
import type { Interception, Situation, Standing } from "./interception";
import { httpsPage } from "./pages";
import { ChromiumProxy } from "./proxy-chromium";

export class ChromiumInterception implements Interception {
  readonly gate = new ChromiumGate();
  readonly #proxy = new ChromiumProxy();
  #starting: Promise<void> = Promise.resolve();

  constructor() {
    browser.runtime.onStartup.addListener(() => {
      this.#starting = this.gate.close().then(() => this.#proxy.rereadBefore());
    });
  }

  onDisturbance(listener: () => void): void {
    this.#proxy.onChange(listener);
    onHostAccessChange(listener);
  }

  async apply({ host, way, https }: Situation): Promise<Standing> {
    await this.#starting;
    const holder = await this.#proxy.holder();
    const held = holder === "otherExtension" || holder === "policy" ? holder : null;
    const wayInUse = held ? "redirect" : way;
    await this.gate.aim(wayInUse);
    if (host.kind === "ready" && !held) {
      // The proxy first: nothing may pass before it leads to the gateway.
      await this.#proxy.route(host.gateway.port);
      await this.gate.open({
        mainFrames: wayInUse === "gateway",
        allElse: true,
        httpsTo: https ? null : httpsPage(),
      });
    } else {
      await this.gate.close();
      // A host that will be back in a moment gets its port back; only a lasting absence is worth a change.
      if (!held && host.kind !== "connecting") await this.#proxy.route(null);
    }
    return { way: wayInUse, obstacle: held ?? ((await hasHostAccess()) ? null : "noHostAccess") };
  }
}
