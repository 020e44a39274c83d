/**
 * The contract between the extension and the host program, protocol 1: JSON-RPC 2.0 over native messaging.
 *
 * The types are made from the host's own (generated.ts); which method takes and gives which is said here, and
 * what each event brings.
 */

import type {
  GatewayParams,
  GatewayResult,
  HelloParams,
  HelloResult,
  HttpsParams,
  HttpsStatus,
  Resolution,
  ResolveParams,
  StatusResult,
  UpdatedEvent,
} from "./generated";

export type {
  Endpoint,
  GatewayResult,
  HelloResult,
  HttpsAction,
  HttpsParams,
  HttpsStatus,
  Policy,
  RecordView,
  Resolution,
  RpcError,
  Source,
  StatusResult,
  TrustStore,
  UpdatedEvent,
} from "./generated";

export interface Methods {
  hello: { params: HelloParams; result: HelloResult };
  gateway: { params: GatewayParams; result: GatewayResult };
  resolve: { params: ResolveParams; result: Resolution };
  status: { params: Record<never, never>; result: StatusResult };
  /** Only where hello tells of the capability `https`. */
  https: { params: HttpsParams; result: HttpsStatus };
}

export type Method = keyof Methods;

/** What the host tells unasked. */
export interface Events {
  updated: UpdatedEvent;
}

export type HostEvent = { [E in keyof Events]: { event: E } & Events[E] }[keyof Events];
