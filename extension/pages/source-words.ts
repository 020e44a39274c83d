/** Where a packet came from, in words. A relay's address is from the settings, and shown as text all the same. */

import { say } from "../i18n/i18n";
import type { Source } from "../protocol/protocol";
import { plainText } from "./plain-text";
import { relativeTime } from "./time";

const MOMENT_MS = 5_000;

export function sourceWords(source: Source, seenAt: number, now: number): string {
  switch (source.kind) {
    case "dht":
      return source.nodes < 1 ? say("key.seenOnNetwork") : say("key.seenOnNodes", { nodes: source.nodes });
    case "relay":
      return say("key.seenByRelay", { relay: plainText(source.url) });
    case "cache":
      return rememberedWords(source.origin, seenAt, now);
  }
}

/** `origin`: who had shown it, `dht`, `published`, or a relay's address. */
export function rememberedWords(origin: string, seenAt: number, now: number): string {
  const when = Math.abs(now - seenAt) < MOMENT_MS ? say("key.momentAgo") : relativeTime(seenAt, now);
  if (origin === "dht") return say("key.rememberedFromNetwork", { when });
  if (origin === "published") return say("key.rememberedFromHere", { when });
  return say("key.rememberedFromRelay", { when, relay: plainText(origin) });
}
