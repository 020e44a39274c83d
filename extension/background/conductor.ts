/**
 * Brings together what is known (the host, the user's choice) and what the browser does with key hosts, and
 * tells the pages. One change is carried through before the next begins, so a page that hears "ready" can rely
 * on key hosts passing.
 */

import type { HostSession } from "../host/session";
import type { Interception } from "../intercept/interception";
import type { Snapshot } from "../messages/messages";
import type { Way } from "../settings/settings";

export class Conductor {
  readonly #session: HostSession;
  readonly #interception: Interception;
  readonly #chosenWay: () => Promise<Way>;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  #snapshot: Snapshot | null = null;
  #running = false;
  #changed = false;

  constructor(session: HostSession, interception: Interception, chosenWay: () => Promise<Way>) {
    this.#session = session;
    this.#interception = interception;
    this.#chosenWay = chosenWay;
    session.onChange(() => this.settle());
    interception.onDisturbance(() => this.settle());
  }

  /** The last situation that was carried through; null before the first. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  /** Calls the listener now and after every change, until the returned function is called. */
  watch(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    if (this.#snapshot) listener(this.#snapshot);
    return () => this.#listeners.delete(listener);
  }

  /** Something changed. */
  settle(): void {
    this.#changed = true;
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#changed) {
      this.#changed = false;
      try {
        await this.#carryThrough();
      } catch (error) {
        console.error("pkarr: the browser refused a change", error);
      }
    }
    this.#running = false;
  }

  async #carryThrough(): Promise<void> {
    const host = this.#session.state;
    const way = await this.#chosenWay();
    const standing = await this.#interception.apply({ host, way });
    this.#snapshot = { host, ...standing };
    for (const listener of this.#listeners) listener(this.#snapshot);
  }
}
