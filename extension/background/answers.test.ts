import { beforeEach, expect, it, vi } from "vitest";
import type { HostSession } from "../host/session";
import type { Https } from "../https/https";
import type { NameDesk } from "../names/desk";
import type { HostEvent } from "../protocol/protocol";
import { Answers } from "./answers";
import type { Conductor } from "./conductor";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const ORIGIN = "chrome-extension://own";

type Listener = (message: object, sender: object, reply: (answer: unknown) => void) => unknown;
type Connected = (port: object) => void;
const stage = vi.hoisted(() => ({
  listener: null as Listener | null,
  connected: null as Connected | null,
  tell: null as ((event: HostEvent) => void) | null,
}));

vi.mock("wxt/browser", () => ({
  browser: {
    runtime: {
      id: "own",
      onMessage: { addListener: (listener: Listener) => Object.assign(stage, { listener }) },
      onConnect: { addListener: (connected: Connected) => Object.assign(stage, { connected }) },
    },
    tabs: { onRemoved: { addListener: () => {} } },
  },
}));

const note = vi.fn();
const names = { answer: vi.fn(), opened: { note } };
const session = {
  state: { kind: "ready", hello: { version: "1.0.0", protocol: 1, capabilities: ["incognito"] } },
  onEvent: (tell: (event: HostEvent) => void) => Object.assign(stage, { tell }),
  request: vi.fn(async () => ({
    endpoints: [{ kind: "address", address: "192.0.2.1", port: 80, tls: false, allowed: true }],
  })),
};

beforeEach(() => {
  vi.stubGlobal("location", { origin: ORIGIN });
  new Answers(
    session as unknown as HostSession,
    {} as Https,
    { snapshot: { way: "redirect" } } as unknown as Conductor,
    null,
    names as unknown as NameDesk,
  );
});

const asked = (message: object, url = `${ORIGIN}/popup.html`): Promise<unknown> =>
  new Promise((resolve) => {
    const later = stage.listener?.(message, { id: "own", url, tab: { id: 1, incognito: false } }, resolve);
    if (later !== true) resolve("nothing");
  });

it("answers with the failure where it can't be found out", async () => {
  names.answer.mockRejectedValue(new Error("the storage is broken"));
  expect(await asked({ question: "known", key: KEY })).toEqual({
    failed: { code: -32603, message: "Error: the storage is broken" },
  });
});

it("opens a key all the same where that can't be noted", async () => {
  const failure = new Error("the storage is full");
  note.mockRejectedValue(failure);
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await asked({ question: "open", url: `http://${KEY}/x` })).toEqual({ go: "http://192.0.2.1/x" });
  await vi.waitFor(() => expect(said).toHaveBeenCalledWith(expect.any(String), failure));
  said.mockRestore();
});

it("says nothing to others", async () => {
  expect(await asked({ question: "known", key: KEY }, "https://example.com/")).toBe("nothing");
});

it("says for a private window that it is one", async () => {
  await asked({ question: "resolve", host: KEY, incognito: true });
  expect(session.request).toHaveBeenLastCalledWith("resolve", { host: KEY, incognito: true });
});

it("passes on what the host tells, to own pages only and as long as they listen", () => {
  const port = (url: string) => {
    const left: (() => void)[] = [];
    const onDisconnect = { addListener: (listener: () => void) => left.push(listener) };
    const made = { name: "events", sender: { id: "own", url }, postMessage: vi.fn(), onDisconnect };
    stage.connected?.(made);
    return { ...made, leave: () => left.forEach((listener) => void listener()) };
  };
  const page = port(`${ORIGIN}/key.html`);
  const stranger = port("https://example.com/");
  const event: HostEvent = { event: "updated", key: KEY, seq: "2" };
  stage.tell?.(event);
  page.leave();
  stage.tell?.(event);
  expect(page.postMessage).toHaveBeenCalledExactlyOnceWith(event);
  expect(stranger.postMessage).not.toHaveBeenCalled();
});
