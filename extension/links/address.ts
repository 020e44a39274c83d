/**
 * Links to keys: what a page writes as `pk:<key>/path`, and the web address that opens it; and the way back, for
 * those who want to pass a link on.
 *
 * `pubky<key>` without a colon is what people write and say; in a link it is a path of the page's own site.
 */

import { keyHostOf, leadsToKeyHost } from "../key/key";
import { type Scheme, typedAddress } from "../key/search";

const KEY_SCHEME = /^\s*(?:web\+)?(?=(?:pk|pubky):)/i;

/** More than this is no key that somebody selected. */
export const SELECTION_LIMIT = 2_000;

/** The web address meant by a `pk:`, `pubky:` or `web+pk:` link, or null for any other link. */
export function linkAddress(href: string, scheme: Scheme): string | null {
  return KEY_SCHEME.test(href) ? typedAddress(href.replace(KEY_SCHEME, ""), scheme) : null;
}

/** The key host that a link leads to, whichever way it is written, or null. */
export function linkedHost(href: string): string | null {
  const address = linkAddress(href, "http") ?? (leadsToKeyHost(href) ? href : null);
  return address && (keyHostOf(address)?.host ?? null);
}

/** The address of a key host as `pk:`, the way it is passed on; null for any other address. */
export function asPk(address: string): string | null {
  const url = URL.parse(address);
  const at = url && keyHostOf(url);
  if (!at) return null;
  const rest = url.pathname + url.search + url.hash;
  return `pk:${at.host}${url.port && `:${url.port}`}${rest === "/" ? "" : rest}`;
}

/** The address that a selected text means, and the key host in it; null if it is not a key and nothing else. */
export function selectedKey(text: string, scheme: Scheme): { address: string; host: string } | null {
  if (text.length > SELECTION_LIMIT) return null;
  const address = linkAddress(text, scheme) ?? typedAddress(text, scheme);
  const host = address && keyHostOf(address)?.host;
  return host ? { address, host } : null;
}
