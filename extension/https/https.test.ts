import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RequestFailed } from "../host/connection";
import type { HostState } from "../host/state";
import type { HttpsParams, HttpsStatus } from "../protocol/protocol";
import { type Host, Https } from "./https";

const GATEWAY = { host: "127.0.0.1", port: 4321 };
const ready = (capabilities = ["resolve", "gateway", "https"]): HostState => ({
  kind: "ready",
  hello: { version: "0.1.0", protocol: 1, capabilities },
  gateway: GATEWAY,
});
const OFF: HttpsStatus = { enabled: false, root: null, probe: null, stores: [] };
const ON: HttpsStatus = {
  enabled: true,
  root: { file: "/root.pem", fingerprint: "AB:CD", notAfter: 0 },
  probe: "probe",
  stores: [{ name: "Firefox", place: "/profile", trusts: true, others: false, failure: null }],
};

/** A host and a browser in the test's hand. */
class Stage implements Host {
  state: HostState = ready();
  status = OFF;
  trusts = false;
  looks = 0;
  asked: HttpsParams[] = [];
  failure: RequestFailed | null = null;
  /** What somebody is asked for before it is switched on. */
  consent: Promise<void> = Promise.resolve();
  readonly https = new Https(this, async () => {
    this.looks += 1;
    return this.trusts;
  });

  async request(_method: string, params: object): Promise<never> {
    const asked = params as HttpsParams;
    this.asked.push(asked);
    if (this.failure) throw this.failure;
    if (asked.action === "enable") {
      await this.consent;
      this.status = ON;
    }
    if (asked.action === "disable") this.status = OFF;
    return this.status as never;
  }

