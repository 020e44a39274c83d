import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Scheme } from "../key/search";
import { AHEAD_LIMIT, MOMENT_MS, Pointing, TOLD_LIMIT } from "./pointing";

beforeEach(() => {
  vi.useFakeTimers();
});

function pointing({ answer = async () => null as Scheme | null, mayLookAhead = true } = {}) {
  const told: [string, boolean][] = [];
  const page = new Pointing(
    async (host, ahead) => {
      told.push([host, ahead]);
      return answer();
    },
    () => mayLookAhead,
  );
  return { page, told };
}

describe("pointing at a link", () => {
  it("tells of it after a moment", async () => {
    const { page, told } = pointing();
    page.at("a");
    await vi.advanceTimersByTimeAsync(MOMENT_MS - 1);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual([["a", true]]);
  });

  it("tells nothing of what the pointer only crosses", async () => {
    const { page, told } = pointing();
    page.at("a");
    await vi.advanceTimersByTimeAsync(MOMENT_MS / 2);
    page.at("b");
    await vi.advanceTimersByTimeAsync(MOMENT_MS / 2);
    page.at(null);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([]);
  });

  it("tells of each once", async () => {
    const { page, told } = pointing();
    for (const host of ["a", "b", "a"]) {
      page.at(host);
      await vi.advanceTimersByTimeAsync(MOMENT_MS);
    }
    expect(told.map(([host]) => host)).toEqual(["a", "b"]);
  });

  it("waits for no moment when it is pressed", async () => {
    const { page, told } = pointing();
    page.at("a");
    page.pressed("a");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([["a", true]]);
  });

  it("tells of one at a time, and then of the last one only", async () => {
    let done = (_: Scheme | null): void => {};
    const { page, told } = pointing({ answer: () => new Promise((resolve) => (done = resolve)) });
    for (const host of ["a", "b", "c"]) page.pressed(host);
    expect(told.map(([host]) => host)).toEqual(["a"]);
    done(null);
    await vi.advanceTimersByTimeAsync(0);
    expect(told.map(([host]) => host)).toEqual(["a", "c"]);
  });

  it("looks only so many up ahead, and tells only of so many", async () => {
    const { page, told } = pointing();
    for (let count = 0; count < TOLD_LIMIT + 5; count++) {
      page.pressed(`host-${count}`);
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(told).toHaveLength(TOLD_LIMIT);
    expect(told.filter(([, ahead]) => ahead)).toHaveLength(AHEAD_LIMIT);
  });

  it("looks nothing up in a private window", async () => {
    const { page, told } = pointing({ mayLookAhead: false });
    page.pressed("a");
    expect(told).toEqual([["a", false]]);
  });

  it("learns the scheme, and keeps it while nobody answers", async () => {
    const answers: (Scheme | null)[] = ["https", null];
    const { page } = pointing({ answer: async () => answers.shift() ?? null });
    expect(page.scheme).toBe("http");
    for (const host of ["a", "b"]) {
      page.pressed(host);
      await vi.advanceTimersByTimeAsync(0);
      expect(page.scheme).toBe("https");
    }
  });
});
