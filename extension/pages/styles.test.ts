/** What holds for every style sheet: of the extension's pages and of those that the gateway shows. */

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../", import.meta.url);
const SHEETS = [
  ...readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".css") && !/^(?:node_modules|\.output|\.wxt)\//.test(file),
  ),
  "../native-host/src/gateway/page.css",
].map((file) => [file, readFileSync(new URL(file, ROOT), "utf8").replace(/\/\*[\s\S]*?\*\//g, "")] as const);

test.each(SHEETS)("%s holds still for those who want that", (_, css) => {
  const moves = /(?:animation|transition)\s*:|scroll-behavior:\s*smooth/.test(css);
  if (moves) expect(css).toMatch(/prefers-reduced-motion:\s*reduce/);
});

test.each(SHEETS)("%s turns round with the direction of the language", (_, css) => {
  const sides =
    css.match(
      /(?:(?:margin|padding|border)-(?:left|right)|(?:^|[\s;{])(?:left|right)\s*:|(?:text-align|float):\s*(?:left|right))/g,
    ) ?? [];
  expect(sides).toEqual([]);
});

test.each(SHEETS)("%s cuts nothing short: keys are shown whole", (_, css) => {
  expect(css).not.toMatch(/text-overflow|line-clamp/);
});
