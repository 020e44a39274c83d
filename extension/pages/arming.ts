/**
 * Keeps a button from being clicked before what it does can have been read: a click that lands on it the moment it
 * appears was meant for what stood there before, and a page may have brought somebody to it in mid double click.
 */

/** Nobody reads that fast. */
const READING_MS = 700;

export class Arming {
  readonly #arm: (armed: boolean) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `arm` is told when the button may be clicked, and when no more. */
  constructor(arm: (armed: boolean) => void) {
    this.#arm = arm;
  }

  /** The button came into sight: time runs from now, whatever had run before. */
  restart(): void {
    this.#arm(false);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#arm(true), READING_MS);
  }
}
