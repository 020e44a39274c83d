/** What the program remembers of keys: how much it is, how much it may be, and forgetting it. */

import { locale, say } from "../../i18n/i18n";
import { askHost } from "../../messages/messages";
import { element } from "../../pages/element";
import { ownWords } from "../../pages/own-words";
import type { CacheResult, HostSettings } from "../../protocol/protocol";
import type { Change } from "./change";
import { tell } from "./saved";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

let known = "";

export function beginCache(change: Change): void {
  const field = element<HTMLInputElement>("cache-size-number");
  const tellProblem = (problem: string): void => {
    element("cache-size-problem").textContent = problem;
    field.ariaInvalid = problem === "" ? null : "true";
    if (problem !== "") field.focus();
  };
  element("cache-size").addEventListener("submit", async (event) => {
    event.preventDefault();
    const written = field.value.trim();
    if (!/^\d{1,15}$/.test(written)) tellProblem(say("options.cacheSizeNumber"));
    else tellProblem(await change({ change: { cacheSize: Number(written) } }));
  });
  element("cache-size-reset").addEventListener("click", async () => {
    known = field.value;
    tellProblem(await change({ reset: ["cacheSize"] }));
    field.focus();
  });
  element("cache-clear").addEventListener("click", async () => {
    await showCache("clear");
    if (element("cache-problem").textContent === "") tell("options.cacheCleared");
  });
}

export function showCacheSize({ cacheSize, chosen, fixed }: HostSettings): void {
  const field = element<HTMLInputElement>("cache-size-number");
  const isFixed = fixed.includes("cacheSize");
  // What is being written stays.
  if (field.value === known || field.value === "") field.value = String(cacheSize);
  known = String(cacheSize);
  field.disabled = isFixed;
  element("cache-size-fixed").hidden = !isFixed;
  element("cache-size-save").hidden = isFixed;
  element("cache-size-reset").hidden = isFixed || !chosen.includes("cacheSize");
}

/** Shows how much there is, after forgetting it if that is wanted. */
export async function showCache(act: "status" | "clear" = "status"): Promise<void> {
  const answer = await askHost("cache", { action: act });
  const failed = "failed" in answer;
  element("cache-problem").textContent = failed ? ownWords(answer.failed) : "";
  if (failed) return;
  const text = holds(answer.result);
  // The same words again would be read out again.
  if (element("cache-holds").textContent !== text) element("cache-holds").textContent = text;
  element<HTMLButtonElement>("cache-clear").disabled = answer.result.keys === 0;
}

function holds({ keys, bytes }: CacheResult): string {
  return say("options.cacheHolds", { keys, size: size(bytes) });
}

/** "4.2 MB". */
function size(bytes: number): string {
  let number = bytes;
  let unit = 0;
  while (number >= 1_000 && unit < UNITS.length - 1) {
    number /= 1_000;
    unit += 1;
  }
  const form = { style: "unit", unit: UNITS[unit] ?? "byte", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(locale(), form).format(number);
}
