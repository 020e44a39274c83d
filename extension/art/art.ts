/**
 * Key art: a picture made from a key, by which people recognise it sooner than by 52 characters.
 *
 * A dark tile with six columns and six rows, mirrored left to right. Each of its 18 cells is empty, a square or a dot;
 * squares and dots have colours of their own. All of it is taken from the SHA-256 of the key's 32 bytes, so keys that
 * differ in one bit look nothing alike. That makes about 34 bits: enough to notice a wrong key in passing, not to prove
 * the right one, which is why the whole key is never far.
 *
 * The tile brings its own ground and so looks the same on light and dark pages.
 */

const COLUMNS = 3;
const ROWS = 6;
/** Equal steps round the circle, from red. */
const HUES = [
  "red",
  "orange",
  "amber",
  "yellow",
  "lime",
  "grassGreen",
  "green",
  "jade",
  "cyan",
  "skyBlue",
  "blue",
  "indigo",
  "violet",
  "purple",
  "magenta",
  "pink",
] as const;

/** A hue by what locales/…/art.json calls it. */
export type Hue = (typeof HUES)[number];

/** How far the dots' hue is from the squares': never near, so that nobody takes one for the other. */
const DOT_OFFSETS = [4, 6, 8, 10, 12] as const;

export type Cell = "empty" | "square" | "dot";

export interface Art {
  ground: string;
  squares: string;
  dots: string;
  /** Row by row, the left half; the right half mirrors it. */
  cells: Cell[][];
  /** What a person would call the colours. */
  hues: { squares: Hue; dots: Hue };
}

export async function artOf(bytes: Uint8Array<ArrayBuffer>): Promise<Art> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const byte = (at: number): number => hash[at] ?? 0;
  const hue = byte(0) % HUES.length;
  const dotHue = (hue + (DOT_OFFSETS[byte(1) % DOT_OFFSETS.length] ?? 0)) % HUES.length;
  const cells = Array.from({ length: ROWS }, (_, row) =>
    Array.from({ length: COLUMNS }, (_, column) => cell(byte(2 + row * COLUMNS + column))),
  );
  return {
    ground: colour(hue, 40, 15),
    squares: colour(hue, 85, 72),
    dots: colour(dotHue, 90, 86),
    cells,
    hues: { squares: HUES[hue] ?? "red", dots: HUES[dotHue] ?? "red" },
  };
}

/** The picture, 16 units wide: two for a cell and for the margin, so that it is sharp from 16 pixels on. */
export function artMarkup({ ground, squares, dots, cells }: Art): string {
  let square = "";
  let dot = "";
  for (const [row, line] of cells.entries()) {
    for (const [column, cell] of line.entries()) {
      const y = 2 + row * 2;
      for (const x of [2 + column * 2, 12 - column * 2]) {
        if (cell === "square") square += `M${x} ${y}h2v2h-2z`;
        // Drawn as two half circles.
        if (cell === "dot") dot += `M${x + 0.25} ${y + 1}a.75.75 0 0 1 1.5 0a.75.75 0 0 1 -1.5 0z`;
      }
    }
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">` +
    `<rect width="16" height="16" rx="3" fill="${ground}"/>` +
    `<path fill="${squares}" d="${square}"/><path fill="${dots}" d="${dot}"/></svg>`
  );
}

/** Nearly half the cells stay empty: shapes are told by what is around them. */
function cell(byte: number): Cell {
  if (byte < 108) return "empty";
  return byte < 190 ? "square" : "dot";
}

function colour(hue: number, saturation: number, lightness: number): string {
  // With commas and whole numbers every renderer of SVG knows it.
  return `hsl(${Math.round((hue * 360) / HUES.length)}, ${saturation}%, ${lightness}%)`;
}
