/** `https://` or `http://`: the records of a key host decide. */

import type { Endpoint } from "../protocol/protocol";

/**
 * Whether a site is to be spoken to in TLS with its key: as the first endpoint that may be gone to has it. One
 * that leads to a name of the old kind is not: the gateway sends the tab on to that name.
 */
export function asksForTls(endpoints: readonly Endpoint[]): boolean {
  const first = endpoints.find((endpoint) => endpoint.kind === "icann" || endpoint.allowed);
  return first?.kind === "address" && first.tls;
}

/**
 * The same page over `http://`. A port stays: the gateway takes it for the site's, and speaks to it as the
 * record says, in TLS or not, whatever the scheme in the address bar.
 */
export function overHttp(address: string): string {
  const url = new URL(address);
  url.protocol = "http:";
  return url.href;
}
