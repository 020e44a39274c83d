import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { NativePortEvents } from "../browser/native-port";
import { HostSession, type SessionOptions } from "./session";

const HELLO = { version: "0.1.0", protocol: 1, capabilities: ["resolve", "gateway", "status"] };

interface Request {
  id: number;
  method: string;
  params: Record<string, unknown>;
}

/** A host program in the test's hand: what it does with each request, and its port. */
class FakeHost {
  starts = 0;
  asked: Request[] = [];
  port: NativePortEvents | null = null;
  lastPort: number | undefined;
  missing = false;
  answers: Record<string, (request: Request) => object | null> = {
    hello: () => ({ result: HELLO }),
    gateway: () => ({ result: { host: "127.0.0.1", port: 4321 } }),
    resolve: ({ params }) => ({ result: { host: params.host } }),
  };

  readonly session: HostSession;

  constructor(more: Partial<SessionOptions> = {}) {
    this.session = new HostSession({
      ...more,
      version: "0.1.0",
      lastGatewayPort: async () => this.lastPort,
      keepGatewayPort: async (port) => {
        this.lastPort = port;
      },
      openPort: (events) => {
        this.starts += 1;
        this.port = events;
        if (this.missing) setTimeout(() => events.closed("Specified native messaging host not found."), 1);
        return {
          close: () => {},
          send: (message) => {
            const request = message as Request;
            this.asked.push(request);
            const answer = this.answers[request.method]?.(request);
            if (answer) setTimeout(() => events.message({ jsonrpc: "2.0", id: request.id, ...answer }), 1);
          },
        };
      },
    });
  }

  get kind(): string {
    return this.session.state.kind;
  }

