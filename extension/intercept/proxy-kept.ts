/**
 * What is kept of the proxy that was set before ours, for as long as ours is in place: the browser's own setting, and
 * what the system has where that says "as the system has it". In storage.local, as the proxy script outlives the
 * browser; the background of private windows reads it too.
 */

import { browser } from "wxt/browser";
import type { SystemProxy } from "../protocol/protocol";
import { others, type ProxyBefore, scriptAddress } from "./proxy-before";

const BEFORE = "proxyBefore";
const SYSTEM = "systemProxy";

interface Kept<T> {
  settings: T;
  /** The proxy script, where there is one that had to be fetched. */
  script: string | null;
}

export function keepBefore(settings: ProxyBefore): Promise<void> {
  return keep(BEFORE, settings, scriptAddress(settings));
}

export async function keepSystem(settings: SystemProxy): Promise<void> {
  const script = scriptAddress({ mode: "system" }, settings);
  // The same script may say something else by now: only what needs none is as it was.
  const same = JSON.stringify((await kept<SystemProxy>(SYSTEM))?.settings) === JSON.stringify(settings);
  if (!same || script) await keep(SYSTEM, settings, script);
}

/** The source of a function (url, host) for all hosts but key hosts; null if it is the system's to say and nobody knows. */
export async function carried(): Promise<string | null> {
  const before = await kept<ProxyBefore>(BEFORE);
  if (before?.settings.mode !== "system") return others(before?.settings ?? null, before?.script ?? null);
  const system = await kept<SystemProxy>(SYSTEM);
  return system ? others(before.settings, system.script, system.settings) : null;
}

async function keep(name: string, settings: object, address: string | null): Promise<void> {
  const script = address && (await fetchScript(address));
  await browser.storage.local.set({ [name]: { settings, script } });
}

async function kept<T>(name: string): Promise<Kept<T> | undefined> {
  return (await browser.storage.local.get(name))[name] as Kept<T> | undefined;
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
