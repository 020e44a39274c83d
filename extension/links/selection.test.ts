import { describe, expect, it } from "vitest";
import { ALICE } from "../names/fixtures";
import { isShort, type Part, selectedText } from "./selection";

type Made = { -readonly [Field in keyof Part]: Part[Field] } & { childNodes: Part[] };

/** Text, or an element with children, as a page would have it. */
function node(nodeName: string, ...children: (Made | string)[]): Made {
  const made = bare(nodeName, null);
  for (const child of children)
    made.childNodes.push(typeof child === "string" ? bare("#text", child) : child);
  made.firstChild = made.childNodes[0] ?? null;
  for (const [at, child] of made.childNodes.entries()) {
    Object.assign(child, { parentNode: made, nextSibling: made.childNodes[at + 1] ?? null });
  }
  return made;
}

function bare(nodeName: string, nodeValue: string | null): Made {
  return { nodeName, nodeValue, firstChild: null, nextSibling: null, parentNode: null, childNodes: [] };
}

function within(startContainer: Part, startOffset: number, endContainer: Part, endOffset: number) {
  return { startContainer, startOffset, endContainer, endOffset };
}

const HUGE = "x".repeat(100_000);

describe("a selection that may be a key", () => {
  it("is part of a text, however long that is", () => {
    const text = bare("#text", HUGE + ALICE + HUGE);
    expect(isShort(within(text, HUGE.length, text, HUGE.length + ALICE.length))).toBe(true);
    expect(isShort(within(text, 0, text, HUGE.length))).toBe(false);
  });

  it("is made of a few parts", () => {
    const key = node("P", ...[...ALICE].map((letter) => node("SPAN", letter)));
    const next = node("P", HUGE);
    node("BODY", node("P", HUGE), key, node("SCRIPT", HUGE), next);
    expect(isShort(within(key, 0, key, ALICE.length))).toBe(true);
    // As by three clicks.
    expect(isShort(within(key, 0, next, 0))).toBe(true);
    expect(isShort(within(key, 0, next, 1))).toBe(false);
  });

  it("is not the whole of a page", () => {
    const letters = node("BODY", HUGE, node("P", HUGE));
    expect(isShort(within(letters, 0, letters, 2))).toBe(false);
    const parts = node("BODY", ...Array.from({ length: 5_000 }, () => node("BR")));
    expect(isShort(within(parts, 0, parts, 5_000))).toBe(false);
  });
});

describe("the selected text", () => {
  const selection = (type: string, span: object) => {
    const read = { times: 0 };
    const made = {
      type,
      rangeCount: 1,
      getRangeAt: () => span,
      toString: () => {
        read.times += 1;
        return ALICE;
      },
    };
    return { made: made as unknown as Selection, read };
  };
  const text = bare("#text", HUGE);

  it("is read where it may be a key", () => {
    expect(selectedText(selection("Range", within(text, 0, text, 52)).made, null)).toBe(ALICE);
  });

  it.each([
    ["nothing is selected", "Caret", within(text, 5, text, 5), null],
    ["it is long", "Range", within(text, 0, text, HUGE.length), null],
    ["much of a field is", "Range", within(text, 5, text, 5), { selectionStart: 0, selectionEnd: 100_000 }],
  ])("is not read where %s", (_what, type, span, focused) => {
    const { made, read } = selection(type, span);
    expect(selectedText(made, focused as Element | null)).toBe("");
    expect(read.times).toBe(0);
  });
});
