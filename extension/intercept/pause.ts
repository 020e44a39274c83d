/**
 * What the user wants left alone: all key hosts, or those of some keys. Known before anything is done for a request,
 * and again at once when it changes, whichever page or window changed it.
 */

import { isKey, keyHostOf } from "../key/key";
import type { Setting } from "../settings/setting";
import { MOST_PAUSED_KEYS } from "../settings/settings";

export interface Paused {
  everywhere: boolean;
  /** Left alone though others are not; their sub-domains with them. */
  keys: readonly string[];
}

export class Pause {
  readonly #everywhere: Setting<boolean>;
  readonly #keys: Setting<string[]>;
  readonly #listeners: (() => void)[] = [];
  #reading: Promise<Paused>;
  #now: Paused | null = null;

  constructor(everywhere: Setting<boolean>, keys: Setting<string[]>) {
    this.#everywhere = everywhere;
    this.#keys = keys;
    this.#reading = this.#read();
    for (const setting of [everywhere, keys]) {
      setting.onChange(() => {
        this.#reading = this.#read();
        this.#reading.then(() => {
          for (const listener of this.#listeners) listener();
        });
      });
    }
  }

  /** Null until the storage has answered for the first time. */
  get now(): Paused | null {
    return this.#now;
  }

  known(): Promise<Paused> {
    return this.#reading;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async #read(): Promise<Paused> {
    try {
      const [everywhere, keys] = await Promise.all([this.#everywhere.get(), this.#keys.get()]);
      this.#now = { everywhere, keys: bounded(keys) };
    } catch (error) {
      console.error("pkarr: what is paused could not be read", error);
      this.#now ??= { everywhere: false, keys: [] };
    }
    return this.#now;
  }
}

/** Whether this address is to be left alone, if it is one of a key host. */
export function leftAlone({ everywhere, keys }: Paused, url: string): boolean {
  if (everywhere) return true;
  if (keys.length === 0) return false;
  const key = keyHostOf(url)?.key;
  return key !== undefined && keys.includes(key);
}

/** The keys among them, each once; of too many the last ones. */
function bounded(stored: readonly string[]): string[] {
  return [...new Set(stored.filter(isKey))].slice(-MOST_PAUSED_KEYS);
}
