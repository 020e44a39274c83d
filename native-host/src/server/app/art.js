/**
 * Key art: a picture made from a key, by which people recognise it sooner than by 52 characters. It is drawn as the
 * extension and the program draw it, from the SHA-256 of the key's 32 bytes.
 */

const COLUMNS = 3;
const ROWS = 6;
const HUES = 16;
const DOT_OFFSETS = [4, 6, 8, 10, 12];
const SVG = "http://www.w3.org/2000/svg";

/**
 * The picture, 16 units wide; null where the page is in no secure context and has no digest.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<{ ground: string, squares: { fill: string, d: string }, dots: { fill: string, d: string } } | null>}
 */
export async function artOf(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hue = (hash[0] ?? 0) % HUES;
  const dotHue = (hue + (DOT_OFFSETS[(hash[1] ?? 0) % DOT_OFFSETS.length] ?? 0)) % HUES;
  let squares = "";
  let dots = "";
  for (let index = 0; index < ROWS * COLUMNS; index += 1) {
    const byte = hash[2 + index] ?? 0;
    const column = index % COLUMNS;
    const y = 2 + Math.floor(index / COLUMNS) * 2;
    for (const x of [2 + column * 2, 12 - column * 2]) {
      if (byte >= 190) dots += `M${x}.25 ${y + 1}a.75.75 0 0 1 1.5 0a.75.75 0 0 1 -1.5 0z`;
      else if (byte >= 108) squares += `M${x} ${y}h2v2h-2z`;
    }
  }
  return {
    ground: colour(hue, 40, 15),
    squares: { fill: colour(hue, 85, 72), d: squares },
    dots: { fill: colour(dotHue, 90, 86), d: dots },
  };
}

/**
 * Shows the picture of a key in this place.
 * @param {Element} place an `svg`
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function showArt(place, bytes) {
  const art = await artOf(bytes);
  place.toggleAttribute("hidden", art === null);
  place.setAttribute("viewBox", "0 0 16 16");
  const shapes = art
    ? [
        shape("rect", { width: "16", height: "16", rx: "3", fill: art.ground }),
        shape("path", art.squares),
        shape("path", art.dots),
      ]
    : [];
  place.replaceChildren(...shapes);
}

/**
 * @param {string} name
 * @param {{ [attribute: string]: string }} attributes
 */
function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

/**
 * @param {number} hue
 * @param {number} saturation
 * @param {number} lightness
 */
function colour(hue, saturation, lightness) {
  return `hsl(${Math.round((hue * 360) / HUES)}, ${saturation}%, ${lightness}%)`;
}
