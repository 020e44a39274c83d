import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetTurns, mayTurn } from "./turns";

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a tab that comes back", () => {
  it("may go to the same address three times in a row", () => {
    expect([1, 2, 3, 4].map(() => mayTurn("http://a/"))).toEqual([true, true, true, false]);
    expect(mayTurn("http://b/")).toBe(true);
  });

  it("may go again after a while, or when somebody wants it", () => {
    for (let turn = 0; turn < 3; turn += 1) mayTurn("http://a/");
    vi.advanceTimersByTime(11_000);
    expect(mayTurn("http://a/")).toBe(true);
    for (let turn = 0; turn < 3; turn += 1) mayTurn("http://a/");
    expect(mayTurn("http://a/")).toBe(false);
    forgetTurns("http://a/");
    expect(mayTurn("http://a/")).toBe(true);
  });
});
