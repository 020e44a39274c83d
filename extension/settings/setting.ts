/** One choice of the user, or one thing to remember, in storage.local under a name of its own. */

import { browser } from "wxt/browser";

export class Setting<T> {
  readonly #name: string;
  readonly #read: (stored: unknown) => T;

  /** `read` makes sense of what is stored, which may be nothing or anything. */
  constructor(name: string, read: (stored: unknown) => T) {
    this.#name = name;
    this.#read = read;
  }

  async get(): Promise<T> {
    const stored = await browser.storage.local.get(this.#name);
    return this.#read(stored[this.#name]);
  }

  async set(value: T): Promise<void> {
    await browser.storage.local.set({ [this.#name]: value });
  }

  /** Back to what it is without a choice. */
  async reset(): Promise<void> {
    await browser.storage.local.remove(this.#name);
  }

  onChange(listener: (value: T) => void): void {
    browser.storage.local.onChanged.addListener((changes) => {
      const change = changes[this.#name];
      if (change) listener(this.#read(change.newValue));
    });
  }
}

/** Switched on unless somebody switched it off. */
export function on(stored: unknown): boolean {
  return stored !== false;
}

/** Switched off unless somebody switched it on. */
export function off(stored: unknown): boolean {
  return stored === true;
}
