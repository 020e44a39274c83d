/** What is known of the host program: one of these at any time. */

import type { GatewayResult, HelloResult, RpcError } from "../protocol/protocol";

export type HostState =
  /** Starting, or back in a moment. */
  | { kind: "connecting" }
  /** Said hello and runs the gateway. */
  | { kind: "ready"; hello: HelloResult; gateway: GatewayResult }
  /** The browser knows no program of this name. */
  | { kind: "missing" }
  /** The program is registered, but not for this extension. */
  | { kind: "forbidden" }
  /** Said hello, but lacks what this extension needs. */
  | { kind: "tooOld"; version: string }
  /** Can't be started, or ended without being asked. */
  | { kind: "crashed"; detail: string | null }
  /** Runs, but does not do what it was asked. */
  | { kind: "failed"; error: RpcError };

export type HostProblem = Exclude<HostState, { kind: "connecting" } | { kind: "ready" }>;