  async follow(state = this.state, reachable = true): Promise<string> {
    this.state = state;
    this.https.follow(state, reachable);
    await vi.advanceTimersByTimeAsync(100);
    return this.https.state.kind;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("https:// for keys", () => {
  it("is not known before the host is there", async () => {
    const stage = new Stage();
    expect(await stage.follow({ kind: "connecting" })).toBe("checking");
    expect(stage.asked).toEqual([]);
  });

  it("is not offered by a host that knows nothing of it", async () => {
    const stage = new Stage();
    expect(await stage.follow(ready(["resolve", "gateway"]))).toBe("unsupported");
    await expect(stage.https.turn(true)).rejects.toBeInstanceOf(RequestFailed);
    expect(stage.asked).toEqual([]);
  });

  it("is off until it is switched on, and nothing is looked for", async () => {
    const stage = new Stage();
    expect(await stage.follow()).toBe("off");
    expect(stage.looks).toBe(0);
    expect(stage.asked).toEqual([{ action: "status" }]);
  });

  it("is on where the browser can load the probe, and the host is told", async () => {
    const stage = new Stage();
    Object.assign(stage, { status: ON, trusts: true });
    expect(await stage.follow()).toBe("on");
    expect(stage.asked).toEqual([{ action: "status" }, { action: "status", inUse: true }]);
    await stage.https.check();
    expect(stage.asked).toHaveLength(3);
  });

  it("waits for a restart where it can't, and the host is told when that changes", async () => {
    const stage = new Stage();
    Object.assign(stage, { status: ON, trusts: true });
    await stage.follow();
    stage.trusts = false;
    const checked = stage.https.check();
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await checked).kind).toBe("restart");
    expect(stage.asked.at(-1)).toEqual({ action: "status", inUse: false });
    stage.trusts = true;
    expect((await stage.https.check()).kind).toBe("on");
    expect(stage.asked.at(-1)).toEqual({ action: "status", inUse: true });
  });

  it("tells the host again when another root has taken over", async () => {
    const stage = new Stage();
    Object.assign(stage, { status: ON, trusts: true });
    await stage.follow();
    stage.status = { ...ON, probe: "another" };
    expect((await stage.https.check()).kind).toBe("on");
    expect(stage.asked.slice(2)).toEqual([{ action: "status" }, { action: "status", inUse: true }]);
  });

  it("looks for the probe only once requests go to the gateway", async () => {
    const stage = new Stage();
    Object.assign(stage, { status: ON, trusts: true });
    expect(await stage.follow(stage.state, false)).toBe("restart");
    expect(stage.looks).toBe(0);
    expect(await stage.follow(stage.state, true)).toBe("on");
  });

  it("gives the browser a moment after it was switched on", async () => {
    const stage = new Stage();
    await stage.follow();
    const turned = stage.https.turn(true);
    await vi.advanceTimersByTimeAsync(500);
    stage.trusts = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await turned).kind).toBe("on");
    expect(stage.looks).toBeGreaterThan(1);
    expect((await stage.https.turn(false)).kind).toBe("off");
    expect(stage.asked.at(-1)).toEqual({ action: "status", inUse: false });
  });

  it("does not look for ever", async () => {
    const stage = new Stage();
    await stage.follow();
    const turned = stage.https.turn(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await turned).kind).toBe("restart");
    expect(stage.looks).toBeLessThan(8);
  });

  it.each([
    ["at the first look of a session", false],
    ["while it is on", true],
  ])("is not lost to one look that fails: %s", async (_when, before) => {
    const stage = new Stage();
    Object.assign(stage, { status: ON, trusts: before });
    const kind = await stage.follow();
    expect(kind).toBe(before ? "on" : "checking");
    stage.trusts = false;
    const checked = before ? stage.https.check() : null;
    await vi.advanceTimersByTimeAsync(500);
    stage.trusts = true;
    await vi.advanceTimersByTimeAsync(5_000);
    await checked;
    expect(stage.https.state.kind).toBe("on");
    expect(stage.asked).not.toContainEqual({ action: "status", inUse: false });
  });

  it("is looked at only once each time where the browser does not trust it", async () => {
    const stage = new Stage();
    stage.status = ON;
    await stage.follow();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stage.https.state.kind).toBe("restart");
    const { looks } = stage;
    await stage.https.check();
    expect(stage.looks).toBe(looks + 1);
  });

  it("does not keep anybody waiting behind a switch that takes long", async () => {
    const stage = new Stage();
    await stage.follow();
    const consent = Promise.withResolvers<void>();
    stage.consent = consent.promise;
    const turned = stage.https.turn(true);
    const checked = stage.https.checked(8_000);
    await vi.advanceTimersByTimeAsync(8_000);
    expect((await checked).kind).toBe("off");
    stage.trusts = true;
    consent.resolve();
    expect((await turned).kind).toBe("on");
    expect((await stage.https.checked(8_000)).kind).toBe("on");
  });

  it("stays as it was where the host can't switch it", async () => {
    const stage = new Stage();
    await stage.follow();
    stage.failure = new RequestFailed({ code: 13, message: "No space." });
    await expect(stage.https.turn(true)).rejects.toBe(stage.failure);
    expect(stage.https.state.kind).toBe("off");
    stage.failure = null;
    const turned = stage.https.turn(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await turned).kind).toBe("restart");
  });

  it("is off where the host can't say", async () => {
    const stage = new Stage();
    stage.failure = new RequestFailed({ code: 13, message: "No space." });
    expect(await stage.follow()).toBe("off");
    expect(stage.https.state).toEqual({ kind: "off", status: null });
  });

  it("is looked at again in each session, whose host knows nothing of the one before", async () => {
    const stage = new Stage();
    Object.assign(stage, { status: ON, trusts: true });
    await stage.follow();
    await stage.follow();
    expect(stage.asked).toHaveLength(2);
    expect(await stage.follow({ kind: "connecting" })).toBe("checking");
    expect(await stage.follow(ready())).toBe("on");
    expect(stage.asked.slice(2)).toEqual([{ action: "status" }, { action: "status", inUse: true }]);
  });

  it("is known after a while, or after the limit", async () => {
    const stage = new Stage();
    const late = stage.https.known(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await late).kind).toBe("checking");
    const known = stage.https.known(60_000);
    await stage.follow();
    expect((await known).kind).toBe("off");
  });
});
