import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Arming } from "./arming";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("lets a button be clicked once it was in sight long enough", () => {
  let armed = true;
  const arming = new Arming((now) => {
    armed = now;
  });
  arming.restart();
  expect(armed).toBe(false);
  vi.advanceTimersByTime(699);
  expect(armed).toBe(false);
  vi.advanceTimersByTime(1);
  expect(armed).toBe(true);
});

it("begins anew whenever it comes into sight, also in the middle", () => {
  let armed = false;
  const arming = new Arming((now) => {
    armed = now;
  });
  arming.restart();
  vi.advanceTimersByTime(600);
  arming.restart();
  vi.advanceTimersByTime(600);
  expect(armed).toBe(false);
  vi.advanceTimersByTime(100);
  expect(armed).toBe(true);
});
