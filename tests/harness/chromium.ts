/**
 * What is special about starting Chromium.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import puppeteer, { type Protocol } from "puppeteer-core";
import { common, type Kind, type StartOptions } from "./kind.ts";
import { identity } from "./paths.ts";
import type { ExtensionApi } from "./settings.ts";

export const chromium: Kind = {
  // Chrome itself takes no extension from its command line.
  programs: ["chromium", "chromium-browser"],
  profile: ".config/chromium",

  store: (home) => join(home, ".pki/nssdb"),

  start: (options) => {
    prefer(options);
    const extensions = [options.extension ?? [], ...options.otherExtensions].flat();
    return puppeteer.launch({
      ...common(options),
      browser: "chrome",
      pipe: true,
      enableExtensions: true,
      // It may take its time, or another turn.
      waitForInitialPage: options.firstTab === null,
      ignoreDefaultArgs: options.personal ? ["--enable-automation"] : false,
      args: [
        // There from the start, like an installed one.
        ...(extensions.length > 0 ? [`--load-extension=${extensions.join()}`] : []),
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
        ...(options.firstTab ? [options.firstTab] : []),
      ],
    });
  },

  extensionUrl: (path) => `chrome-extension://${identity.chromium.id}/${path}`,

  async prefer(page, scheme) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  },

  // Only an extension opens one that is no profile of its own. Without an answer: where the extension is split, it is
  // not told of the window.
  async openPrivate(browser, url) {
    const page = await browser.openExtension("options.html");
    await page.evaluate((url) => {
      const { chrome } = globalThis as unknown as ExtensionApi;
      return chrome.windows.create({ incognito: true, url }).then(() => null);
    }, url);
    await page.close();
  },

  async padlock(page) {
    const session = await page.createCDPSession();
    const told = new Promise<Protocol.Security.VisibleSecurityState>((resolve) => {
      session.on("Security.visibleSecurityStateChanged", (event) => resolve(event.visibleSecurityState));
    });
    await session.send("Security.enable");
    const { securityState, certificateSecurityState: certificate } = await told;
    await session.detach();
    const { protocol = "", issuer = "" } = certificate ?? {};
    return { secure: securityState === "secure", protocol, issuer };
  },
};

/** Makes choices of a person, in a profile that is still new. */
function prefer({ profile, allowedInPrivate, chosenProxy, proxyScript, doh }: StartOptions): void {
  if (doh !== null) {
    // As "Use secure DNS" with a provider of one's own in the settings.
    const state = { dns_over_https: { mode: "secure", templates: `${doh}{?dns}` } };
    writeFileSync(join(profile, "Local State"), JSON.stringify(state));
  }
  const file = join(profile, "Default", "Preferences");
  if (existsSync(file)) return;
  mkdirSync(join(profile, "Default"), { recursive: true });
  const extensions = {
    // Without it one that was loaded from a folder does not come back when it is loaded anew.
    ui: { developer_mode: true },
    // As the switch on the extension's card in chrome://extensions does.
    ...(allowedInPrivate && { settings: { [identity.chromium.id]: { incognito: true } } }),
  };
  const proxy = chosenProxy && { proxy: { mode: "fixed_servers", server: chosenProxy, bypass_list: "" } };
  const script = proxyScript && { proxy: { mode: "pac_script", pac_url: proxyScript, pac_mandatory: true } };
  const choices = { extensions, ...proxy, ...script };
  writeFileSync(file, JSON.stringify(choices));
}
