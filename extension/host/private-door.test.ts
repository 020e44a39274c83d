import { describe, expect, it } from "vitest";
import { type Host, PrivateDoor, stateFor } from "./private-door";
import type { HostState } from "./state";

const OLD = { version: "0.1.0", protocol: 1, capabilities: ["gateway", "resolve"] };
const HELLO = { ...OLD, capabilities: [...OLD.capabilities, "incognito"] };

function ready(hello = HELLO): HostState {
  return { kind: "ready", hello, gateway: { host: "127.0.0.1", port: 1111 } };
}

function fakeHost(state: HostState, port: () => number | Error = () => 2222) {
  const asked: [string, object][] = [];
  const host = {
    state,
    settled: async () => host.state,
    request: async (method: string, params: object) => {
      asked.push([method, params]);
      const there = port();
      if (there instanceof Error) throw there;
      return { host: "127.0.0.1", port: there };
    },
  };
  return { host: host as unknown as Host & { state: HostState }, asked };
}

describe("the door of private windows", () => {
  it("is asked for once, and again when the host is another", async () => {
    const { host, asked } = fakeHost(ready());
    const door = new PrivateDoor(host);
    const both = await Promise.all([door.gateway(0), door.gateway(0)]);
    expect(both.map((there) => there?.port)).toEqual([2222, 2222]);
    expect(asked).toEqual([["gateway", { incognito: true }]]);
    host.state = ready();
    await door.gateway(0);
    expect(asked).toHaveLength(2);
  });

  it("is not there while the host is not, or is too old", async () => {
    for (const state of [{ kind: "connecting" }, { kind: "missing" }, ready(OLD)] as HostState[]) {
      const { host, asked } = fakeHost(state);
      expect(await new PrivateDoor(host).gateway(0)).toBeNull();
      expect(asked).toEqual([]);
    }
    expect(stateFor(ready(OLD), true)).toEqual({ kind: "tooOld", version: "0.1.0" });
    expect(stateFor(ready(OLD), false).kind).toBe("ready");
    expect(stateFor(ready(), true).kind).toBe("ready");
  });

  it("is tried again where it could not be opened", async () => {
    let there: number | Error = new Error("no port");
    const { host } = fakeHost(ready(), () => there);
    const door = new PrivateDoor(host);
    expect(await door.gateway(0)).toBeNull();
    there = 2222;
    expect((await door.gateway(0))?.port).toBe(2222);
  });

  it("forgets only what may have been remembered", async () => {
    const { host, asked } = fakeHost(ready());
    const door = new PrivateDoor(host);
    await door.forget();
    expect(asked).toEqual([]);
    await door.gateway(0);
    await door.forget();
    expect(asked.at(-1)).toEqual(["forget", {}]);
  });
});
