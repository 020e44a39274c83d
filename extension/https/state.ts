/**
 * What is known of `https://` for keys: whether it is switched on on this machine, and whether this browser
 * takes part. The host knows the first; the second only a browser can tell, by loading the probe.
 */

import type { HelloResult, HttpsStatus } from "../protocol/protocol";

export type HttpsState =
  /** The host is not there, or is being asked. */
  | { kind: "checking" }
  /** The host is of a version that knows nothing of it. */
  | { kind: "unsupported" }
  /** Not switched on; `status` is null where the host could not say. */
  | { kind: "off"; status: HttpsStatus | null }
  /** Switched on, but this browser does not trust the root: not yet, or not at all. */
  | { kind: "restart"; status: HttpsStatus }
  /** `https://<key>/` opens in this browser. */
  | { kind: "on"; status: HttpsStatus };

/** Whether a host that said this hello knows of `https://`. */
export function supportsHttps(hello: HelloResult): boolean {
  return hello.capabilities.includes("https");
}

/** The state where the host says this, and the browser could load the probe or not. */
export function stateOf(status: HttpsStatus, trusted: boolean): HttpsState {
  if (!status.enabled) return { kind: "off", status };
  return { kind: trusted ? "on" : "restart", status };
}
