import { describe, expect, it } from "vitest";
import { duration, relativeTime } from "./time";

const NOW = Date.UTC(2026, 10, 22);

describe("times in words", () => {
  it.each([
    [0, "just now"],
    [-30, "30 seconds ago"],
    [-90, "1 minute ago"],
    [-3 * 3_600, "3 hours ago"],
    [-26 * 3_600, "yesterday"],
    [-40 * 86_400, "last month"],
    [7_500, "in 2 hours"],
  ])("%d seconds are %s", (seconds, words) => {
    expect(relativeTime(NOW + seconds * 1_000, NOW)).toBe(words);
  });

  it.each([
    [0, "0 seconds"],
    [1, "1 second"],
    [300, "5 minutes"],
    [3_600, "1 hour"],
    [86_400, "1 day"],
  ])("%d seconds last %s", (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});
