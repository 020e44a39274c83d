/**
 * What was started and has to be stopped.
 *
 * Steps run last in, first out, each of them even when one before it failed, and also when a signal ends the process:
 * nothing this process started outlives it.
 */

type Step = () => unknown;

const live = new Set<Cleanup>();
let watching = false;
let ending = false;

/** Whether a signal is ending this process. */
export function isEnding(): boolean {
  return ending;
}

export class Cleanup {
  #steps: Step[] = [];
  #undone: Promise<void> | undefined;

  constructor() {
    live.add(this);
    watchSignals();
  }

  /** Remembers what has to happen in the end. */
  defer(step: Step): void {
    this.#steps.push(step);
  }

  /** Undoes everything, newest first; the first failure is thrown when all is done. */
  run(): Promise<void> {
    // Whoever asks while it is being done waits for the same end.
    this.#undone ??= this.#undo();
    return this.#undone;
  }

  async #undo(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step();
      } catch (failure) {
        failures.push(failure);
      }
    }
    live.delete(this);
    if (failures.length > 0) throw failures[0];
  }
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

function watchSignals(): void {
  if (watching) return;
  watching = true;
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.on(signal, async () => {
      if (ending) return;
      ending = true;
      for (const cleanup of [...live].reverse()) {
        await cleanup.run().catch((failure) => console.error(`while stopping: ${failure}`));
      }
      process.exit(128 + number);
    });
  }
}
