import { expect, it } from "vitest";
import { keyBytes } from "./bytes";

it("reads z-base-32, the first bit first", () => {
  expect([...keyBytes("y".repeat(52))]).toEqual(Array.from({ length: 32 }, () => 0));
  expect([...keyBytes(`${"9".repeat(51)}o`)]).toEqual(Array.from({ length: 32 }, () => 255));
  expect([...keyBytes(`b${"y".repeat(51)}`)].slice(0, 2)).toEqual([0b00001000, 0]);
  expect(keyBytes(`${"y".repeat(51)}o`)[31]).toBe(1);
  expect(() => keyBytes("alice")).toThrow(RangeError);
});
