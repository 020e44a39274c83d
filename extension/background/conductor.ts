/**
 * Brings together what is known (the host, https://, the user's choice) and what the browser does with key hosts, and
 * tells the pages. One change is carried through before the next begins, so a page that hears "ready" can rely
 * on key hosts passing.
 */

import type { HostSession } from "../host/session";
import type { Https } from "../https/https";
import type { Interception } from "../intercept/interception";
import type { Pause } from "../intercept/pause";
import type { Scheme } from "../key/search";
import type { Snapshot } from "../messages/messages";
import { searchRescue, way } from "../settings/settings";

export class Conductor {
  readonly #session: HostSession;
  readonly #https: Https;
  readonly #interception: Interception;
  readonly #pause: Pause;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  #snapshot: Snapshot | null = null;
  #running = false;
  #changed = false;

  constructor(session: HostSession, https: Https, interception: Interception, pause: Pause) {
    this.#session = session;
    this.#https = https;
    this.#interception = interception;
    this.#pause = pause;
    session.onChange(() => this.settle());
    https.onChange(() => this.settle());
    interception.onDisturbance(() => this.settle());
    way.onChange(() => this.settle());
    searchRescue.onChange(() => this.settle());
    pause.onChange(() => this.settle());
  }

  /** The last situation that was carried through; null before the first. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  /** What an address gets that was written without: `https` where that opens key hosts. */
  get scheme(): Scheme {
    return this.#snapshot?.way === "gateway" && this.#snapshot.https.kind === "on" ? "https" : "http";
  }

  /** Calls the listener now and after every change, until the returned function is called. */
  watch(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    if (this.#snapshot) listener(this.#snapshot);
    return () => this.#listeners.delete(listener);
  }

  /** The first carried-through situation that fits, or the last one after the limit. */
  until(fits: (snapshot: Snapshot) => boolean, limitMs: number): Promise<Snapshot | null> {
    if (this.#snapshot && fits(this.#snapshot)) return Promise.resolve(this.#snapshot);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(this.#snapshot);
      };
      const listener = (snapshot: Snapshot): void => {
        if (fits(snapshot)) done();
      };
      const timer = setTimeout(done, limitMs);
      this.#listeners.add(listener);
    });
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
    const https = this.#https.state;
    const [paused, chosenWay, rescue] = await Promise.all([
      this.#pause.known(),
      way.get(),
      searchRescue.get(),
    ]);
    const standing = await this.#interception.apply({
      host,
      way: chosenWay,
      paused,
      searchRescue: rescue,
      https: https.kind === "on",
    });
    this.#snapshot = { host, https, paused: paused.everywhere, ...standing };
    for (const listener of [...this.#listeners]) listener(this.#snapshot);
    // Only now do requests for key hosts go to the gateway, and the probe is one. While they don't, it stays as it was.
    if (!paused.everywhere || host.kind !== "ready") this.#https.follow(host, standing.obstacle === null);
  }
}
