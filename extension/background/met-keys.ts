/**
 * The keys that were met lately, for the patterns of the context menu: kept for as long as the browser runs, however
 * often its background is put to sleep meanwhile.
 */

import { isKey } from "../key/key";
import { type Area, Turns } from "../names/area";

/** More than fit on a screen. */
export const MET_LIMIT = 64;

const STORED = "met";

export class MetKeys {
  readonly #area: Area;
  readonly #turns = new Turns();

  constructor(area: Area) {
    this.#area = area;
  }

  /** In the order they were met. */
  async all(): Promise<string[]> {
    const stored = (await this.#area.get(STORED))[STORED];
    return Array.isArray(stored) ? stored.filter((key) => typeof key === "string" && isKey(key)) : [];
  }

  /** Whether it is new. */
  add(key: string): Promise<boolean> {
    return this.#turns.take(async () => {
      const met = await this.all();
      if (met.includes(key)) return false;
      await this.#area.set({ [STORED]: [...met, key].slice(-MET_LIMIT) });
      return true;
    });
  }

  /** Forgets one key, or all. */
  forget(key?: string): Promise<void> {
    return this.#turns.take(async () => {
      const left = key === undefined ? [] : (await this.all()).filter((one) => one !== key);
      await this.#area.set({ [STORED]: left });
    });
  }
}
