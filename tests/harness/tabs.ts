/**
 * Tabs that a page or the browser itself opens: found by what they show.
 */
import type { Page, TestBrowser } from "./browser.ts";
import { until } from "./until.ts";

/** The tab that shows a page with this title at this address, of all or of one. */
export async function showing(
  browser: TestBrowser,
  title: string,
  address: string,
  tab?: Page,
): Promise<Page | null> {
  for (const each of tab ? [tab] : await browser.puppeteer.pages()) {
    const [href, shown] = await each.evaluate(() => [location.href, document.title]).catch(() => []);
    if (href === address && shown === title) return each;
  }
  return null;
}

/** Waits for it. */
export function shows(browser: TestBrowser, title: string, address: string, tab?: Page): Promise<Page> {
  return until(() => showing(browser, title, address, tab), { what: `a tab that shows ${address}` });
}

/** What of the extensions' interface is used inside their pages here. */
interface Extension {
  tabs: { query(filter: object): Promise<{ id: number; url: string }[]> };
}

/** The number by which the browser's extensions know the tab that shows this address. */
export async function tabNumber(browser: TestBrowser, url: string): Promise<number> {
  const asking = await browser.openExtension("names.html");
  const id = await asking.evaluate(async (wanted) => {
    const { browser, chrome } = globalThis as { browser?: Extension; chrome?: Extension };
    const tabs = await (browser ?? chrome)?.tabs.query({});
    return tabs?.find((tab) => tab.url === wanted)?.id;
  }, url);
  await asking.close();
  if (!id) throw new Error(`no tab shows ${url}`);
  return id;
}
