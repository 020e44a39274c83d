import { beforeEach, expect, it, vi } from "vitest";
import type { HostSession } from "../host/session";
import type { Https } from "../https/https";
import type { NameDesk } from "../names/desk";
import { Answers } from "./answers";
import type { Conductor } from "./conductor";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const ORIGIN = "chrome-extension://own";

type Listener = (message: object, sender: object, reply: (answer: unknown) => void) => unknown;
const stage = vi.hoisted(() => ({ listener: null as Listener | null }));

vi.mock("wxt/browser", () => ({
  browser: {
    runtime: {
      id: "own",
      onMessage: { addListener: (listener: Listener) => Object.assign(stage, { listener }) },
      onConnect: { addListener: () => {} },
    },
    tabs: { onRemoved: { addListener: () => {} } },
  },
}));

const note = vi.fn();
const names = { answer: vi.fn(), opened: { note } };
const session = {
  state: { kind: "ready" },
  request: async () => ({
    endpoints: [{ kind: "address", address: "192.0.2.1", port: 80, tls: false, allowed: true }],
  }),
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
