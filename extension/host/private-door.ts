/**
 * The gateway's door for private windows where one background serves all windows (Firefox): opened when a private
 * window first needs it, and what was looked up behind it forgotten with the last of them. Its cache is in memory only.
 *
 * In Chromium private windows have a background of their own, whose whole session is theirs (host/session.ts).
 */

import type { GatewayResult, HelloResult, Method, Methods } from "../protocol/protocol";
import type { HostState } from "./state";

/** What is needed of the session with the host. */
export interface Host {
  readonly state: HostState;
  settled(limitMs: number): Promise<HostState>;
  request<M extends Method>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]>;
}

/** Whether the host has a door for private windows. */
export function hasPrivateDoor(hello: HelloResult): boolean {
  return hello.capabilities.includes("incognito");
}

/** The state as it is for a window: a host that would write down what private windows look up is too old for them. */
export function stateFor(state: HostState, incognito: boolean): HostState {
  if (!incognito || state.kind !== "ready" || hasPrivateDoor(state.hello)) return state;
  return { kind: "tooOld", version: state.hello.version };
}

export class PrivateDoor {
  readonly #host: Host;
  /** The ordinary door of the time it was opened: when that is opened anew, so is this. */
  #opened: { beside: GatewayResult; door: Promise<GatewayResult | null> } | null = null;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Null where there is none, or not within the limit. */
  async gateway(limitMs: number): Promise<GatewayResult | null> {
    const state = stateFor(await this.#host.settled(limitMs), true);
    if (state.kind !== "ready") return null;
    if (this.#opened?.beside !== state.gateway) {
      const door = this.#host.request("gateway", { incognito: true }).catch(() => null);
      const opened = { beside: state.gateway, door };
      this.#opened = opened;
      door.then((there) => {
        // Whoever asks next tries again.
        if (!there && this.#opened === opened) this.#opened = null;
      });
    }
    return this.#opened?.door ?? null;
  }

  /** No private window is left. */
  async forget(): Promise<void> {
    const { state } = this.#host;
    if (!this.#opened || state.kind !== "ready") return;
    await this.#host.request("forget", {});
  }
}
