import { expect, it } from "vitest";
import { timeLeftWords } from "./time-left";

const NOW = Date.UTC(2026, 10, 22);

it.each([
  [NOW, "for another 5 minutes"],
  [NOW - 299_500, "for another 1 second"],
  [NOW - 8 * 60_000, "no longer: its time ended 3 minutes ago"],
])("an answer of 300 seconds seen at %d is valid %s", (seenAt, words) => {
  expect(timeLeftWords({ seenAt, ttl: 300 }, NOW)).toBe(words);
});
