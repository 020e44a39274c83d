/**
 * What the script in web pages tells the background, and is told.
 *
 * A page can't speak this: there is no way in but the browser's messages between parts of the extension. Still, what
 * comes from a page's process may be anything.
 */

import { keyHost } from "../key/key";
import type { Scheme } from "../key/search";

export type Noticed =
  /** A person points at, presses or has the focus on a link to this key host; `ahead`: it may be resolved. */
  | { noticed: "link"; host: string; ahead: boolean }
  /** A person selected this, which may be a key; nothing, if it is none any more. */
  | { noticed: "selection"; text: string };

/** The answer to a link: what an address without a scheme opens with. */
export interface LinkAnswer {
  scheme: Scheme;
}

/** To the script: puts the text into the clipboard. */
export interface Copy {
  copy: string;
}

const LONGEST_HOST = 253;
const LONGEST_SELECTION = 2_000;
const LABEL = /^[a-z0-9_-]{1,63}$/;

/** The message if it is one, with the host as this extension writes it. */
export function readNoticed(message: unknown): Noticed | null {
  if (typeof message !== "object" || message === null) return null;
  const { noticed, host, ahead, text } = message as Record<string, unknown>;
  if (noticed === "selection") {
    return typeof text === "string" && text.length <= LONGEST_SELECTION ? { noticed, text } : null;
  }
  if (noticed !== "link" || typeof host !== "string" || host.length > LONGEST_HOST) return null;
  const written = keyHost(host);
  if (!written?.host.split(".").every((label) => LABEL.test(label))) return null;
  return { noticed, host: written.host, ahead: ahead === true };
}
