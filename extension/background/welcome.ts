/** Opens the welcome page once, when the extension is installed: not after updates, nor when it is loaded anew. */

import { browser } from "wxt/browser";
import { welcomed } from "../settings/settings";

export function welcomeOnce(): void {
  browser.runtime.onInstalled.addListener(({ reason }) => {
    if (reason === "install") void welcome();
  });
}

async function welcome(): Promise<void> {
  if (await welcomed.get()) return;
  await welcomed.set(true);
  const page = { url: browser.runtime.getURL("/welcome.html") };
  try {
    await browser.tabs.create(page);
  } catch {
    // The browser is starting and has no window yet.
    const opened = (): void => {
      browser.windows.onCreated.removeListener(opened);
      browser.tabs.create(page).catch((error) => console.error("pkarr: no welcome", error));
    };
    browser.windows.onCreated.addListener(opened);
  }
}
