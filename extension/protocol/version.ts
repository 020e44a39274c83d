/** What this extension speaks, and the least it needs of the host program. */

import type { HelloResult } from "./protocol";

export const PROTOCOL = 1;
export const MIN_PROTOCOL = 1;
const NEEDED_CAPABILITIES = ["gateway", "resolve"];

/** Whether a host that said this hello can serve us. Newer is fine: both sides keep to what they know. */
export function isRecentEnough(hello: HelloResult): boolean {
  return (
    hello.protocol >= MIN_PROTOCOL &&
    NEEDED_CAPABILITIES.every((capability) => hello.capabilities.includes(capability))
  );
}
