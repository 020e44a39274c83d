/**
 * What one kind of browser has to provide, and what all kinds are started with.
 */
import type { Browser, LaunchOptions } from "puppeteer-core";

export interface Kind {
  /** Programs to look for, best first. */
  programs: string[];
  start(options: StartOptions): Promise<Browser>;
  /** The address of a page of the extension. */
  extensionUrl(path: string): string;
}

export interface StartOptions {
  executable: string;
  profile: string;
  /** A window instead of headless. */
  headed: boolean;
  /** As people run it: without the signs of a browser under test. */
  personal: boolean;
  /** The unpacked extension. */
  extension: string;
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
    // For the search engine that a test plays.
    acceptInsecureCerts: !options.personal,
    protocolTimeout: 60_000,
    // Signals are for cleanup.ts, which stops more than the browser.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  };
}
