/**
 * The address a page of ours stands for. Any web page can open ours with any address, so it is hostile: only
 * the address of a key host, or for searches a web address, comes out of here.
 */

import { keyHostOf } from "../key/key";
import { linkAddress } from "../links/address";

/** The key-host address after `?url=`, or null. */
export function wantedAddress(page: Location | URL): string | null {
  const url = after("url", page);
  return url && keyHostOf(url) ? url.href : null;
}

/** The web address after `?search=`, or null. */
export function turnedSearch(page: Location | URL): string | null {
  const url = after("search", page);
  return url && (url.protocol === "https:" || url.protocol === "http:") ? url.href : null;
}

/** The `web+pk:` link after `?link=`, which the browser has encoded; or null. */
export function followedLink(page: Location | URL): string | null {
  const link = new URLSearchParams(page.search).get("link");
  return link && linkAddress(link, "http") ? link : null;
}

/** As it was written, for showing what could not be used. */
export function writtenAddress(page: Location | URL): string {
  return page.search.slice(page.search.indexOf("=") + 1);
}

/** Rules append the address as it is, so everything after the first `=` belongs to it. */
function after(name: string, page: Location | URL): URL | null {
  const start = `?${name}=`;
  if (!page.search.startsWith(start)) return null;
  const written = page.search.slice(start.length) + page.hash;
  const url = URL.parse(/^[a-z]+%3A/i.test(written) ? decode(written) : written);
  return url && (url.username || url.password) ? null : url;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
