/** What this extension speaks, and the least it needs of the host program. */

import type { HelloResult } from "./protocol";

export const PROTOCOL = 1;
export const MIN_PROTOCOL = 1;
const NEEDED_CAPABILITIES = ["gateway", "resolve"];

/** More than any version has; what is longer is not one. */
const LONGEST_VERSION = 100;

/** Whether this answer is a hello at all: anything can be registered as a host. */
export function isHello(answer: unknown): answer is HelloResult {
  const { version, protocol, capabilities } = (answer ?? {}) as Record<string, unknown>;
  return (
    typeof version === "string" &&
    version.length <= LONGEST_VERSION &&
    typeof protocol === "number" &&
    Array.isArray(capabilities) &&
    capabilities.every((capability) => typeof capability === "string")
  );
}

/** Whether a host that said this hello can serve us. Newer is fine as long as it still does what is needed. */
export function fitOf(hello: HelloResult): "fits" | "tooOld" | "tooNew" {
  if (hello.protocol < MIN_PROTOCOL) return "tooOld";
  const able = NEEDED_CAPABILITIES.every((capability) => hello.capabilities.includes(capability));
  if (able) return "fits";
  return hello.protocol > PROTOCOL ? "tooNew" : "tooOld";
}
