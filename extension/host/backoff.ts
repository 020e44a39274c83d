/** How long to wait before the next attempt: quickly after good times, then ever longer, never in step. */

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** While somebody looks at a page that waits for the host. */
const LONGEST_ATTENDED_MS = 2_000;
const QUICK_MS = 100;

export class Backoff {
  #failures = 0;

  /** The host had been working: the next attempt may follow at once. */
  worked(): void {
    this.#failures = -1;
  }

  next(attended: boolean): number {
    const failures = this.#failures;
    this.#failures += 1;
    if (failures < 0) return spread(QUICK_MS);
    const wait = Math.min(FIRST_MS * 2 ** failures, attended ? LONGEST_ATTENDED_MS : LONGEST_MS);
    return spread(wait);
  }
}

/** Between three quarters and five quarters of it. */
function spread(ms: number): number {
  return Math.round(ms * (0.75 + Math.random() / 2));
}
