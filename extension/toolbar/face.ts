/** What the toolbar button shows for a tab: a picture, a badge, and both in words. No browser in here. */

import type { MessageId } from "../i18n/catalogue";
import { say, sayIfKnown } from "../i18n/i18n";
import { problemName } from "../i18n/problem-name";
import { plainText } from "../pages/plain-text";

/** The pictures; icons/states.ts draws them. */
export type Picture = "idle" | "verified" | "stale" | "problem" | "paused";

export interface Face {
  picture: Picture;
  badge: string;
  title: string;
}

/** How a key came out that a tab has opened. */
export type Outcome =
  /** Its records are verified; `stale`: past their time, as the network was slow or away. */
  | { kind: "verified"; stale: boolean }
  /** It did not open; `code`: why, as the program calls it, where the program said so. */
  | { kind: "failed"; code: string | null }
  /** It was opened while paused, by what DNS says. */
  | { kind: "unasked" };

export interface Sight {
  /** Null while it is not known. */
  outcome: Outcome | null;
  paused: "everywhere" | "here" | null;
  /** Whether the key may be taken for another one. */
  alike: boolean;
  /** What is wrong with the program or the extension, in words; null where all is well. */
  trouble: string | null;
}

/** Of a warning that outweighs the rest. */
const WARNING = "!";

/** The button of tabs without a key. */
export function commonFace(paused: boolean, trouble: string | null): Face {
  if (paused) return face("paused", "toolbar.paused");
  return trouble === null ? face("idle", "toolbar.idle") : told("problem", trouble);
}

/** The button of a tab that shows a key. */
export function keyFace(sight: Sight): Face {
  const plain = unwarned(sight);
  if (!sight.alike) return plain;
  // That records are signed says nothing about whose key it is.
  const picture = plain.picture === "paused" ? "paused" : "problem";
  return { picture, badge: WARNING, title: say("toolbar.alike") };
}

function unwarned({ outcome, paused, trouble }: Sight): Face {
  if (paused !== null) return face("paused", paused === "here" ? "toolbar.pausedHere" : "toolbar.paused");
  if (trouble !== null) return told("problem", trouble);
  if (outcome === null || outcome.kind === "unasked") return face("idle", "toolbar.unknown");
  if (outcome.kind === "verified") {
    return outcome.stale ? face("stale", "toolbar.stale") : face("verified", "toolbar.verified");
  }
  const why = outcome.code === null ? null : sayIfKnown(`problems.${problemName(outcome.code)}What`);
  return why === null ? face("problem", "toolbar.problem") : told("problem", why);
}

function face(picture: Picture, title: MessageId): Face {
  return { picture, badge: "", title: say(title) };
}

function told(picture: Picture, what: string): Face {
  return { picture, badge: "", title: say("toolbar.told", { what: plainText(what) }) };
}
