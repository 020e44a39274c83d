/**
 * Chromium's proxy setting: one script for the whole browser, held by one extension at a time.
 *
 * What was set before ours is read while it can be (once ours is in place the browser shows only that) and
 * kept for the script's fall-through.
 */

import { browser } from "wxt/browser";
import { DEAD_END, pacScript } from "./pac";
import { DIRECT, type ProxyBefore } from "./proxy-before";
import { carried, keepBefore } from "./proxy-kept";

/** Who holds the proxy setting: us, nobody, or somebody we can't overrule. */
export type Holder = "us" | "nobody" | "otherExtension" | "policy";

export function holderOf(levelOfControl: string): Holder {
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

/** The setting that leads key hosts to this port, or to a dead end, and all others where `others` says. */
export function leadingTo(port: number | null, others: string, leftAlone: readonly string[]): ProxyBefore {
  const data = pacScript(port === null ? DEAD_END : `127.0.0.1:${port}`, others, leftAlone);
  return { mode: "pac_script", pacScript: { data, mandatory: true } };
}

export class ChromiumProxy {
  onChange(listener: () => void): void {
    browser.proxy.settings.onChange.addListener(listener);
  }

  async holder(): Promise<Holder> {
    return holderOf((await browser.proxy.settings.get({})).levelOfControl);
  }

  /** Sends all key hosts but those left alone to the gateway at this port, or to a dead end while there is none. */
  async route(port: number | null, leftAlone: readonly string[]): Promise<void> {
    const { value, levelOfControl } = await browser.proxy.settings.get({});
    const ours = holderOf(levelOfControl) === "us";
    if (!ours) await keepBefore(value as ProxyBefore);
    const others = await carried();
    // Not for a dead end: only the program can tell where all else should go, and the gate alone keeps key hosts in.
    if (others === null && port === null && !ours) return;
    const wanted = leadingTo(port, others ?? DIRECT, leftAlone);
    if (ours && (value as ProxyBefore).pacScript?.data === wanted.pacScript?.data) return;
    await browser.proxy.settings.set({ value: wanted, scope: "regular" });
  }

  /**
   * Lets go: what was set before ours is in force again, as the browser has kept it below ours. Also when the browser
   * starts, for a moment and while the gate keeps key hosts from going anywhere: the user's own settings may have
   * changed since last time.
   */
  async release(): Promise<void> {
    if ((await this.holder()) === "us") await browser.proxy.settings.clear({ scope: "regular" });
  }
}
