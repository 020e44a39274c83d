/** The redirect way: from the endpoints of a key host to the address a tab goes to. */

import { keyHostOf } from "../key/key";
import type { Endpoint } from "../protocol/protocol";

/**
 * The address in place of a key-host address: the first endpoint a browser can open by itself. Null if there
 * is none: an endpoint that speaks TLS with the key needs the gateway, and one in a private network must be
 * allowed in the host's settings.
 */
export function addressInstead(wanted: URL, endpoints: readonly Endpoint[]): string | null {
  for (const endpoint of endpoints) {
    const address = atEndpoint(wanted, endpoint);
    if (address) return address;
  }
  return null;
}

function atEndpoint(wanted: URL, endpoint: Endpoint): string | null {
  const rest = wanted.pathname + wanted.search + wanted.hash;
  if (endpoint.kind === "icann") {
    return webAddress("https", endpoint.name, endpoint.port, rest);
  }
  if (endpoint.tls || !endpoint.allowed) return null;
  const host = endpoint.address.includes(":") ? `[${endpoint.address}]` : endpoint.address;
  // As the gateway has it: the address's port wins over the record's.
  const port = wanted.port ? Number(wanted.port) : endpoint.port;
  return webAddress("http", host, port, rest);
}

/** Built with care for what a record's owner may have put into a name: it stays a host name or is refused. */
function webAddress(scheme: string, host: string, port: number | null, rest: string): string | null {
  if (/[/?#@\\\s]/.test(host)) return null;
  const url = URL.parse(`${scheme}://${host}${port === null ? "" : `:${port}`}`);
  if (!url || keyHostOf(url)) return null;
  return URL.parse(url.origin + rest)?.href ?? null;
}
