import { describe, expect, it } from "vitest";
import { asPk, linkAddress, linkedHost, selectedKey } from "./address";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

describe("a link", () => {
  it.each([
    [`pk:${KEY}`, `http://${KEY}/`],
    [`pk:${KEY}/a/b?c=d#e`, `http://${KEY}/a/b?c=d#e`],
    [`pk://${KEY}/a`, `http://${KEY}/a`],
    [`pk:www.${KEY}:8080/`, `http://www.${KEY}:8080/`],
    [` \n PK:${KEY.toUpperCase()}/A `, `http://${KEY}/A`],
    [`pubky://${KEY}/pub/x`, `http://${KEY}/pub/x`],
    [`pubky:${KEY}`, `http://${KEY}/`],
    [`web+pk:${KEY}/a`, `http://${KEY}/a`],
    [`web+pk://${KEY}`, `http://${KEY}/`],
  ])("%s leads to %s", (href, address) => {
    expect(linkAddress(href, "http")).toBe(address);
  });

  it("leads to https:// where that opens keys", () => {
    expect(linkAddress(`pk:${KEY}/a`, "https")).toBe(`https://${KEY}/a`);
  });

  it.each([
    "",
    "pk:",
    "pk:example.com",
    `pk:example.com/${KEY}`,
    `pk:https://example.com/${KEY}`,
    `pk:me@${KEY}`,
    `pk:${KEY}.com`,
    `pk:${KEY.slice(1)}`,
    `javascript:pk:${KEY}`,
    `web+other:${KEY}`,
    // Relative to the page, or a web address already.
    KEY,
    `pubky${KEY}`,
    `http://${KEY}/`,
  ])("%s stays as it is", (href) => {
    expect(linkAddress(href, "http")).toBeNull();
  });

  it("leads to a key host, whichever way it is written", () => {
    expect(linkedHost(`pk:www.${KEY}/a`)).toBe(`www.${KEY}`);
    expect(linkedHost(`https://${KEY}:8080/a`)).toBe(KEY);
    expect(linkedHost(`https://example.com/${KEY}`)).toBeNull();
    expect(linkedHost(KEY)).toBeNull();
  });
});

describe("an address to pass on", () => {
  it.each([
    [`http://${KEY}/`, `pk:${KEY}`],
    [`https://www.${KEY}/a/b?c=d#e`, `pk:www.${KEY}/a/b?c=d#e`],
    [`http://${KEY}:8080/`, `pk:${KEY}:8080`],
    [`http://${KEY}/?a`, `pk:${KEY}/?a`],
    [`http://user:secret@${KEY}./`, `pk:${KEY}`],
  ])("%s is %s", (address, pk) => {
    expect(asPk(address)).toBe(pk);
    expect(linkAddress(pk, "http")).not.toBeNull();
  });

  it("is none of another site", () => {
    expect(asPk(`https://example.com/${KEY}`)).toBeNull();
    expect(asPk(`pk:${KEY}`)).toBeNull();
    expect(asPk("")).toBeNull();
  });
});

describe("a selection", () => {
  it.each([
    KEY,
    `  ${KEY.toUpperCase()}\n`,
    `pk:${KEY}`,
    `web+pk:${KEY}`,
    `pubky${KEY}`,
    `pubky://${KEY}/`,
    `http://${KEY}/`,
  ])("%s is a key", (text) => {
    expect(selectedKey(text, "http")).toEqual({ address: `http://${KEY}/`, host: KEY });
  });

  it.each(["", "a word", `see ${KEY}`, `${KEY} ${KEY}`, `${KEY}/${"a".repeat(2_000)}`])(
    "%s is none",
    (text) => {
      expect(selectedKey(text, "http")).toBeNull();
    },
  );

  it("opens with https:// where that opens keys", () => {
    expect(selectedKey(KEY, "https")?.address).toBe(`https://${KEY}/`);
  });
});
