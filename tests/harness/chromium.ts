/**
 * What is special about starting Chromium.
 */
import puppeteer, { type Protocol } from "puppeteer-core";
import { common, type Kind } from "./kind.ts";
import { identity } from "./paths.ts";

export const chromium: Kind = {
  // Chrome itself takes no extension from its command line.
  programs: ["chromium", "chromium-browser"],
  profile: ".config/chromium",

  start: (options) =>
    puppeteer.launch({
      ...common(options),
      browser: "chrome",
      pipe: true,
      enableExtensions: true,
      ignoreDefaultArgs: options.personal ? ["--enable-automation"] : false,
      args: [
        // There from the start, like an installed one.
        `--load-extension=${options.extension}`,
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
      ],
    }),

  extensionUrl: (path) => `chrome-extension://${identity.chromium.id}/${path}`,

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
