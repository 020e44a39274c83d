/** How the connection of a tab to a key's site is protected, in one sentence. */

import type { HttpsState } from "../https/state";
import { say } from "../i18n/i18n";
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
  if (chosen.kind === "icann") return say("key.protectedByName", { name: plainText(chosen.name) });
  if (!chosen.tls) return say("key.notProtected");
  // Where it is off, the tab shows a page of ours that says so.
  if (address.startsWith("https:") && https.kind === "on") return say("key.protectedByKey");
  // A program that knows nothing of it can't reach the site either, and the tab says so.
  if (https.kind === "unsupported") return say("key.asksForHttps");
  return say("key.protectedFromHere");
}
