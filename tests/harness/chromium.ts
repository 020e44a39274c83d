/**
 * What is special about starting Chromium.
 */
import puppeteer, { type Browser } from "puppeteer-core";
import type { Kind, StartOptions } from "./browser.ts";
import { identity } from "./paths.ts";

export const chromium: Kind = {
  programs: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],

  async start(options: StartOptions): Promise<Browser> {
    return await puppeteer.launch({
      browser: "chrome",
      executablePath: options.executable,
      headless: !options.headed,
      pipe: true,
      enableExtensions: options.extension ? [options.extension] : false,
      userDataDir: options.profile,
      defaultViewport: options.headed ? null : { width: 1000, height: 700 },
      env: options.env,
      args: [
        // What Chromium does of its own accord has no place in a test: it asks for updates and models.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--disable-gpu",
        "--no-first-run",
        "--no-default-browser-check",
        // Chromium's own sandbox can't be had as root.
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        // Without it a bar below the address bar complains of the flag above.
        ...(options.personal ? ["--test-type"] : []),
        ...options.args,
      ],
      ignoreDefaultArgs: options.personal ? ["--enable-automation"] : false,
      // For the search engine that a test plays.
      acceptInsecureCerts: !options.personal,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  },

  extensionUrl: (path) => `chrome-extension://${identity.chromium.id}/${path}`,
};
