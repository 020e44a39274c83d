/**
 * The proxy script (PAC) Chromium runs for each request.
 *
 * Key hosts go to the gateway and nowhere else: no fall-back to a direct connection, no DNS query. All other
 * hosts go where they went before us, as intercept/proxy-before.ts has carried it over.
 */

import { KEY_PATTERN } from "../key/key";

/** A proxy that can't be there: port 1 is privileged and nobody's. Requests fail rather than leak. */
export const DEAD_END = "127.0.0.1:1";

/**
 * `others` is the source of a function that takes (url, host) and says where all other hosts go; those of `leftAlone`,
 * which are keys, go there too.
 */
export function pacScript(gateway: string, others: string, leftAlone: readonly string[] = []): string {
  return `// pkarr: key hosts go to the gateway, all others where they went before.
var others = ${others};
var keyHost = /^(?:.*\\.)?(${KEY_PATTERN})\\.?$/;
var leftAlone = ${JSON.stringify(leftAlone)};
function FindProxyForURL(url, host) {
  var key = keyHost.exec(host.toLowerCase());
  if (key && leftAlone.indexOf(key[1]) < 0) return "PROXY ${gateway}";
  return others(url, host);
}
`;
}
