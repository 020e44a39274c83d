/** Where a packet came from, in words. A relay's address is from the settings, and shown as text all the same. */

import type { Source } from "../protocol/protocol";
import { plainText } from "./plain-text";
import { relativeTime } from "./time";

const MOMENT_MS = 5_000;

export function sourceWords(source: Source, seenAt: number, now: number): string {
  switch (source.kind) {
    case "dht":
      if (source.nodes < 1) return "seen on the network";
      return `seen on ${source.nodes} ${source.nodes === 1 ? "node" : "nodes"} of the network`;
    case "relay":
      return `shown by the relay ${plainText(source.url)}`;
    case "cache":
      return `remembered from ${whenSeen(seenAt, now)} (${originWords(source.origin)})`;
  }
}

function whenSeen(seenAt: number, now: number): string {
  return Math.abs(now - seenAt) < MOMENT_MS ? "a moment ago" : relativeTime(seenAt, now);
}

function originWords(origin: string): string {
  if (origin === "dht") return "the network";
  return origin === "published" ? "published from here" : `the relay ${plainText(origin)}`;
}
