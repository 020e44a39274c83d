import { describe, expect, it } from "vitest";
import { bareKeys } from "./bare-keys";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

/** What of the text would become links, and where they would lead. */
const links = (text: string) => bareKeys(text).map(({ start, end, href }) => [text.slice(start, end), href]);

describe("a key in a text", () => {
  it.each([
    [KEY, KEY, `pk:${KEY}`],
    [`see ${KEY}.`, KEY, `pk:${KEY}`],
    [`(${KEY})`, KEY, `pk:${KEY}`],
    [`“${KEY}”, she said`, KEY, `pk:${KEY}`],
    [`at pk:${KEY}/a/b?c, or`, `pk:${KEY}/a/b?c`, `pk:${KEY}/a/b?c`],
    [`pubky://${KEY}/x`, `pubky://${KEY}/x`, `pk:${KEY}/x`],
    [`pubky${KEY}!`, `pubky${KEY}`, `pk:${KEY}`],
    [KEY.toUpperCase(), KEY.toUpperCase(), `pk:${KEY}`],
  ])("%s", (text, shown, href) => {
    expect(links(text)).toEqual([[shown, href]]);
  });

  it("may stand beside another", () => {
    expect(links(`${KEY} ${KEY}`)).toHaveLength(2);
  });

  it.each([
    "",
    KEY.slice(1),
    `x${KEY}`,
    `${KEY}x`,
    `${KEY}.com`,
    `me@${KEY}`,
    `${KEY}@example.com`,
    `https://example.com/${KEY}`,
    `https://example.com/?key=${KEY}`,
    `http://${KEY}/`,
    `www.${KEY}`,
    `ü${KEY}`,
  ])("%s is none, or part of something else", (text) => {
    expect(links(text)).toEqual([]);
  });

  it("is found in a long text in good time", () => {
    const began = performance.now();
    bareKeys("y".repeat(10_000));
    bareKeys(`pk:${"o/".repeat(5_000)}`);
    expect(performance.now() - began).toBeLessThan(500);
  });
});
