/**
 * Keys and key hosts, as far as a browser needs them.
 *
 * A key is 52 characters of z-base-32; the last one carries four padding bits that must be zero, so it is `y`
 * or `o`. A key host is a host name whose last label is a key. Whether the 32 bytes are a usable Ed25519 key
 * is for the host program to say: this module only tells key hosts from everything else, and never takes an
 * ICANN name for one (no top-level domain is longer than 24 characters).
 */

/** The z-base-32 alphabet, in the order of its values. */
export const ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769";

/** A key and nothing else, as the source of a regular expression. Lower case. */
export const KEY_PATTERN = `[${ALPHABET}]{51}[yo]`;

const KEY = new RegExp(`^${KEY_PATTERN}$`);
const KEY_HOST_URL = new RegExp(`^(?:https?|wss?)://(?:[^/?#]*[.@])?${KEY_PATTERN}\\.?(?::\\d*)?(?:[/?#]|$)`);
const WEB_SCHEMES = new Set(["http:", "https:", "ws:", "wss:"]);

export interface KeyHost {
  /** The key: the host's last label. */
  readonly key: string;
  /** The whole host name, lower case, without a final dot. */
  readonly host: string;
}

export function isKey(text: string): boolean {
  return KEY.test(text);
}

/** The key host a host name spells, or null. */
export function keyHost(hostname: string): KeyHost | null {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  const key = host.slice(host.lastIndexOf(".") + 1);
  return isKey(key) ? { key, host } : null;
}

/** The key host a web address leads to, or null. */
export function keyHostOf(address: string | URL): KeyHost | null {
  const url = typeof address === "string" ? URL.parse(address) : address;
  return url && WEB_SCHEMES.has(url.protocol) ? keyHost(url.hostname) : null;
}

/**
 * Whether an address the browser has already normalised leads to a key host. One regular expression that
 * gives up at once on any other host: in Firefox it runs for every request of every page.
 */
export function leadsToKeyHost(address: string): boolean {
  return KEY_HOST_URL.test(address);
}
