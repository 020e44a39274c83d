/**
 * Chromium's proxy setting: one script for the whole browser, held by one extension at a time.
 *
 * What was set before ours is read while it can be (once ours is in place the browser shows only that) and
 * kept for the script's fall-through.
 */

import { browser } from "wxt/browser";
import { DEAD_END, pacScript } from "./pac";
import { others, type ProxyBefore, scriptAddress } from "./proxy-before";

/** Who holds the proxy setting: us, nobody, or somebody we can't overrule. */
export type Holder = "us" | "nobody" | "otherExtension" | "policy";

const BEFORE = "proxyBefore";

interface Kept {
  settings: ProxyBefore;
  script: string | null;
}

export class ChromiumProxy {
  onChange(listener: () => void): void {
    browser.proxy.settings.onChange.addListener(listener);
  }

  async holder(): Promise<Holder> {
    const { levelOfControl } = await browser.proxy.settings.get({});
    switch (levelOfControl) {
      case "controlled_by_this_extension":
        return "us";
      case "controllable_by_this_extension":
        return "nobody";
      case "controlled_by_other_extensions":
        return "otherExtension";
      default:
        return "policy";
    }
  }

  /** Sends key hosts to the gateway at this port, or to a dead end while there is none. */
  async route(port: number | null): Promise<void> {
    const { value, levelOfControl } = await browser.proxy.settings.get({});
    const ours = levelOfControl === "controlled_by_this_extension";
    if (!ours) await this.#keep(value as ProxyBefore);
    const kept = await this.#kept();
    const data = pacScript(
      port === null ? DEAD_END : `127.0.0.1:${port}`,
      others(kept?.settings ?? null, kept?.script ?? null),
    );
    if (ours && (value as ProxyBefore).pacScript?.data === data) return;
    await browser.proxy.settings.set({
      value: { mode: "pac_script", pacScript: { data, mandatory: true } },
      scope: "regular",
    });
  }

  /**
   * Lets go for a moment to see what is set now: the user's own settings may have changed since last time.
   * Only when the browser starts, while the gate keeps key hosts from going anywhere.
   */
  async rereadBefore(): Promise<void> {
    if ((await this.holder()) === "us") await browser.proxy.settings.clear({ scope: "regular" });
  }

  async #keep(settings: ProxyBefore): Promise<void> {
    const address = scriptAddress(settings);
    const kept: Kept = { settings, script: address && (await fetchScript(address)) };
    await browser.storage.local.set({ [BEFORE]: kept });
  }

  async #kept(): Promise<Kept | undefined> {
    return (await browser.storage.local.get(BEFORE))[BEFORE] as Kept | undefined;
  }
}

/** The script, or null where the browser itself would have gone on without one. */
async function fetchScript(address: string): Promise<string | null> {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(3_000) });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}
