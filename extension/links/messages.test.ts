import { describe, expect, it } from "vitest";
import { readNoticed } from "./messages";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

describe("what comes from a page's process", () => {
  it("is a link to a key host", () => {
    expect(readNoticed({ noticed: "link", host: `WWW.${KEY}.`, ahead: true })).toEqual({
      noticed: "link",
      host: `www.${KEY}`,
      ahead: true,
    });
    expect(readNoticed({ noticed: "link", host: KEY, ahead: "yes" })).toMatchObject({ ahead: false });
  });

  it("is a selection", () => {
    expect(readNoticed({ noticed: "selection", text: KEY })).toEqual({ noticed: "selection", text: KEY });
  });

  it.each([
    null,
    "link",
    {},
    { question: "status" },
    { noticed: "link" },
    { noticed: "link", host: "example.com" },
    { noticed: "link", host: `*.${KEY}` },
    { noticed: "link", host: `a/b.${KEY}` },
    { noticed: "link", host: `a..${KEY}` },
    { noticed: "link", host: `${"a.".repeat(200)}${KEY}` },
    { noticed: "selection", text: 7 },
    { noticed: "selection", text: "x".repeat(5_000) },
  ])("is nothing else: %j", (message) => {
    expect(readNoticed(message)).toBeNull();
  });
});
