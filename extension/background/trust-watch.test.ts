import { beforeEach, expect, it, vi } from "vitest";
import type { Https } from "../https/https";
import type { Conductor } from "./conductor";
import { watchTrust } from "./trust-watch";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const URL_OF_KEY = `https://${KEY}/`;

type Listener = (details: object) => void;
const told = vi.hoisted(() => ({ failed: null as Listener | null, completed: null as Listener | null }));

vi.mock("wxt/browser", () => ({
  browser: {
    webRequest: {
      onErrorOccurred: { addListener: (listener: Listener) => Object.assign(told, { failed: listener }) },
      onCompleted: { addListener: (listener: Listener) => Object.assign(told, { completed: listener }) },
    },
  },
}));

const check = vi.fn();

beforeEach(() => {
  check.mockReset().mockResolvedValue({ kind: "on" });
  watchTrust({ state: { kind: "on" }, check } as unknown as Https, {} as Conductor);
});

it.each(["net::ERR_CERT_AUTHORITY_INVALID", "NS_ERROR_NET_RESET"])("looks again after %s", (error) => {
  told.failed?.({ tabId: 1, url: URL_OF_KEY, error });
  expect(check).toHaveBeenCalledOnce();
});

it.each(["net::ERR_ABORTED", "NS_BINDING_ABORTED"])("does not where the tab went elsewhere: %s", (error) => {
  told.failed?.({ tabId: 1, url: URL_OF_KEY, error });
  expect(check).not.toHaveBeenCalled();
});

it("looks again where the gateway says that it is off, and at no other page", () => {
  const completed = (value: string) =>
    told.completed?.({ tabId: 1, url: URL_OF_KEY, responseHeaders: [{ name: "pkarr-error", value }] });
  completed("no-record");
  expect(check).not.toHaveBeenCalled();
  completed("https-off");
  expect(check).toHaveBeenCalledOnce();
});

it("says so where it can't look", async () => {
  const failure = new Error("gone");
  check.mockRejectedValue(failure);
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  told.failed?.({ tabId: 1, url: URL_OF_KEY, error: "NS_ERROR_NET_RESET" });
  await vi.waitFor(() => expect(said).toHaveBeenCalledWith(expect.any(String), failure));
  said.mockRestore();
});
