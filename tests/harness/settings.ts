/**
 * The extension's settings, changed as its own pages do.
 */
import type { TestBrowser } from "./browser.ts";

/** What a page of the extension has, as far as tests use it. */
export interface ExtensionApi {
  chrome: {
    storage: { local: { set(items: object): Promise<void>; get(name: string | null): Promise<object> } };
    // biome-ignore lint/suspicious/noExplicitAny: the browser's own shapes, each looked at by one test
    [api: string]: any;
  };
}

/** Puts these into the extension's storage. */
export async function storeSettings(browser: TestBrowser, settings: Record<string, unknown>): Promise<void> {
  const page = await browser.openExtension("options.html");
  await page.evaluate((items) => {
    const { chrome } = globalThis as unknown as ExtensionApi;
    return chrome.storage.local.set(items);
  }, settings);
  await page.close();
}
