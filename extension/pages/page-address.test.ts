import { describe, expect, it } from "vitest";
import { turnedSearch, wantedAddress } from "./page-address";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const page = (rest: string): URL =>
  new URL(`chrome-extension://lgefegacnbcimpjhcdiipjjboabmnjfd/open.html${rest}`);

describe("the address a page stands for", () => {
  it("is a key host's, as it was", () => {
    expect(wantedAddress(page(`?url=http://www.${KEY}:8080/p?a=1&b=2#c`))).toBe(
      `http://www.${KEY}:8080/p?a=1&b=2#c`,
    );
    expect(wantedAddress(page(`?url=${encodeURIComponent(`http://${KEY}/?a=%20`)}`))).toBe(
      `http://${KEY}/?a=%20`,
    );
  });

  it.each([
    "",
    "?url=",
    "?url=https://example.com/",
    `?url=javascript:alert(1)//${KEY}`,
    `?url=data:text/html,${KEY}`,
    `?url=http://u:p@${KEY}/`,
    `?url=chrome-extension://${KEY}/`,
    `?x=1&url=http://${KEY}/`,
    "?url=http%3A%2F%2F%",
  ])("is nothing else: %s", (rest) => {
    expect(wantedAddress(page(rest))).toBeNull();
  });

  it("may be a search", () => {
    expect(turnedSearch(page("?search=https://duckduckgo.com/?q=a&t=b"))).toBe(
      "https://duckduckgo.com/?q=a&t=b",
    );
    expect(turnedSearch(page("?search=javascript:alert(1)"))).toBeNull();
    expect(turnedSearch(page("?search=file:///etc/passwd"))).toBeNull();
  });
});
