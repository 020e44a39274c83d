/** Which browser this is and on which system: what people are told to click and type depends on it. */

import { browser } from "wxt/browser";

export type Brand = "firefox" | "chrome" | "chromium" | "edge" | "brave" | "vivaldi" | "opera";

/** Where browsers have a program to start, and all others. */
export type System = "linux" | "mac" | "win" | "other";

/** What is looked at; both are missing in some browsers. */
export interface Signs {
  userAgent: string;
  brands: readonly { brand: string; version: string }[];
}

/** As they write themselves among the brands. Those built on others come first. */
const BRANDS: readonly [written: RegExp, brand: Brand][] = [
  [/Brave/i, "brave"],
  [/Edge/i, "edge"],
  [/Opera/i, "opera"],
  [/Vivaldi/i, "vivaldi"],
  [/Google Chrome/i, "chrome"],
];

export function brandOf({ userAgent, brands }: Signs): Brand {
  if (/\bFirefox\//.test(userAgent)) return "firefox";
  const written = brands.map(({ brand }) => brand).join("\n");
  return BRANDS.find(([sign]) => sign.test(written))?.[1] ?? "chromium";
}

/** The version, as precisely as the browser tells: `153.0`, `156`. */
export function versionOf({ userAgent, brands }: Signs): string {
  const firefox = /\bFirefox\/([\d.]+)/.exec(userAgent)?.[1];
  return firefox ?? brands.find(({ brand }) => brand === "Chromium")?.version ?? "";
}

export function signs(): Signs {
  const { userAgent, userAgentData } = navigator as Navigator & { userAgentData?: Partial<Signs> };
  return { userAgent, brands: userAgentData?.brands ?? [] };
}

export function systemOf(os: string): System {
  return os === "linux" || os === "mac" || os === "win" ? os : os === "openbsd" ? "linux" : "other";
}

export async function system(): Promise<System> {
  return systemOf((await browser.runtime.getPlatformInfo()).os);
}

/** As people call it. Names of products are the same in all languages. */
export const BRAND_NAMES: Readonly<Record<Brand, string>> = {
  firefox: "Firefox",
  chrome: "Chrome",
  chromium: "Chromium",
  edge: "Edge",
  brave: "Brave",
  vivaldi: "Vivaldi",
  opera: "Opera",
};
