import { describe, expect, it, vi } from "vitest";
import type { HostState } from "../../host/state";
import { type CheckName, type CheckState, checks, type Facts, lacking } from "./checks";

vi.mock("wxt/browser", () => ({ browser: { i18n: { getUILanguage: () => "en" } } }));

const READY: HostState = {
  kind: "ready",
  hello: { version: "0.1.0", protocol: 1, capabilities: [] },
  gateway: { host: "127.0.0.1", port: 4321 },
};
const FACTS: Facts = {
  host: READY,
  obstacle: null,
  https: { kind: "off", status: null },
  hostAccess: true,
  privateWindows: false,
  firefox: false,
};

function states(facts: Partial<Facts>): Record<CheckName, CheckState> {
  const list = checks({ ...FACTS, ...facts });
  return Object.fromEntries(list.map(({ name, state }) => [name, state])) as Record<CheckName, CheckState>;
}

function failed(code: string): HostState {
  return { kind: "failed", error: { code: -32603, message: "No.", data: { code, todo: "Do." } } };
}

describe("the checklist", () => {
  it("lacks nothing once keys open, whatever else would be good to have", () => {
    expect(lacking(checks(FACTS))).toBe(0);
    expect(states({})).toMatchObject({ private: "optional", https: "optional" });
  });

  it.each<[string, HostState, CheckState, CheckState, CheckState]>([
    ["starting", { kind: "connecting" }, "waiting", "waiting", "waiting"],
    ["missing", { kind: "missing" }, "bad", "waiting", "waiting"],
    ["forbidden", { kind: "forbidden" }, "bad", "waiting", "waiting"],
    [
      "crashed",
      { kind: "crashed", how: "ended", detail: null, repeatedly: true },
      "bad",
      "waiting",
      "waiting",
    ],
    ["not pkarr", failed("host-nonsense"), "bad", "waiting", "waiting"],
    ["silent", failed("host-silent"), "bad", "waiting", "waiting"],
    ["too old", { kind: "tooOld", version: "0.0.1" }, "good", "bad", "waiting"],
    ["too new", { kind: "tooNew", version: "9.0.0" }, "good", "bad", "waiting"],
    ["without a gateway", failed("gateway-failed"), "good", "waiting", "bad"],
    ["there", READY, "good", "good", "good"],
  ])("points at what is wrong with a program that is %s", (_, host, program, version, gateway) => {
    expect(states({ host })).toMatchObject({ program, version, gateway });
    const wrong = checks({ ...FACTS, host }).find(({ state }) => state === "bad");
    if (wrong) expect(wrong.todo).not.toBe("");
  });

  it("counts what is left to do", () => {
    expect(lacking(checks({ ...FACTS, host: { kind: "missing" }, hostAccess: false }))).toBe(4);
    expect(lacking(checks({ ...FACTS, obstacle: "otherExtension" }))).toBe(1);
  });

  it("says where this browser allows private windows", () => {
    const words = (firefox: boolean): string | undefined =>
      checks({ ...FACTS, firefox }).find(({ name }) => name === "private")?.todo;
    expect(words(true)).not.toBe(words(false));
    expect(states({ privateWindows: true }).private).toBe("good");
  });
});
