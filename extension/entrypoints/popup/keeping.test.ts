import { expect, it } from "vitest";
import type { Kept } from "../../protocol/protocol";
import { keptWords } from "./keeping";

const NOW = Date.UTC(2026, 10, 22);
const IN_40_MINUTES = NOW + 40 * 60_000;

it.each<[Partial<Kept>, string]>([
  [{ storedNodes: null, nextAt: IN_40_MINUTES }, "Kept alive from here, soon for the first time."],
  [
    { storedNodes: 8, nextAt: IN_40_MINUTES },
    "Kept alive from here: 8 nodes have it, put again in 40 minutes.",
  ],
  [{ storedNodes: 1, nextAt: null }, "Kept alive from here: 1 node has it."],
  [
    { own: true, storedNodes: 8, nextAt: IN_40_MINUTES },
    "Published from here: 8 nodes have it, put again in 40 minutes.",
  ],
  [{ storedNodes: 8, nextAt: NOW - 60_000 }, "Kept alive from here: 8 nodes have it."],
])("says of %j how it is kept", (kept, words) => {
  expect(keptWords({ own: false, storedNodes: null, lastAt: null, nextAt: null, ...kept }, NOW)).toBe(words);
});