  die(reason: string | null = "Native host has exited."): void {
    this.port?.closed(reason);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the session", () => {
  it("says hello first, then asks for the gateway of last time", async () => {
    const host = new FakeHost();
    host.lastPort = 1234;
    expect(host.kind).toBe("connecting");
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    expect(host.kind).toBe("ready");
    expect(host.asked.map(({ method, params }) => [method, params])).toEqual([
      ["hello", { version: "0.1.0", protocol: 1 }],
      ["gateway", { preferredPort: 1234 }],
    ]);
    expect(host.lastPort).toBe(4321);
  });

  it("starts another host when it is to start again, and waits for nothing", async () => {
    const host = new FakeHost();
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    const states: string[] = [];
    host.session.onChange(({ kind }) => states.push(kind));
    host.answers.resolve = () => null;
    const interrupted = expect(host.session.request("resolve", { host: "x" })).rejects.toMatchObject({
      error: { data: { code: "host-gone" } },
    });
    host.session.restart();
    await interrupted;
    expect(host.starts).toBe(2);
    await vi.advanceTimersByTimeAsync(10);
    expect(states).toEqual(["connecting", "ready"]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(host.starts).toBe(2);
  });

  it("starts one host alone, however often it is to start again", async () => {
    const host = new FakeHost();
    host.session.connect();
    host.session.restart();
    host.session.restart();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(host.kind).toBe("ready");
    expect(host.starts).toBe(3);
    host.die();
    expect(host.kind).toBe("connecting");
  });

  it("asks all for private windows where it is theirs, and takes no host that keeps traces", async () => {
    const host = new FakeHost({ incognito: true });
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    expect(host.kind).toBe("tooOld");
    const later = new FakeHost({ incognito: true });
    later.answers.hello = () => ({
      result: { ...HELLO, capabilities: [...HELLO.capabilities, "incognito"] },
    });
    later.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    await Promise.all([later.session.request("resolve", { host: "x" }), vi.advanceTimersByTimeAsync(10)]);
    expect(later.asked.slice(1).map(({ params }) => params)).toEqual([
      { incognito: true },
      { host: "x", incognito: true },
    ]);
  });

  it("passes requests on, and errors with their code", async () => {
    const host = new FakeHost();
    await expect(host.session.request("status", {})).rejects.toThrow("not there");
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    const resolved = host.session.request("resolve", { host: "x" });
    await vi.advanceTimersByTimeAsync(10);
    await expect(resolved).resolves.toEqual({ host: "x" });
    const error = { code: 2, message: "Nothing there.", data: { code: "no-record", todo: "Wait." } };
    host.answers.resolve = () => ({ error });
    const failed = expect(host.session.request("resolve", { host: "x" })).rejects.toMatchObject({ error });
    await vi.advanceTimersByTimeAsync(10);
    await failed;
  });

  it("gives up on a request that is not answered, or whose host has gone", async () => {
    const host = new FakeHost();
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    host.answers.resolve = () => null;
    const silent = expect(host.session.request("resolve", { host: "x" })).rejects.toThrow("did not answer");
    await vi.advanceTimersByTimeAsync(30_000);
    await silent;
    const gone = expect(host.session.request("resolve", { host: "x" })).rejects.toThrow("went away");
    host.die();
    await gone;
  });

  it("passes on what the host tells unasked, and nothing it does not know", async () => {
    const host = new FakeHost();
    const told: unknown[] = [];
    host.session.onEvent((event) => told.push(event));
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    for (const message of [
      { jsonrpc: "2.0", method: "updated", params: { key: "k", seq: "7" } },
      { jsonrpc: "2.0", method: "updated", params: { key: "k" } },
      { jsonrpc: "2.0", method: "later", params: {} },
      { jsonrpc: "2.0", method: "updated" },
    ]) {
      host.port?.message(message);
    }
    expect(told).toEqual([{ event: "updated", key: "k", seq: "7" }]);
  });

  it("comes back quickly after it had been working", async () => {
    const host = new FakeHost();
    host.session.connect();
    await vi.advanceTimersByTimeAsync(5_000);
    host.die();
    expect(host.kind).toBe("connecting");
    await vi.advanceTimersByTimeAsync(200);
    expect(host.kind).toBe("ready");
    expect(host.starts).toBe(2);
  });

  it("tries ever more rarely while the host is missing, without flickering", async () => {
    const host = new FakeHost();
    host.missing = true;
    const kinds = new Set<string>();
    host.session.onChange(({ kind }) => kinds.add(kind));
    host.session.connect();
    await vi.advanceTimersByTimeAsync(60_000);
    const inTheFirstMinute = host.starts;
    expect(inTheFirstMinute).toBeGreaterThan(4);
    expect(inTheFirstMinute).toBeLessThan(9);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(host.starts - inTheFirstMinute).toBeLessThan(8);
    expect([...kinds]).toEqual(["missing"]);
  });

  it("tries at once and often while somebody waits", async () => {
    const host = new FakeHost();
    host.missing = true;
    host.session.connect();
    await vi.advanceTimersByTimeAsync(300_000);
    const before = host.starts;
    host.session.attended = true;
    expect(host.starts).toBe(before + 1);
    host.missing = false;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(host.kind).toBe("ready");
  });

  it("does not take a host that keeps dying for a working one", async () => {
    const host = new FakeHost();
    host.answers.hello = () => {
      setTimeout(() => host.die(), 1);
      return null;
    };
    host.session.connect();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(host.session.state).toEqual({
      kind: "crashed",
      how: "ended",
      detail: "Native host has exited.",
      repeatedly: true,
    });
    expect(host.starts).toBeLessThan(9);
    expect(host.session.disconnects).toMatchObject([
      { problem: { repeatedly: false }, times: 2 },
      { problem: { repeatedly: true }, times: host.starts - 2 },
    ]);
  });

  it.each([[{ ...HELLO, protocol: 0 }], [{ ...HELLO, capabilities: ["resolve"] }]])(
    "knows a host that is too old",
    async (hello) => {
      const host = new FakeHost();
      host.answers.hello = () => ({ result: hello });
      host.session.connect();
      await vi.advanceTimersByTimeAsync(10);
      expect(host.session.state).toEqual({ kind: "tooOld", version: "0.1.0" });
    },
  );

  it("knows a host that is too new to serve it", async () => {
    const host = new FakeHost();
    host.answers.hello = () => ({ result: { version: "9.0.0", protocol: 9, capabilities: ["other"] } });
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    expect(host.session.state).toEqual({ kind: "tooNew", version: "9.0.0" });
  });

  it.each([
    [null],
    ["hello"],
    [{ version: 1, protocol: 1, capabilities: [] }],
    [{ ...HELLO, capabilities: "all" }],
  ])("knows a program that answers hello with %j", async (hello) => {
    const host = new FakeHost();
    host.answers.hello = () => ({ result: hello });
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    expect(host.session.state).toMatchObject({ kind: "failed", error: { data: { code: "host-nonsense" } } });
  });

  it("sends nothing to a gateway at a port that is none", async () => {
    const host = new FakeHost();
    host.answers.gateway = () => ({ result: { host: "127.0.0.1", port: 70_000 } });
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    expect(host.session.state).toMatchObject({ kind: "failed", error: { data: { code: "host-nonsense" } } });
    expect(host.lastPort).toBeUndefined();
  });

  it("knows a program that never says anything", async () => {
    const host = new FakeHost();
    host.answers.hello = () => null;
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(host.session.state).toMatchObject({ kind: "failed", error: { data: { code: "host-silent" } } });
  });

  it("remembers how it went: what worked and what did not", async () => {
    const host = new FakeHost();
    host.session.connect();
    await vi.advanceTimersByTimeAsync(5_000);
    host.missing = true;
    host.die();
    expect(host.session.disconnects).toMatchObject([
      { problem: { kind: "crashed" }, worked: true, times: 1 },
    ]);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(host.session.disconnects).toMatchObject([
      { problem: { kind: "crashed" } },
      { problem: { kind: "missing" }, worked: false, times: host.starts - 1 },
    ]);
  });

  it("remembers no more than anybody reads", async () => {
    const host = new FakeHost();
    let attempt = 0;
    host.answers.hello = () => {
      attempt += 1;
      return { result: { ...HELLO, version: `0.0.${attempt}`, protocol: 0 } };
    };
    host.session.connect();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(host.starts).toBeGreaterThan(20);
    expect(host.session.disconnects).toHaveLength(20);
    expect(host.session.disconnects.at(-1)).toMatchObject({ problem: { version: `0.0.${attempt}` } });
  });

  it("takes a newer host", async () => {
    const host = new FakeHost();
    host.answers.hello = () => ({
      result: { ...HELLO, protocol: 7, capabilities: [...HELLO.capabilities, "more"] },
    });
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    expect(host.kind).toBe("ready");
  });

  it("tells what a host says that has no gateway", async () => {
    const host = new FakeHost();
    const error = { code: 11, message: "No port.", data: { code: "gateway-failed", todo: "Free one." } };
    host.answers.gateway = () => ({ error });
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    expect(host.session.state).toEqual({ kind: "failed", error });
  });

  it("looks after the gateway when told it did not serve", async () => {
    const host = new FakeHost();
    host.session.connect();
    await vi.advanceTimersByTimeAsync(10);
    host.answers.gateway = () => ({ result: { host: "127.0.0.1", port: 5555 } });
    const checked = host.session.checkGateway();
    await vi.advanceTimersByTimeAsync(10);
    await checked;
    expect(host.session.state).toMatchObject({ kind: "ready", gateway: { port: 5555 } });
  });

  it("is settled when it is no longer connecting, or after the limit", async () => {
    const host = new FakeHost();
    host.answers.hello = () => null;
    host.session.connect();
    const settled = host.session.settled(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await settled).kind).toBe("connecting");
    const later = host.session.settled(60_000);
    host.die(null);
    expect((await later).kind).toBe("crashed");
  });

  it("survives a port that can't be opened", async () => {
    const session = new HostSession({
      version: "0.1.0",
      lastGatewayPort: async () => undefined,
      keepGatewayPort: async () => {},
      openPort: () => {
        throw new Error("no native messaging here");
      },
    });
    session.connect();
    expect(session.state.kind).toBe("crashed");
  });
});
