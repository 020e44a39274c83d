/** Renders the icons to the sizes browsers want; Chromium's toolbar takes no SVG. Run with `npm run icons`. */

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { STATES, stateMarkup } from "./states.ts";

const SIZES = [16, 32, 48, 128];
/** In a toolbar, for screens of one to three dots a pixel. */
const TOOLBAR_SIZES = [16, 32, 48];
const source = new URL("icon.svg", import.meta.url);
const target = new URL("../public/icon/", import.meta.url);

const wasm = createRequire(import.meta.url).resolve("@resvg/resvg-wasm/index_bg.wasm");
await initWasm(await readFile(wasm));

await mkdir(target, { recursive: true });
await render(await readFile(source, "utf8"), SIZES, (size) => `${size}.png`);
await copyFile(source, new URL("icon.svg", target));
for (const state of STATES) {
  await render(stateMarkup(state), TOOLBAR_SIZES, (size) => `${state}-${size}.png`);
}

async function render(svg: string, sizes: number[], name: (size: number) => string): Promise<void> {
  for (const size of sizes) {
    const image = new Resvg(svg, { fitTo: { mode: "width", value: size } }).render();
    await writeFile(new URL(name(size), target), image.asPng());
  }
}
