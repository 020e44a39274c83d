/**
 * Keeps account of `https://` for keys, and switches it.
 *
 * Whenever the host is ready it is asked, the browser is tried with the probe, and the host is told whether
 * this browser takes part. One thing is done at a time, in the order it was asked for.
 */

import { RequestFailed } from "../host/connection";
import type { HostState } from "../host/state";
import type { HelloResult, HttpsAction, HttpsStatus, Method, Methods } from "../protocol/protocol";
import { loads, loadsSoon } from "./probe";
import { type HttpsState, stateOf, supportsHttps } from "./state";

/** What is needed of the session with the host. */
export interface Host {
  readonly state: HostState;
  request<M extends Method>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]>;
}

const UNSUPPORTED = {
  code: -32601,
  message: "This pkarr program knows nothing of https:// for keys.",
  data: { code: "https-unsupported", todo: "Install the current version." },
};

export class Https {
  readonly #host: Host;
  readonly #look: (probe: string) => Promise<boolean>;
  readonly #listeners = new Set<(state: HttpsState) => void>();
  #state: HttpsState = { kind: "checking" };
  #last: Promise<unknown> = Promise.resolve();
  /** The hello of the session that was looked at, and the probe of the root it was told to be trusted. */
  #hello: HelloResult | null = null;
  #told: string | null = null;
  #reachable = false;
  /** Whether the probe was looked for in this session. */
  #looked = false;

  constructor(host: Host, look: (probe: string) => Promise<boolean> = loads) {
    this.#host = host;
    this.#look = look;
  }

  get state(): HttpsState {
    return this.#state;
  }

  onChange(listener: (state: HttpsState) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * What was carried through: requests for key hosts go to the gateway now if `reachable`. The probe is never
   * looked for before, or its name would go wherever others go.
   */
  follow(host: HostState, reachable: boolean): void {
    if (host.kind !== "ready") {
      this.#hello = null;
      this.#become({ kind: "checking" });
      return;
    }
    if (this.#hello === host.hello && this.#reachable === reachable) return;
    if (this.#hello !== host.hello) {
      this.#told = null;
      this.#looked = false;
    }
    this.#hello = host.hello;
    this.#reachable = reachable;
    this.check().catch((failure) => console.error("pkarr: https:// could not be looked at", failure));
  }

  /** Looks again. */
  check(): Promise<HttpsState> {
    return this.#inTurn(async () => {
      try {
        return await this.#do("status");
      } catch (failure) {
        // Not there any more, or unable to say: nothing of it can be used either way.
        if (this.#state.kind === "checking" && this.#hello) this.#become({ kind: "off", status: null });
        if (!(failure instanceof RequestFailed)) throw failure;
        return this.#state;
      }
    });
  }

  /**
   * The state after another look, or as it is after the limit: a look waits for its turn, and a switch before it may
   * wait for somebody's consent.
   */
  async checked(limitMs: number): Promise<HttpsState> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<HttpsState>((resolve) => {
      timer = setTimeout(() => resolve(this.#state), limitMs);
    });
    try {
      return await Promise.race([this.check(), limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Switches it on or off on this machine. Throws RequestFailed where the host can't. */
  turn(on: boolean): Promise<HttpsState> {
    return this.#inTurn(() => this.#do(on ? "enable" : "disable"));
  }

  /** The state once it is no longer "checking", or after the limit. */
  known(limitMs: number): Promise<HttpsState> {
    if (this.#state.kind !== "checking") return Promise.resolve(this.#state);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(this.#state);
      };
      const listener = (state: HttpsState): void => {
        if (state.kind !== "checking") done();
      };
      const timer = setTimeout(done, limitMs);
      this.#listeners.add(listener);
    });
  }

  async #do(action: HttpsAction): Promise<HttpsState> {
    const { state } = this.#host;
    if (state.kind === "ready" && !supportsHttps(state.hello)) {
      if (action !== "status") throw new RequestFailed(UNSUPPORTED);
      return this.#become({ kind: "unsupported" });
    }
    const hello = this.#hello;
    const status = await this.#host.request("https", { action });
    const trusted = await this.#trusted(status, action === "enable");
    const told = trusted ? status.probe : null;
    if (told !== this.#told) {
      await this.#host.request("https", { action: "status", inUse: trusted });
      this.#told = told;
    }
    // Another session may have begun meanwhile, and is asked for itself.
    return this.#hello === hello ? this.#become(stateOf(status, trusted)) : this.#state;
  }

  async #trusted({ enabled, probe }: HttpsStatus, switched: boolean): Promise<boolean> {
    if (!enabled || probe === null || !this.#reachable) return false;
    // One probe that fails, in the rush of a start or for the moment, must not switch it off for the session.
    const patient = switched || !this.#looked || this.#state.kind === "on";
    this.#looked = true;
    const look = (): Promise<boolean> => this.#look(probe);
    return patient ? loadsSoon(look) : look();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }

  #become(state: HttpsState): HttpsState {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return this.#state;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
    return state;
  }
}
