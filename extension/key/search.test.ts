import { describe, expect, it } from "vitest";
import { searchedAddress, typedAddress } from "./search";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

describe("what a person types", () => {
  it.each([
    [KEY, `http://${KEY}/`],
    [` ${KEY.toUpperCase()} `, `http://${KEY}/`],
    [`www.${KEY}`, `http://www.${KEY}/`],
    [`${KEY}/path?x=1#y`, `http://${KEY}/path?x=1#y`],
    [`${KEY}:8080`, `http://${KEY}:8080/`],
    [`pk:${KEY}`, `http://${KEY}/`],
    [`PK:${KEY}/A/b`, `http://${KEY}/A/b`],
    [`pk://${KEY}/`, `http://${KEY}/`],
    [`pk:www.${KEY}`, `http://www.${KEY}/`],
    [`pubky${KEY}`, `http://${KEY}/`],
    [`pubky${KEY}/pub/x`, `http://${KEY}/pub/x`],
    [`pubky://${KEY}/pub/x`, `http://${KEY}/pub/x`],
    [`pubky:${KEY}`, `http://${KEY}/`],
    [`http://${KEY}/x`, `http://${KEY}/x`],
    [`https://${KEY}`, `https://${KEY}/`],
  ])("%s means %s", (typed, address) => {
    expect(typedAddress(typed)).toBe(address);
  });

  it.each([
    [KEY, `https://${KEY}/`],
    [`www.${KEY}/a?b#c`, `https://www.${KEY}/a?b#c`],
    [`pk:${KEY}`, `https://${KEY}/`],
    [`pubky${KEY}`, `https://${KEY}/`],
    [`${KEY}:8080`, `http://${KEY}:8080/`],
    [`http://${KEY}/x`, `http://${KEY}/x`],
  ])("%s means %s where that opens", (typed, address) => {
    expect(typedAddress(typed, "https")).toBe(address);
  });

  it.each([
    "",
    "pk:",
    KEY.slice(1),
    `x${KEY}`,
    `what is ${KEY}`,
    `${KEY} pkarr`,
    `me@${KEY}`,
    `https://example.com/${KEY}`,
    `${KEY}.com`,
    `javascript:${KEY}`,
    `"${KEY}"`,
  ])("%s is not the name of a key host", (typed) => {
    expect(typedAddress(typed)).toBeNull();
  });
});

describe("a search for a key", () => {
  it.each([
    [`https://duckduckgo.com/?q=${KEY}&t=x`, `http://${KEY}/`],
    [`https://www.google.com/search?client=x&q=pk%3A${KEY}&ie=UTF-8`, `http://${KEY}/`],
    [`https://www.google.com/search?q=pk%3A%2F%2F${KEY}%2F`, `http://${KEY}/`],
    [`https://www.bing.com/search?q=pk:${KEY}/a+b`, `http://${KEY}/a%20b`],
    [`https://search.yahoo.com/search?p=+${KEY}+`, `http://${KEY}/`],
    [`https://yandex.com/search/?text=www.${KEY}%2Fx%3Fy%3D1`, `http://www.${KEY}/x?y=1`],
    [`https://www.baidu.com/s?wd=${KEY.toUpperCase()}`, `http://${KEY}/`],
    [`https://www.startpage.com/sp/search?query=pubky${KEY}`, `http://${KEY}/`],
    [`https://en.wikipedia.org/w/index.php?search=pubky%3A%2F%2F${KEY}`, `http://${KEY}/`],
  ])("%s means %s", (search, address) => {
    expect(searchedAddress(search)).toBe(address);
  });

  it("is for https:// where that opens", () => {
    expect(searchedAddress(`https://duckduckgo.com/?q=pk:${KEY}`, "https")).toBe(`https://${KEY}/`);
  });

  it.each([
    `https://duckduckgo.com/?q=what+is+${KEY}`,
    `https://duckduckgo.com/?q=x${KEY}`,
    `https://explorer.example/?key=${KEY}`,
    `https://explorer.example/${KEY}`,
    `http://${KEY}/?q=${KEY}`,
    `ftp://example.com/?q=${KEY}`,
    "https://duckduckgo.com/?q=weather",
  ])("%s is left alone", (search) => {
    expect(searchedAddress(search)).toBeNull();
  });
});
