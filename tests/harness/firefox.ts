/**
 * What is special about starting Firefox.
 */
import puppeteer from "puppeteer-core";
import { common, type Kind } from "./kind.ts";
import { identity } from "./paths.ts";

/** Firefox gives each profile an address of its own for an extension's pages; this one is fixed in advance. */
const EXTENSION_ORIGIN = "5d8b1f4e-6c1e-4a6e-9a3b-70a5c0de0001";

export const firefox: Kind = {
  programs: ["firefox-esr", "firefox"],

  async start(options) {
    const browser = await puppeteer.launch({
      ...common(options),
      browser: "firefox",
      args: ["--no-remote", "--remote-allow-system-access"],
      extraPrefsFirefox: {
        "extensions.webextensions.uuids": JSON.stringify({ [identity.firefox.id]: EXTENSION_ORIGIN }),
        // Browsers under test look no names up in advance and ask for no suggestions; those of people do.
        "network.dns.disablePrefetch": false,
        "network.http.speculative-parallel-limit": 20,
        "browser.urlbar.suggest.searches": true,
      },
    });
    await browser.installExtension(options.extension);
    return browser;
  },

  extensionUrl: (path) => `moz-extension://${EXTENSION_ORIGIN}/${path}`,
};
