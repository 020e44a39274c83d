import { describe, expect, it, vi } from "vitest";
import { ALICE, BOB, changed, plainKey } from "../names/fixtures";
import { asText, asXml } from "./description";
import { type Bar, type Disposition, serveOmnibox } from "./omnibox";
import { defaultSuggestion, type Known, meantAddress, suggestions } from "./suggestions";

const CAROL = plainKey("n");
const known: Known = {
  names: [
    { key: ALICE, name: "alice" },
    { key: BOB, name: "Alice Work" },
    { key: CAROL, name: "carol.home" },
  ],
  opened: [
    { key: ALICE, count: 9, last: 9 },
    { key: plainKey("d"), count: 1, last: 8 },
    { key: plainKey("r"), count: 4, last: 7 },
  ],
};

describe("words after pk", () => {
  it.each([
    ["alice", `http://${ALICE}/`],
    [" ALICE ", `http://${ALICE}/`],
    ["alice/path?x=1#y", `http://${ALICE}/path?x=1#y`],
    ["www.alice", `http://www.${ALICE}/`],
    ["a.b.alice/c", `http://a.b.${ALICE}/c`],
    ["alice:8080/x", `http://${ALICE}:8080/x`],
    ["alice.", `http://${ALICE}/`],
    ["pk:alice", `http://${ALICE}/`],
    ["alice  work/x", `http://${BOB}/x`],
    ["carol.home", `http://${CAROL}/`],
    ["www.carol.home/x", `http://www.${CAROL}/x`],
    [BOB.toUpperCase(), `http://${BOB}/`],
    [`pk://${BOB}/x`, `http://${BOB}/x`],
    [`pubky${BOB}`, `http://${BOB}/`],
    [`pubky://${BOB}/pub`, `http://${BOB}/pub`],
    [`https://www.${BOB}/x`, `https://www.${BOB}/x`],
  ])("%s mean %s", (typed, address) => {
    expect(meantAddress(typed, known, "http")).toBe(address);
  });

  it("open with https:// where keys do", () => {
    expect(meantAddress("alice/x", known, "https")).toBe(`https://${ALICE}/x`);
    expect(meantAddress(`pk:${BOB}`, known, "https")).toBe(`https://${BOB}/`);
  });

  it.each([
    "",
    "ali",
    "alicex",
    "home",
    "bad host.alice",
    "user@alice",
    "https://example.com/",
    "x".repeat(5_000),
  ])("mean nothing: %s", (typed) => {
    expect(meantAddress(typed, known, "http")).toBeNull();
  });

  it("suggest names that fit, the best one first, then keys by how lately they were opened", () => {
    const contents = (typed: string) => suggestions(typed, known).map(({ content }) => content);
    expect(contents("alic")).toEqual([ALICE, BOB]);
    expect(contents("alice")).toEqual([BOB]);
    expect(contents("work/x")).toEqual([`${BOB}/x`]);
    expect(contents("")).toEqual([ALICE, BOB, CAROL, plainKey("d"), plainKey("r")]);
    expect(contents("ddd")).toEqual([plainKey("d")]);
    expect(contents(plainKey("d"))).toEqual([]);
    expect(contents("nothing")).toEqual([]);
  });

  it("suggest only what opens, and each only once", () => {
    for (const { content } of suggestions("", known)) {
      expect(meantAddress(content, known, "http")).not.toBeNull();
    }
    const many = Array.from({ length: 40 }, (_, number) => ({
      key: changed(BOB, 0, number + 1),
      name: `n${number}`,
    }));
    expect(suggestions("n", { names: many, opened: [] })).toHaveLength(8);
  });

  it("are described in the form the browser takes", () => {
    const names = [{ key: ALICE, name: `<b>"A" & 'b'` }];
    const [found] = suggestions("b", { names, opened: [] });
    expect(asXml(found?.description ?? [])).toBe(
      `&lt;<match>b</match>&gt;&quot;A&quot; &amp; &apos;b&apos; – <url>${ALICE}</url>`,
    );
    expect(asText(found?.description ?? [])).toBe(`<b>"A" & 'b' – ${ALICE}`);
  });

  it("are explained while they mean nothing", () => {
    expect(asText(defaultSuggestion("", known))).toMatch(/type a key, or a name/i);
    expect(asText(defaultSuggestion("ali", known))).toMatch(/choose below/i);
    expect(asText(defaultSuggestion("nobody", known))).toMatch(/no key and none of your names/i);
    expect(asText(defaultSuggestion("www.alice/x", known))).toBe(`Open alice www.${ALICE}/x`);
    expect(asText(defaultSuggestion(changed(ALICE, 4, 48), known))).toMatch(
      /^Looks like “alice”, but is another key/,
    );
  });
});

