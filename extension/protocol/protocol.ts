/**
 * The contract between the extension and the host program, protocol 1: JSON-RPC 2.0 over native messaging.
 *
 * The Rust types in native-host/src/messaging/protocol.rs are the source; these say the same in TypeScript.
 */

export interface HelloParams {
  version: string;
  protocol: number;
}

export interface HelloResult {
  version: string;
  protocol: number;
  capabilities: string[];
}

export interface GatewayParams {
  /** The port of last time: a browser that still has it set finds the gateway where it was. */
  preferredPort?: number;
}

export interface GatewayResult {
  host: string;
  port: number;
}

export type ResolvePolicy = "cacheFirst" | "cacheOnly" | "networkOnly";

export interface ResolveParams {
  host: string;
  policy?: ResolvePolicy;
}

export interface RecordView {
  /** Written by whoever holds the key: text to show, never markup. */
  name: string;
  type: string;
  ttl: number;
  value: string;
  outOfZone: boolean;
}

export type Endpoint =
  | { kind: "address"; address: string; port: number | null; tls: boolean }
  | { kind: "icann"; name: string; port: number | null };

export type Source = { kind: "dht" } | { kind: "cache" };

export interface ResolveResult {
  key: string;
  host: string;
  seq: string;
  signedAt: number;
  seenAt: number;
  ttl: number;
  source: Source;
  warnings: string[];
  size: number;
  records: RecordView[];
  endpoints: Endpoint[];
}

export type StatusParams = Record<string, never>;

export interface StatusResult {
  version: string;
  protocol: number;
  uptimeMs: number;
  gatewayPort: number | null;
  dht: { bootstrapped: boolean; nodes: number };
  dataDir: string;
}

export interface RpcError {
  code: number;
  /** One sentence of what happened. */
  message: string;
  data?: {
    /** The stable name of the error, the same in every face. */
    code: string;
    /** One sentence of what to do. */
    todo: string;
  };
}

/** Each method with what it takes and gives. */
export interface Methods {
  hello: { params: HelloParams; result: HelloResult };
  gateway: { params: GatewayParams; result: GatewayResult };
  resolve: { params: ResolveParams; result: ResolveResult };
  status: { params: StatusParams; result: StatusResult };
}

export type Method = keyof Methods;
