/**
 * Waiting for something that nobody announces: asked again and again, up to a deadline.
 */
import { setTimeout as sleep } from "node:timers/promises";

export interface UntilOptions {
  /** Milliseconds until it is given up. */
  timeout?: number;
  /** Milliseconds between two tries. */
  every?: number;
  /** What is waited for, for the failure message. */
  what?: string;
}

/** A probe that takes longer has lost its page or its browser and will never answer. */
const PROBE_TIMEOUT = 10_000;

type Truthy<T> = Exclude<T, false | 0 | "" | null | undefined>;

/** The first truthy value of `probe`. Its failures count as "not yet" and the last one is told in the end. */
export async function until<T>(probe: () => T | Promise<T>, options: UntilOptions = {}): Promise<Truthy<T>> {
  const { timeout = 15_000, every = 50, what = "a condition" } = options;
  const deadline = Date.now() + timeout;
  let cause: unknown;
  while (true) {
    try {
      const value = await answer(probe, Math.min(PROBE_TIMEOUT, Math.max(deadline - Date.now(), every)));
      if (value) return value as Truthy<T>;
      cause = undefined;
    } catch (failure) {
      cause = failure;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeout} ms in vain for ${what}`, { cause });
    await sleep(every);
  }
}

async function answer<T>(probe: () => T | Promise<T>, timeout: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${timeout} ms`)), timeout);
  });
  try {
    return await Promise.race([probe(), late]);
  } finally {
    clearTimeout(timer);
  }
}
