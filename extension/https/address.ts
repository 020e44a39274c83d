/** From `https://` to `http://` and back, for addresses of key hosts. The records decide which of the two it is. */

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
  return withScheme(address, "http:");
}

/**
 * The same page over `https://`, or null where the address has a port of its own: whoever writes one with
 * `http://` means what listens there.
 */
export function overHttps(address: string): string | null {
  return URL.parse(address)?.port === "" ? withScheme(address, "https:") : null;
}

function withScheme(address: string, scheme: "http:" | "https:"): string {
  const url = new URL(address);
  url.protocol = scheme;
  return url.href;
}
