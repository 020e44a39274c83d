/**
 * What is special about starting Firefox.
 */
import puppeteer, { type Browser } from "puppeteer-core";
import type { Kind, StartOptions } from "./browser.ts";
import { identity } from "./paths.ts";

/** Firefox gives each profile an address of its own for an extension's pages; this one is fixed in advance. */
const EXTENSION_ORIGIN = "5d8b1f4e-6c1e-4a6e-9a3b-70a5c0de0001";

export const firefox: Kind = {
  programs: ["firefox-esr", "firefox"],

  async start(options: StartOptions): Promise<Browser> {
    const browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: options.executable,
      headless: !options.headed,
      userDataDir: options.profile,
      defaultViewport: options.headed ? null : { width: 1000, height: 700 },
      env: options.env,
      args: ["--no-remote", "--remote-allow-system-access", ...options.args],
      extraPrefsFirefox: {
        "extensions.webextensions.uuids": JSON.stringify({ [identity.firefox.id]: EXTENSION_ORIGIN }),
      },
      // For the search engine that a test plays.
      acceptInsecureCerts: !options.personal,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    if (options.extension) await browser.installExtension(options.extension);
    return browser;
  },

  extensionUrl: (path) => `moz-extension://${EXTENSION_ORIGIN}/${path}`,
};
