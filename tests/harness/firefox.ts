/**
 * What is special about starting Firefox.
 */
import puppeteer, { type Browser } from "puppeteer-core";
import { common, type Kind } from "./kind.ts";
import { identity } from "./paths.ts";

/** Firefox gives each profile an address of its own for an extension's pages; this one is fixed in advance. */
const EXTENSION_ORIGIN = "5d8b1f4e-6c1e-4a6e-9a3b-70a5c0de0001";

export const firefox: Kind = {
  programs: ["firefox-esr", "firefox"],
  profile: ".mozilla/firefox/tests.default",

  store: (_, profile) => profile,

  async start(options) {
    const browser = await puppeteer.launch({
      ...common(options),
      browser: "firefox",
      args: ["--no-remote", "--remote-allow-system-access", ...(options.firstTab ? [options.firstTab] : [])],
      extraPrefsFirefox: {
        "extensions.webextensions.uuids": JSON.stringify({ [identity.firefox.id]: EXTENSION_ORIGIN }),
        // Browsers under test look no names up in advance and ask for no suggestions; those of people do.
        "network.dns.disablePrefetch": false,
        "network.http.speculative-parallel-limit": 20,
        "browser.urlbar.suggest.searches": true,
        // As "Automatic proxy configuration URL" in the settings.
        ...(options.proxyScript !== null && {
          "network.proxy.type": 2,
          "network.proxy.autoconfig_url": options.proxyScript,
        }),
        // As "Max Protection" with a provider of one's own in the settings.
        ...(options.doh !== null && { "network.trr.mode": 3, "network.trr.uri": options.doh }),
        // One that was put in for the time being is taken out at the end, with all it has kept.
        ...(options.keepsExtension && { "extensions.webextensions.keepStorageOnUninstall": true }),
      },
    });
    for (const other of options.otherExtensions) await browser.installExtension(other);
    if (options.allowedInPrivate)
      await inWindow(browser, `(${allow})(${JSON.stringify(identity.firefox.id)})`);
    if (options.extension !== null) await browser.installExtension(options.extension);
    return browser;
  },

  extensionUrl: (path) => `moz-extension://${EXTENSION_ORIGIN}/${path}`,

  async prefer(page, scheme) {
    const override = "layout.css.prefers-color-scheme.content-override";
    await inWindow(page.browser(), `Services.prefs.setIntPref("${override}", ${scheme === "dark" ? 0 : 1})`);
  },

  async openPrivate({ puppeteer }, url) {
    await inWindow(puppeteer, `(${openWindow})(${JSON.stringify(url)})`);
  },

  async padlock(page) {
    return JSON.parse(await inWindow(page.browser(), `(${padlockOf})(${JSON.stringify(page.url())})`));
  },
};

/** Chooses the engine that the address bar searches with; gives the name of the one before. */
export async function searchWith(browser: Browser, engine: string): Promise<string> {
  return await inWindow(browser, `(${choose})(${JSON.stringify(engine)})`);
}

/** Whether the address bar asks the engine for suggestions, as a person chooses it in the settings. */
export async function suggest(browser: Browser, on: boolean): Promise<void> {
  await inWindow(browser, `Services.prefs.setBoolPref("browser.search.suggest.enabled", ${on})`);
}

/** What puppeteer has of WebDriver BiDi beyond what it gives types for. */
interface BidiConnection {
  // biome-ignore lint/suspicious/noExplicitAny: the shapes are Firefox's own
  send(method: string, params: object): Promise<any>;
}

/** Evaluates in the browser's own window, which WebDriver BiDi lets those into that it was told to trust. */
async function inWindow(browser: Browser, expression: string): Promise<string> {
  const { connection } = browser as unknown as { connection: BidiConnection };
  const windows = await connection.send("browsingContext.getTree", { "moz:scope": "chrome" });
  const told = await connection.send("script.evaluate", {
    expression,
    target: { context: windows.result.contexts[0].context },
    awaitPromise: true,
  });
  if (told.result.type === "exception") throw new Error(JSON.stringify(told.result.exceptionDetails.text));
  return told.result.result.value;
}

/** As the switch on the extension's card in about:addons does, before there is one: no page of it is lost by that. */
const allow = `async (id) => {
  const { ExtensionPermissions } = ChromeUtils.importESModule("resource://gre/modules/ExtensionPermissions.sys.mjs");
  await ExtensionPermissions.add(id, { permissions: ["internal:privateBrowsingAllowed"], origins: [] });
}`;

/** As the choice in the settings does. */
const choose = `async (name) => {
  const { SearchService } = ChromeUtils.importESModule("moz-src:///toolkit/components/search/SearchService.sys.mjs");
  await SearchService.init();
  const before = await SearchService.getDefault();
  const wanted = SearchService.getEngineByName(name);
  await SearchService.setDefault(wanted, SearchService.CHANGE_REASON?.USER ?? 1);
  return before.name;
}`;

const openWindow = `async (url) => {
  const opened = OpenBrowserWindow({ private: true });
  await new Promise((resolve) => opened.addEventListener("load", resolve, { once: true }));
  await opened.delayedStartupPromise;
  opened.openTrustedLinkIn(url, "current");
}`;

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
