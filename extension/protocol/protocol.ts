/**
 * The contract between the extension and the host program, protocol 1: JSON-RPC 2.0 over native messaging.
 *
 * The types are made from the host's own (generated.ts); which method takes and gives which is said here, and
 * what each event brings.
 */

import type {
  CacheParams,
  CacheResult,
  DoctorResult,
  GatewayParams,
  GatewayResult,
  HelloParams,
  HelloResult,
  HostSettings,
  HttpsParams,
  HttpsStatus,
  KeepParams,
  Kept,
  KeyParams,
  KeyResult,
  Resolution,
  ResolveParams,
  SettingsParams,
  StatusResult,
  SystemProxy,
  UpdatedEvent,
} from "./generated";

export type {
  CacheResult,
  Endpoint,
  Finding,
  GatewayResult,
  HelloResult,
  HostSettings,
  HttpsAction,
  HttpsParams,
  HttpsStatus,
  Kept,
  KeyResult,
  Meaning,
  Policy,
  RecordView,
  Resolution,
  RpcError,
  SeenPacket,
  SettingName,
  SettingsChange,
  Source,
  StatusResult,
  SystemProxy,
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
  /** Capability `keys`. */
  key: { params: KeyParams; result: KeyResult };
  keep: { params: KeepParams; result: Kept | null };
  /** Capability `settings`. */
  settings: { params: SettingsParams; result: HostSettings };
  cache: { params: CacheParams; result: CacheResult };
  /** Capability `doctor`. */
  doctor: { params: Record<never, never>; result: DoctorResult };
  /** Capability `incognito`. */
  forget: { params: Record<never, never>; result: null };
  /** Capability `systemProxy`. */
  systemProxy: { params: Record<never, never>; result: SystemProxy };
}

export type Method = keyof Methods;

/** What the host tells unasked. */
export interface Events {
  /** `incognito`: private windows hear of it, and nobody else. */
  updated: UpdatedEvent & { incognito?: boolean };
}

export type HostEvent = { [E in keyof Events]: { event: E } & Events[E] }[keyof Events];
