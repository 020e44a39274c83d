import { describe, expect, it } from "vitest";
import { lastingRules, opening, pass, sameTargets } from "./rules";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const [gate, block, ...rescues] = lastingRules("HOST?url=", "OPEN?search=").map(
  ({ condition }) => new RegExp(condition.regexFilter ?? "never^"),
);

describe("the gate", () => {
  it.each([
    `http://${KEY}/`,
    `http://www.${KEY}:8080/p?q`,
    `https://${KEY}./`,
    `wss://a.b.${KEY}/`,
    `http://u:p@${KEY}/`,
  ])("keeps %s in", (url) => {
    // The whole address: the page it is turned to gets what was matched.
    expect(gate?.exec(url)?.[0]).toBe(url);
    expect(block?.test(url)).toBe(true);
  });

  it.each([
    "https://example.com/",
    `https://example.com/${KEY}/`,
    `https://example.com/?${KEY}/`,
    `http://${KEY}.com/`,
    `http://x${KEY}/`,
    `http://${KEY.slice(1)}/`,
  ])("does not know %s", (url) => {
    expect(gate?.test(url)).toBe(false);
  });

  it("opens for each kind by itself", () => {
    const open = (mainFrames: boolean, allElse: boolean) => opening({ mainFrames, allElse, httpsTo: null });
    expect(open(false, false)).toEqual([]);
    expect(open(true, false).map(({ condition }) => condition.resourceTypes)).toEqual([["main_frame"]]);
    expect(open(false, true).map(({ condition }) => condition.excludedResourceTypes)).toEqual([
      ["main_frame"],
    ]);
  });

  it("knows its rules again in another order of their parts", () => {
    const rules = lastingRules("HOST?url=", "OPEN?search=");
    const givenBack = rules.map(({ id, condition, action: { type, ...rest } }) => ({
      action: { ...rest, type },
      condition,
      id,
    }));
    expect(sameTargets(givenBack, rules)).toBe(true);
    expect(sameTargets(lastingRules("OPEN?url=", "OPEN?search="), rules)).toBe(false);
    expect(sameTargets(rules.slice(1), rules)).toBe(false);
  });

  it("leaves paused keys alone", () => {
    const all = [
      ...lastingRules("HOST?url=", null, [KEY]),
      ...opening({ mainFrames: true, allElse: false, httpsTo: "HTTPS?url=", leftAlone: [KEY] }),
    ];
    const turning = all.filter(({ action }) => action.type !== "allow");
    expect(turning).toHaveLength(3);
    for (const { condition } of turning) expect(condition.excludedRequestDomains).toEqual([KEY]);
    expect(sameTargets(lastingRules("HOST?url=", null, [KEY]), lastingRules("HOST?url=", null))).toBe(false);
  });

  it("turns https:// where that does not open, and nothing else", () => {
    const rules = opening({ mainFrames: true, allElse: true, httpsTo: "HTTPS?url=" });
    const turn = rules.find(({ action }) => action.type === "redirect");
    const passes = rules.filter(({ action }) => action.type === "allow");
    expect(passes).toHaveLength(2);
    expect(passes.every(({ priority }) => (priority ?? 0) < (turn?.priority ?? 0))).toBe(true);
    expect(turn?.condition.resourceTypes).toEqual(["main_frame"]);
    const filter = new RegExp(turn?.condition.regexFilter ?? "never^");
    for (const url of [`https://${KEY}/`, `https://www.${KEY}:8443/p?q`, `https://${KEY}./`]) {
      expect(filter.exec(url)?.[0]).toBe(url);
    }
    for (const url of [`http://${KEY}/`, `wss://${KEY}/`, `https://example.com/${KEY}/`]) {
      expect(filter.test(url)).toBe(false);
    }
    expect(opening({ mainFrames: false, allElse: true, httpsTo: "HTTPS?url=" })).toHaveLength(1);
  });
});

describe("the rescue of searches", () => {
  it("can be switched off", () => {
    expect(lastingRules("HOST?url=", null).map(({ action }) => action.type)).toEqual(["redirect", "block"]);
  });

  it.each([
    `https://duckduckgo.com/?q=${KEY}&t=x`,
    `https://www.google.com/search?client=x&q=pk%3A${KEY}%2Fx&ie=UTF-8`,
    `https://search.yahoo.com/search?p=PUBKY${KEY.toUpperCase()}`,
    `https://www.baidu.com/s?wd=www.${KEY}#x`,
    `https://shop.example/?k=${KEY}`,
    `https://blog.example/?lang=en&s=pk%3A${KEY}`,
    `https://engine.example/search/${KEY}?page=1`,
    `https://engine.example/search/pk%3A%2F%2F${KEY}%2Fx`,
  ])("takes %s as a whole", (url) => {
    expect(rescues.map((rescue) => rescue.exec(url)?.[0]).filter((taken) => taken !== undefined)).toEqual([
      url,
    ]);
  });

  it.each([
    "https://duckduckgo.com/?q=weather",
    `https://duckduckgo.com/?q=what+is+${KEY}`,
    `https://explorer.example/?key=${KEY}`,
    `https://explorer.example/${KEY}?q=1`,
  ])("leaves %s", (url) => {
    expect(rescues.some((rescue) => rescue.test(url))).toBe(false);
  });

  it("lets old passes give way", () => {
    expect(pass("https://a.example/", 7, 0).id).toBe(pass("https://b.example/", 7, 20).id);
    expect(pass("https://a.example/", 7, 0).id).not.toBe(pass("https://b.example/", 7, 1).id);
  });
});
