/** How long an answer counts as fresh from now on, in words. */

import { say } from "../../i18n/i18n";
import { duration, relativeTime } from "../../pages/time";
import type { Resolution } from "../../protocol/protocol";

export function timeLeftWords({ seenAt, ttl }: Pick<Resolution, "seenAt" | "ttl">, now: number): string {
  const ends = seenAt + ttl * 1_000;
  if (ends <= now) return say("popup.timeOver", { when: relativeTime(ends, now) });
  return say("popup.timeLeft", { duration: duration(Math.ceil((ends - now) / 1_000)) });
}
