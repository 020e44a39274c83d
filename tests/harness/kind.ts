/**
 * What one kind of browser has to provide, and what all kinds are started with.
 */
import type { Browser, LaunchOptions, Page } from "puppeteer-core";
import type { TestBrowser } from "./browser.ts";

export interface Kind {
  /** Programs to look for, best first. */
  programs: string[];
  /** Where it keeps its profile, below a home: the program under test looks there for stores of certificates. */
  profile: string;
  /** Where it keeps the certificates that its person trusts. */
  store(home: string, profile: string): string;
  start(options: StartOptions): Promise<Browser>;
  /** The address of a page of the extension. */
  extensionUrl(path: string): string;
  /** Shows this tab's pages as for people who prefer light or dark ones. */
  prefer(page: Page, scheme: "light" | "dark"): Promise<void>;
  /** Opens a private window at this address. */
  openPrivate(browser: TestBrowser, url: string): Promise<void>;
  /** What the browser itself thinks of a tab's connection. */
  padlock(page: Page): Promise<Padlock>;
}

export interface Padlock {
  /** Whether the address bar shows a closed one. */
  secure: boolean;
  /** Such as `TLS 1.3`; empty without TLS. */
  protocol: string;
  /** Who vouches for the certificate; empty without one. */
  issuer: string;
}

export interface StartOptions {
  executable: string;
  profile: string;
  /** A window instead of headless. */
  headed: boolean;
  /** As people run it: without the signs of a browser under test. */
  personal: boolean;
  /** The unpacked extension; null for none. */
  extension: string | null;
  acceptInsecureCerts: boolean;
  /** The extension is allowed in private windows. */
  allowedInPrivate: boolean;
  otherExtensions: string[];
  /** Host and port; null for none. */
  chosenProxy: string | null;
  /** The address of a proxy script that the person has chosen; null for none. */
  proxyScript: string | null;
  /** The address of the first tab; null for an empty one. */
  firstTab: string | null;
  /** What the extension keeps is not thrown away with the browser. */
  keepsExtension: boolean;
  /** The address of a server of DNS over HTTPS, which alone is asked; null for the system's resolver. */
  doh: string | null;
  env: Record<string, string | undefined>;
}

/** What puppeteer is told for every browser. */
export function common(options: StartOptions): LaunchOptions {
  return {
    executablePath: options.executable,
    headless: !options.headed,
    userDataDir: options.profile,
    defaultViewport: options.headed ? null : { width: 1000, height: 700 },
    env: options.env,
    acceptInsecureCerts: options.acceptInsecureCerts,
    protocolTimeout: 60_000,
    // Signals are for cleanup.ts, which stops more than the browser.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  };
}
