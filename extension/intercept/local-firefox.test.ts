import { describe, expect, it } from "vitest";
import type { AnsweredRequest, AnyRequest } from "../browser/firefox";
import * as local from "./local-firefox";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const PAGE = `http://www.${KEY}/page`;
const TABS: Record<number, string | undefined> = {
  1: PAGE,
  2: "https://example.com/",
  3: "blob:null/5d8b1f4e-6c1e-4a6e-9a3b-70a5c0de0001",
  4: "about:blank",
  5: "data:text/html,x",
  6: undefined,
  7: `blob:http://${KEY}/5d8b1f4e-6c1e-4a6e-9a3b-70a5c0de0001`,
  8: "blob:https://example.com/5d8b1f4e-6c1e-4a6e-9a3b-70a5c0de0001",
};
const tabs = (open: number[] = Object.keys(TABS).map(Number)): local.Tabs => ({
  url: async (tabId) => {
    if (!(tabId in TABS)) throw new Error("no such tab");
    return TABS[tabId];
  },
  urls: async () => open.map((tabId) => TABS[tabId]),
});
const judgeRequest = (request: Omit<AnyRequest, "tabId">, tabId = 2, open?: number[]) =>
  local.judgeRequest({ tabId, ...request }, tabs(open));
const judgeAnswer = (request: Omit<AnsweredRequest, "tabId">, tabId = 2) =>
  local.judgeAnswer({ tabId, ...request }, tabs());
const from = (page: string | undefined) => (page === undefined ? {} : { originUrl: page, documentUrl: page });

describe("a request of a key's page", () => {
  it.each(["xmlhttprequest", "websocket", "image", "script", "sub_frame", "beacon", "speculative"])(
    "for this machine is cancelled: %s",
    (type) => {
      expect(judgeRequest({ type, url: "http://127.0.0.1:8080/", ...from(PAGE) })).toEqual({ cancel: true });
    },
  );

  it.each(["http://localhost/", "ws://[::1]:3000/", "http://192.168.0.1/", "http://printer.local/"])(
    "for %s is cancelled",
    (url) => {
      expect(judgeRequest({ type: "image", url, ...from(PAGE) })).toEqual({ cancel: true });
    },
  );

  it.each([
    `http://${KEY}/x`,
    "https://example.com/x",
    "data:text/plain,x",
    "blob:null/x",
    "moz-extension://x/y",
  ])("for %s is not", (url) => {
    expect(judgeRequest({ type: "image", url, ...from(PAGE) })).toBeUndefined();
  });

  it.each([
    { originUrl: `https://${KEY}/x` },
    { documentUrl: PAGE },
    { originUrl: `blob:http://${KEY}/5d8b1f4e-6c1e-4a6e-9a3b-70a5c0de0001` },
    { originUrl: "https://example.com/", frameAncestors: [{ url: "https://example.com/" }, { url: PAGE }] },
  ])("is known by whoever it is for: %o", (whose) => {
    expect(judgeRequest({ type: "xmlhttprequest", url: "http://10.0.0.1/", ...whose })).toEqual({
      cancel: true,
    });
  });

  it("is known by its tab where the page is walled off", async () => {
    const request = { type: "xmlhttprequest", url: "http://10.0.0.1/" };
    expect(await judgeRequest(request, 1)).toEqual({ cancel: true });
    expect(await judgeRequest(request, 2)).toBeUndefined();
    expect(await judgeRequest(request, 8)).toBeUndefined();
    expect(await judgeAnswer({ ...request, url: "http://a.example/", ip: "10.0.0.1" }, 1)).toEqual({
      cancel: true,
    });
    expect(judgeRequest({ ...request, url: "https://example.com/" }, 1)).toBeUndefined();
  });

  it.each([
    ["a blob it made", 3],
    ["an empty page it wrote", 4],
    ["what it wrote into an address", 5],
    ["a page whose address nobody is told", 6],
    ["a blob of a page with an address", 7],
    ["a tab that is closed already", 99],
  ])("is known where the walled-off page led its tab elsewhere: %s", async (_what, tabId) => {
    const request = { type: "xmlhttprequest", url: "http://10.0.0.1/" };
    expect(await judgeRequest(request, tabId)).toEqual({ cancel: true });
    expect(await judgeAnswer({ ...request, url: "http://a.example/", ip: "10.0.0.1" }, tabId)).toEqual({
      cancel: true,
    });
  });

  it("is known without a tab while a key is open", async () => {
    const request = { type: "xmlhttprequest", url: "http://10.0.0.1/" };
    expect(await judgeRequest(request, -1, [2, 1])).toEqual({ cancel: true });
    expect(await judgeRequest(request, -1, [2, 3])).toEqual({ cancel: true });
    expect(await judgeRequest(request, -1, [2, 8])).toBeUndefined();
    expect(await judgeRequest({ ...request, url: "https://example.com/" }, -1, [1])).toBeUndefined();
  });

  it("may be for a tab", () => {
    expect(judgeRequest({ type: "main_frame", url: "http://127.0.0.1/", ...from(PAGE) })).toBeUndefined();
  });
});

describe("a request of any other page", () => {
  it.each([undefined, "https://example.com/", "http://localhost/", `https://example.com/?${KEY}`])(
    "is none of our business: %s",
    async (page) => {
      const request = { type: "xmlhttprequest", url: "http://127.0.0.1/", ...from(page) };
      expect(await judgeRequest(request)).toBeUndefined();
      expect(await judgeAnswer({ ...request, ip: "127.0.0.1" })).toBeUndefined();
    },
  );
});

describe("an answer to a key's page", () => {
  const request = { type: "xmlhttprequest", url: "https://rebound.example/", ...from(PAGE) };

  it("from the own network is cancelled", () => {
    for (const ip of ["127.0.0.1", "192.168.1.1", "::1", "fd00::1"]) {
      expect(judgeAnswer({ ...request, ip })).toEqual({ cancel: true });
    }
    expect(judgeAnswer({ ...request, ip: "10.0.0.1", proxyInfo: { type: "direct" } })).toEqual({
      cancel: true,
    });
  });

  it("from elsewhere, through a proxy or from a key is not", () => {
    expect(judgeAnswer({ ...request, ip: "93.184.216.34" })).toBeUndefined();
    expect(judgeAnswer({ ...request, ip: null })).toBeUndefined();
    expect(judgeAnswer({ ...request, ip: "127.0.0.1", proxyInfo: { type: "http" } })).toBeUndefined();
    expect(judgeAnswer({ ...request, url: `http://${KEY}/`, ip: "127.0.0.1" })).toBeUndefined();
  });
});

describe("answers", () => {
  const concerns = (request: Omit<AnyRequest, "type" | "tabId">) =>
    local.mayConcernKeys({ type: "xmlhttprequest", tabId: 2, ...request });

  it("are judged from the first request on that has to do with keys", () => {
    expect(concerns({ url: `http://${KEY}/x`, ...from("https://example.com/") })).toBe(true);
    expect(concerns({ url: "https://example.com/", ...from(PAGE) })).toBe(true);
    expect(concerns({ url: "https://example.com/" })).toBe(true);
    expect(concerns({ url: "https://example.com/x", ...from("https://example.com/") })).toBe(false);
  });
});
