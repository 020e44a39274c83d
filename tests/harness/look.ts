/**
 * How a page looks, and whether everybody can use it: screenshots that are kept as artifacts of the run, light and dark,
 * narrow and wide, each judged by axe.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults, RunOptions } from "axe-core";
import type { Page, TestBrowser } from "./browser.ts";
import { artifacts } from "./paths.ts";
import { until } from "./until.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The rules of WCAG 2.2 A and AA, and what axe's makers hold for good practice. */
const RULES: RunOptions = {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
};

export const SCHEMES = ["light", "dark"] as const;
export type Scheme = (typeof SCHEMES)[number];

/** Widths in CSS pixels: the narrowest that is promised, and a window. */
export const WIDTHS = [320, 1000] as const;

/**
 * Shows the page in every scheme and width, keeps a screenshot of each and says what is wrong: what axe finds, and
 * content that is wider than the page.
 */
export async function look(browser: TestBrowser, page: Page, name: string): Promise<string[]> {
  const folder = join(artifacts, "screenshots", browser.name);
  mkdirSync(folder, { recursive: true });
  const wrong: string[] = [];
  for (const scheme of SCHEMES) {
    await browser.prefer(page, scheme);
    for (const width of WIDTHS) {
      const where = `${name} ${scheme} ${width} px`;
      await keepWhole(page, width, join(folder, `${name}-${scheme}-${width}.png`));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) wrong.push(`${where}: content is ${wide} px wider than the page`);
      wrong.push(...(await judged(page)).map((finding) => `${where}: ${finding}`));
    }
  }
  return wrong;
}

/**
 * A screenshot of all of the page, in a window as high as that: Chromium's own way to take one shows the wrong part of
 * pages that are read from right to left.
 */
async function keepWhole(page: Page, width: number, path: string): Promise<void> {
  await page.setViewport({ width, height: 700 });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewport({ width, height: Math.min(Math.max(height, 700), 10_000) });
  await page.bringToFront();
  await page.screenshot({ path: path as `${string}.png` });
}

/** How many pixels the page is wider than its window at the narrowest width that is promised; keeps a screenshot. */
export async function tooWide(browser: TestBrowser, page: Page, name: string): Promise<number> {
  const folder = join(artifacts, "screenshots", browser.name, "languages");
  mkdirSync(folder, { recursive: true });
  await keepWhole(page, WIDTHS[0], join(folder, `${name}.png`));
  return await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
}

/** What axe has to say, one finding a line. */
async function judged(page: Page): Promise<string[]> {
  await page.evaluate(`globalThis.axe ?? (() => { ${axe} })()`);
  const rules = JSON.stringify(RULES);
  const results = (await page.evaluate(`axe.run(document, ${rules})`)) as AxeResults;
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, any, all, none }) => {
      const why = [...any, ...all, ...none].map(({ message }) => message).join("; ");
      return `${id}: ${help}: ${html.slice(0, 200)} (${why})`;
    }),
  );
}

/** Waits until the page has said what it has to say: nothing is asked, and the fonts are there. */
export async function still(page: Page): Promise<void> {
  await until(
    () =>
      page.evaluate(
        () =>
          document.readyState === "complete" &&
          document.fonts.status === "loaded" &&
          ![...document.querySelectorAll("[data-state='asking'], [aria-busy='true']")].some((one) =>
            one.checkVisibility(),
          ),
      ),
    { what: `${page.url()} to come to rest` },
  );
}
