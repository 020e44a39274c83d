import { describe, expect, it } from "vitest";
import { isKey, keyHost, keyHostOf, leadsToKeyHost } from "./key";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

describe("a key", () => {
  it("is 52 characters of z-base-32 with empty padding", () => {
    expect(isKey(KEY)).toBe(true);
    expect(isKey(`${KEY.slice(0, 51)}o`)).toBe(true);
    expect(isKey(`${KEY.slice(0, 51)}b`)).toBe(false);
    expect(isKey(KEY.slice(1))).toBe(false);
    expect(isKey(`y${KEY}`)).toBe(false);
    expect(isKey(`l${KEY.slice(1)}`)).toBe(false);
    expect(isKey(`${KEY}\n`)).toBe(false);
  });
});

describe("a key host", () => {
  it("is a host name whose last label is a key", () => {
    expect(keyHost(KEY)).toEqual({ key: KEY, host: KEY });
    expect(keyHost(`a.b.${KEY}`)).toEqual({ key: KEY, host: `a.b.${KEY}` });
    expect(keyHost(`WWW.${KEY.toUpperCase()}.`)).toEqual({ key: KEY, host: `www.${KEY}` });
    expect(keyHost(`${KEY}.com`)).toBeNull();
    expect(keyHost(`${KEY}..`)).toBeNull();
    expect(keyHost("example.com")).toBeNull();
    expect(keyHost(`x${KEY}`)).toBeNull();
  });

  it("is found in web addresses only", () => {
    expect(keyHostOf(`https://u:p@www.${KEY}:8080/@x?y#z`)?.host).toBe(`www.${KEY}`);
    expect(keyHostOf(`ws://${KEY}/`)?.key).toBe(KEY);
    expect(keyHostOf(`ftp://${KEY}/`)).toBeNull();
    expect(keyHostOf(`https://example.com/http://${KEY}/`)).toBeNull();
    expect(keyHostOf("not an address")).toBeNull();
  });
});

describe("the quick look at every request", () => {
  it.each([
    `http://${KEY}/`,
    `http://${KEY}./`,
    `http://www.${KEY}:8080/p?q`,
    `http://u:p@${KEY}/`,
    `https://${KEY}`,
    `wss://a.b.${KEY}/socket`,
  ])("takes %s", (address) => {
    expect(leadsToKeyHost(address)).toBe(true);
    expect(keyHostOf(address)).not.toBeNull();
  });

  it.each([
    `https://example.com/${KEY}/`,
    `https://example.com/?http://${KEY}/`,
    `https://example.com/#x.${KEY}/`,
    `http://${KEY}.example.com/`,
    `http://${KEY}x/`,
    `http://x${KEY}/`,
    `ftp://${KEY}/`,
  ])("leaves %s", (address) => {
    expect(leadsToKeyHost(address)).toBe(false);
    expect(keyHostOf(address)).toBeNull();
  });
});
