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
  profile: ".mozilla/firefox/tests.default",

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

  async padlock(page) {
    // Asked of the browser's own window, which WebDriver BiDi lets those into that it was told to trust.
    const { connection } = page.browser() as unknown as { connection: BidiConnection };
    const windows = await connection.send("browsingContext.getTree", { "moz:scope": "chrome" });
    const told = await connection.send("script.evaluate", {
      expression: `(${padlockOf})(${JSON.stringify(page.url())})`,
      target: { context: windows.result.contexts[0].context },
      awaitPromise: false,
    });
    return JSON.parse(told.result.result.value);
  },
};

/** What puppeteer has of WebDriver BiDi beyond what it gives types for. */
interface BidiConnection {
  // biome-ignore lint/suspicious/noExplicitAny: the shapes are Firefox's own
  send(method: string, params: object): Promise<any>;
}

/** Runs in the browser's window: nsIWebProgressListener's STATE_IS_SECURE, and nsITransportSecurityInfo. */
const padlockOf = `(url) => {
  const { securityUI } = gBrowser.browsers.find(({ currentURI }) => currentURI.spec === url);
  const { protocolVersion, serverCert } = securityUI.secInfo ?? {};
  return JSON.stringify({
    secure: securityUI.state === Ci.nsIWebProgressListener.STATE_IS_SECURE,
    protocol: protocolVersion ? "TLS 1." + (protocolVersion - 1) : "",
    issuer: serverCert?.issuerCommonName ?? "",
  });
}`;
