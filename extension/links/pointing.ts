/**
 * When a link is worth telling of: somebody points at it for a moment, has the focus on it, or presses it. Each key
 * host once a page, one at a time, and only so many.
 */

import type { Scheme } from "../key/search";

/** Shorter, and the pointer is only on its way across. */
export const MOMENT_MS = 65;
/** So many key hosts of one page are looked up ahead… */
export const AHEAD_LIMIT = 8;
/** …and so many are told of at all. */
export const TOLD_LIMIT = 64;

/** Tells of a key host; resolves to the scheme to use, or null where nobody could say. */
export type Tell = (host: string, ahead: boolean) => Promise<Scheme | null>;

export class Pointing {
  readonly #tell: Tell;
  readonly #mayLookAhead: () => boolean;
  readonly #told = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  /** What was pointed at last while another was told of. */
  #next: string | null = null;
  #scheme: Scheme = "http";

  constructor(tell: Tell, mayLookAhead: () => boolean) {
    this.#tell = tell;
    this.#mayLookAhead = mayLookAhead;
  }

  /** What links to keys open with. `http` until it is known: from there the gateway sends on where it should. */
  get scheme(): Scheme {
    return this.#scheme;
  }

  /** The pointer or the focus came to a link to this key host, or with null to anything else. */
  at(host: string | null): void {
    clearTimeout(this.#timer);
    this.#next = null;
    if (host !== null && this.#isNew(host)) this.#timer = setTimeout(() => this.pressed(host), MOMENT_MS);
  }

  /** A link to this key host is being pressed: nothing to wait for. */
  pressed(host: string): void {
    clearTimeout(this.#timer);
    if (!this.#isNew(host)) return;
    if (this.#busy) this.#next = host;
    else void this.#tellOf(host);
  }

  #isNew(host: string): boolean {
    return !this.#told.has(host) && this.#told.size < TOLD_LIMIT;
  }

  async #tellOf(host: string): Promise<void> {
    this.#told.add(host);
    this.#busy = true;
    const ahead = this.#told.size <= AHEAD_LIMIT && this.#mayLookAhead();
    this.#scheme = (await this.#tell(host, ahead)) ?? this.#scheme;
    this.#busy = false;
    if (this.#next !== null) this.pressed(this.#next);
  }
}
