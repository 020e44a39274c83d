/** For tests: a storage that forgets nothing, and keys. */

import { ALPHABET } from "../key/key";
import type { Area } from "./area";

export const ALICE = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
export const BOB = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo";

/** A key of this one letter, but for the last one. */
export function plainKey(letter: string): string {
  return `${letter.repeat(51)}y`;
}

/** The numberth of many keys. */
export function keyNumber(number: number): string {
  let text = "";
  for (let rest = number; rest > 0; rest = Math.floor(rest / 32)) text += ALPHABET[rest % 32];
  return `${text.padEnd(51, "y")}o`;
}

/** The same key but for the letters from `start` to `end`. */
export function changed(key: string, start: number, end: number): string {
  const other = [...key.slice(start, end)].map((letter) => (letter === "b" ? "n" : "b")).join("");
  return key.slice(0, start) + other + key.slice(end);
}

export function memory(kept: Record<string, unknown> = {}): Area & { kept: Record<string, unknown> } {
  return {
    kept,
    get: async (name) => structuredClone(name in kept ? { [name]: kept[name] } : {}),
    set: async (items) => {
      Object.assign(kept, structuredClone(items));
    },
  };
}
