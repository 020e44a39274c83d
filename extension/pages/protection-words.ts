/** How the connection of a tab to a key's site is protected, in one sentence. */

import type { HttpsState } from "../https/state";
import type { Endpoint } from "../protocol/protocol";
import { plainText } from "./plain-text";

/** The endpoint that is gone to: the first one that may be. */
export function chosenEndpoint(endpoints: readonly Endpoint[]): Endpoint | null {
  return endpoints.find((endpoint) => endpoint.kind === "icann" || endpoint.allowed) ?? null;
}

/** Empty where the key leads nowhere. `address`: what the tab shows. */
export function protectionWords(address: string, endpoints: readonly Endpoint[], https: HttpsState): string {
  const chosen = chosenEndpoint(endpoints);
  if (!chosen) return "";
  if (chosen.kind === "icann") return `https:// with the certificate of ${plainText(chosen.name)}`;
  if (!chosen.tls) return "not encrypted: plain http:// to the site";
  // Where it is off, the tab shows a page of ours that says so.
  if (address.startsWith("https:") && https.kind === "on") return "https:// with the key itself";
  // A program that knows nothing of it can't reach the site either, and the tab says so.
  if (https.kind === "unsupported") return "the site asks for https://";
  return "encrypted with the key from this computer on";
}
