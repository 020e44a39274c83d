/** What is known of the host program: one of these at any time. */

import type { GatewayResult, HelloResult, RpcError } from "../protocol/protocol";

export type HostState =
  /** Starting, or back in a moment. */
  | { kind: "connecting" }
  /** Said hello and runs the gateway. */
  | { kind: "ready"; hello: HelloResult; gateway: GatewayResult }
  /** The browser knows no program of this name. */
  | { kind: "missing" }
  /** The program is registered, but not for this extension, or a policy forbids it. */
  | { kind: "forbidden" }
  /** Said hello, but lacks what this extension needs. */
  | { kind: "tooOld"; version: string }
  /** Said hello and is so new that it no longer does what this extension needs. */
  | { kind: "tooNew"; version: string }
  /** Can't be started, or ended without being asked; `repeatedly`: several times in a row. */
  | { kind: "crashed"; how: Crash; detail: string | null; repeatedly: boolean }
  /** Runs, but does not do what it was asked. */
  | { kind: "failed"; error: RpcError };

export type Crash =
  /** The browser could not start it. */
  | "notStarted"
  /** It ended by itself. */
  | "ended"
  /** What it wrote was no message. */
  | "garbled";

/** A connection that came to an end, or attempts that led to none. */
export interface Disconnect {
  /** Milliseconds since 1970; of the last attempt. */
  at: number;
  /** How many attempts in a row ended this way. */
  times: number;
  /** How it was classified. */
  problem: HostProblem;
  /** Whether the host had been working before. */
  worked: boolean;
}

export type HostProblem = Exclude<HostState, { kind: "connecting" } | { kind: "ready" }>;
