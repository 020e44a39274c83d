/** Where names and opened keys are kept: `browser.storage.local`, as far as they need it. */
export interface Area {
  get(name: string): Promise<Record<string, unknown>>;
  set(items: Record<string, unknown>): Promise<void>;
}

/** Does one thing after the other, so that no change is made to what another is just changing. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** Whether a newer version of the extension stored this: it is left as it is. */
export function isNewer(stored: unknown, version: number): boolean {
  return isObject(stored) && typeof stored.version === "number" && stored.version > version;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
