/**
 * The contract between the extension and the host program, protocol 1: JSON-RPC 2.0 over native messaging.
 *
 * The types are made from the host's own (generated.ts); which method takes and gives which is said here.
 */

import type {
  GatewayParams,
  GatewayResult,
  HelloParams,
  HelloResult,
  Resolution,
  ResolveParams,
  StatusResult,
} from "./generated";

export type {
  Endpoint,
  GatewayResult,
  HelloResult,
  RecordView,
  Resolution,
  RpcError,
  Source,
  StatusResult,
} from "./generated";

export interface Methods {
  hello: { params: HelloParams; result: HelloResult };
  gateway: { params: GatewayParams; result: GatewayResult };
  resolve: { params: ResolveParams; result: Resolution };
  status: { params: Record<never, never>; result: StatusResult };
}

export type Method = keyof Methods;
