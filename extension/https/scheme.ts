/** What a key host's address gets that was written without a scheme. */

import type { Scheme } from "../key/search";
import type { Snapshot } from "../messages/messages";

/** `https` where that opens key hosts in this browser; null: nothing is known yet. */
export function schemeNow(snapshot: Pick<Snapshot, "way" | "https"> | null): Scheme {
  return snapshot?.way === "gateway" && snapshot.https.kind === "on" ? "https" : "http";
}
