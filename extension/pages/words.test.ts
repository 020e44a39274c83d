import { describe, expect, it, vi } from "vitest";
import type { HostState } from "../host/state";
import type { Obstacle } from "../intercept/interception";
import { hostWords, obstacleWords } from "./words";

vi.mock("wxt/browser", () => ({ browser: { i18n: { getUILanguage: () => "en" } } }));

const ERROR = { code: 11, message: "No port.", data: { code: "gateway-failed", todo: "Free one." } };

const PROBLEMS: [string, HostState][] = [
  ["host-missing", { kind: "missing" }],
  ["host-forbidden", { kind: "forbidden" }],
  ["host-too-old", { kind: "tooOld", version: "0.0.1" }],
  ["host-too-new", { kind: "tooNew", version: "9.0.0" }],
  ["host-crashed", { kind: "crashed", how: "notStarted", detail: null, repeatedly: false }],
  ["host-crashed", { kind: "crashed", how: "ended", detail: null, repeatedly: false }],
  ["host-crashed", { kind: "crashed", how: "garbled", detail: null, repeatedly: false }],
  ["host-crashed", { kind: "crashed", how: "ended", detail: null, repeatedly: true }],
  ["gateway-failed", { kind: "failed", error: ERROR }],
];

describe("the words for the program", () => {
  it.each(PROBLEMS)("%s: %j has a remedy of its own", (code, state) => {
    const words = hostWords(state);
    expect(words.code).toBe(code);
    for (const text of [words.title, words.what, words.todo]) expect(text).toMatch(/^[^{}]{5,}$/);
  });

  it("are different for each problem", () => {
    expect(new Set(PROBLEMS.map(([, state]) => hostWords(state).what)).size).toBe(PROBLEMS.length);
  });

  it("name the version, made harmless", () => {
    expect(hostWords({ kind: "tooOld", version: "1\u202e.0" }).what).toContain("1\u{fffd}.0");
  });

  it("keep what the browser said", () => {
    const state = {
      kind: "crashed",
      how: "ended",
      detail: "Native host has exited.",
      repeatedly: false,
    } as const;
    expect(hostWords(state).detail).toBe("Native host has exited.");
  });

  it("always say what to do about a failure", () => {
    expect(hostWords({ kind: "failed", error: { code: -32603, message: "Odd." } }).todo).not.toBe("");
  });
});

it.each(["noHostAccess", "otherExtension", "policy"] satisfies Obstacle[])("%s has a remedy", (obstacle) => {
  const { title, what, todo } = obstacleWords(obstacle);
  for (const text of [title, what, todo]) expect(text).toMatch(/^[^{}]{5,}$/);
});
