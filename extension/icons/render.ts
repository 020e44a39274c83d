/** Renders icon.svg to the sizes browsers want; Chromium's toolbar takes no SVG. Run with `npm run icons`. */

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";

const SIZES = [16, 32, 48, 128];
const source = new URL("icon.svg", import.meta.url);
const target = new URL("../public/icon/", import.meta.url);

const wasm = createRequire(import.meta.url).resolve("@resvg/resvg-wasm/index_bg.wasm");
await initWasm(await readFile(wasm));

const svg = await readFile(source);
await mkdir(target, { recursive: true });
for (const size of SIZES) {
  const image = new Resvg(svg, { fitTo: { mode: "width", value: size } }).render();
  await writeFile(new URL(`${size}.png`, target), image.asPng());
}
await copyFile(source, new URL("icon.svg", target));
