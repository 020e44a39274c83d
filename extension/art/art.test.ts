import { describe, expect, it } from "vitest";
import { keyBytes } from "../key/bytes";
import { ALICE, BOB } from "../names/fixtures";
import { artMarkup, artOf } from "./art";
import VECTORS from "./vectors.json" with { type: "json" };
import { artWords } from "./words";

const COLOUR = /hsl\((\d+), (\d+)%, (\d+)%\)/;

describe("key art", () => {
  it.each([ALICE, BOB])("of %s never changes", async (key) => {
    expect(artMarkup(await artOf(keyBytes(key)))).toMatchSnapshot();
  });

  it.each(Object.entries(VECTORS))("of %s is the one that the program draws too", async (key, drawn) => {
    expect(artMarkup(await artOf(keyBytes(key)))).toBe(drawn);
  });

  it("is told in words", async () => {
    expect(artWords(await artOf(keyBytes(ALICE)))).toMatch(/^Key art: [a-z ]+ with [a-z ]+ dots$/);
  });

  it("differs for keys that are one bit apart", async () => {
    const bytes = keyBytes(ALICE);
    const seen = new Set([artMarkup(await artOf(bytes))]);
    for (let bit = 0; bit < 256; bit += 1) {
      const other = bytes.slice();
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      seen.add(artMarkup(await artOf(other)));
    }
    expect(seen.size).toBe(257);
  });

  it("is seen on its ground, and never empty", async () => {
    const bytes = keyBytes(BOB);
    for (let number = 0; number < 2_000; number += 1) {
      bytes[0] = number & 255;
      bytes[1] = number >> 8;
      const { ground, squares, dots, cells } = await artOf(bytes);
      expect(contrast(squares, ground), `${squares} on ${ground}`).toBeGreaterThan(4.5);
      expect(contrast(dots, ground), `${dots} on ${ground}`).toBeGreaterThan(4.5);
      expect(cells.flat().filter((cell) => cell !== "empty").length).toBeGreaterThanOrEqual(3);
    }
  });
});

/** WCAG 2.2: contrast ratio. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** WCAG 2.2: relative luminance. */
function luminance(colour: string): number {
  const [, hue = 0, saturation = 0, lightness = 0] = (COLOUR.exec(colour) ?? []).map(Number);
  // CSS Color 4, section 7.1: HSL to sRGB.
  const channel = (offset: number): number => {
    const k = (offset + hue / 30) % 12;
    const reach = (saturation / 100) * Math.min(lightness / 100, 1 - lightness / 100);
    return lightness / 100 - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  const linear = (value: number): number =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(channel(0)) + 0.7152 * linear(channel(8)) + 0.0722 * linear(channel(4));
}
