import { describe, expect, it, vi } from "vitest";
import type { HttpsState } from "../../https/state";
import type { Endpoint, HttpsStatus } from "../../protocol/protocol";

vi.mock("wxt/browser", () => ({ browser: { storage: { local: { onChanged: { addListener: () => {} } } } } }));
const { troubleWith } = await import("./points");

const PLAIN: Endpoint = { kind: "address", address: "203.0.113.7", port: null, tls: false, allowed: true };
const PRIVATE: Endpoint = { ...PLAIN, address: "192.168.1.2", allowed: false };
const TLS: Endpoint = { ...PLAIN, tls: true };
const ICANN: Endpoint = { kind: "icann", name: "a.example", port: null };
const OFF: HttpsState = { kind: "off", status: null };
const RESTART: HttpsState = { kind: "restart", status: {} as HttpsStatus };
const ON: HttpsState = { kind: "on", status: {} as HttpsStatus };

describe("what is wrong with where a key leads", () => {
  it.each([
    ["nothing, where it leads nowhere", [], OFF, null],
    ["nothing, to a plain address", [PLAIN], OFF, null],
    ["that no address is allowed", [PRIVATE], OFF, "refused"],
    ["nothing, where another address is allowed", [PRIVATE, PLAIN], OFF, null],
    ["that https:// is off", [TLS], OFF, "tlsOff"],
    ["that the browser takes no part in it yet", [TLS], RESTART, "tlsRestart"],
    ["nothing, where https:// is on", [TLS], ON, null],
    ["nothing, to an ordinary name", [ICANN, TLS], OFF, null],
  ] as const)("%s", (_, endpoints, https, trouble) => {
    expect(troubleWith(endpoints, https)).toBe(trouble);
  });
});
