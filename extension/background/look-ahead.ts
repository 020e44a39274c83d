/**
 * Has keys resolved that somebody may be about to open, so that the gateway finds them remembered. One at a time for
 * the whole browser; of those that wait only the newest is worth it.
 */

export class LookAhead {
  readonly #resolve: (host: string) => Promise<unknown>;
  #current: string | null = null;
  #next: string | null = null;

  constructor(resolve: (host: string) => Promise<unknown>) {
    this.#resolve = resolve;
  }

  look(host: string): void {
    if (host === this.#current) return;
    if (this.#current === null) void this.#run(host);
    else this.#next = host;
  }

  async #run(host: string): Promise<void> {
    this.#current = host;
    // Whatever is wrong with the key shows when it is opened.
    await this.#resolve(host).catch(() => {});
    this.#current = null;
    const next = this.#next;
    this.#next = null;
    if (next !== null) this.look(next);
  }
}