describe("the keyword in the address bar", () => {
  function served(
    markup: boolean,
    now: () => Promise<Known> = async () => known,
    spoken: () => Promise<unknown> = async () => {},
  ) {
    let started: () => void = () => {};
    let changed: Parameters<Bar["onInputChanged"]["addListener"]>[0] = () => {};
    let entered: (text: string, disposition: Disposition) => void = () => {};
    const setDefaultSuggestion = vi.fn();
    const opened = vi.fn();
    serveOmnibox(
      {
        setDefaultSuggestion,
        onInputStarted: {
          addListener: (listener) => {
            started = listener;
          },
        },
        onInputChanged: {
          addListener: (listener) => {
            changed = listener;
          },
        },
        onInputEntered: {
          addListener: (listener) => {
            entered = listener;
          },
        },
      },
      {
        spoken,
        known: now,
        scheme: () => "http",
        markup,
        open: opened,
        help: (typed) => `help:${typed}`,
      },
    );
    return {
      start: () => started(),
      setDefaultSuggestion,
      opened,
      type: (text: string) => {
        const suggest = vi.fn();
        changed(text, suggest);
        return suggest;
      },
      enter: (text: string, disposition: Disposition) => entered(text, disposition),
    };
  }

  it.each(["currentTab", "newForegroundTab", "newBackgroundTab"] as const)("opens in %s", async (where) => {
    const { enter, opened } = served(true);
    enter("alice/x", where);
    await vi.waitFor(() => expect(opened).toHaveBeenCalledWith(`http://${ALICE}/x`, where));
  });

  it("helps where the words mean no key", async () => {
    const { enter, opened } = served(true);
    enter("ali", "currentTab");
    await vi.waitFor(() => expect(opened).toHaveBeenCalledWith("help:ali", "currentTab"));
  });

  it.each([
    [true, `<match>alic</match>e – <url>${ALICE}</url>`],
    [false, `alice – ${ALICE}`],
  ])("suggests (markup: %s)", async (markup, description) => {
    const { type, setDefaultSuggestion } = served(markup);
    const suggest = type("alic");
    await vi.waitFor(() => expect(suggest).toHaveBeenCalled());
    expect(suggest.mock.calls[0]?.[0][0]).toEqual({ content: ALICE, description });
    const exactly = type("alice");
    await vi.waitFor(() => expect(exactly).toHaveBeenCalled());
    expect(setDefaultSuggestion).toHaveBeenLastCalledWith({
      description: markup ? `Open alice <url>${ALICE}</url>` : `Open alice ${ALICE}`,
    });
  });

  it("says nothing before the language is there", async () => {
    let speaks = (): void => {};
    const language = new Promise<void>((resolve) => {
      speaks = resolve;
    });
    const { start, setDefaultSuggestion } = served(false, undefined, () => language);
    start();
    await Promise.resolve();
    expect(setDefaultSuggestion).not.toHaveBeenCalled();
    speaks();
    await vi.waitFor(() =>
      expect(setDefaultSuggestion).toHaveBeenCalledWith({
        description: "Type a key, or a name you gave to one",
      }),
    );
  });

  it("does not answer what is no longer typed", async () => {
    const waiting: ((now: Known) => void)[] = [];
    const { type } = served(true, () => new Promise((resolve) => waiting.push(resolve)));
    const [before, after] = [type("a"), type("al")];
    for (const answer of waiting.reverse()) answer(known);
    await vi.waitFor(() => expect(after).toHaveBeenCalled());
    expect(before).not.toHaveBeenCalled();
  });
});
