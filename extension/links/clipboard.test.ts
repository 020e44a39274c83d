import { expect, it } from "vitest";
import { beginCopying } from "./clipboard";

/** A window whose `copy` events go to one listener after the other. */
function page() {
  const listeners: ((event: ClipboardEvent) => void)[] = [];
  const clipboard = { text: "before" };
  const send = (isTrusted = true): void => {
    let stopped = false;
    const event = {
      isTrusted,
      clipboardData: {
        setData: (_type: string, text: string) => {
          clipboard.text = text;
        },
      },
      preventDefault: () => {},
      stopImmediatePropagation: () => {
        stopped = true;
      },
    };
    for (const listener of listeners) if (!stopped) listener(event as unknown as ClipboardEvent);
  };
  const add = (_type: "copy", listener: (event: ClipboardEvent) => void): number => listeners.push(listener);
  return { clipboard, send, add };
}

it("puts the text there, whatever the page listens for", () => {
  const { clipboard, send, add } = page();
  const copy = beginCopying({ addEventListener: add, copySelection: send });
  let heard = 0;
  add("copy", (event) => {
    heard += 1;
    event.clipboardData?.setData("text/plain", "another");
  });
  expect(copy("pk:alice")).toBe(true);
  expect([clipboard.text, heard]).toEqual(["pk:alice", 0]);
});

it("holds the text until all events are over", () => {
  const { clipboard, send, add } = page();
  const copy = beginCopying({
    addEventListener: add,
    copySelection: () => {
      send();
      send();
    },
  });
  add("copy", (event) => event.clipboardData?.setData("text/plain", "another"));
  expect(copy("pk:alice")).toBe(true);
  expect(clipboard.text).toBe("pk:alice");
});

it("leaves what people copy alone, and what a page makes up", () => {
  const { clipboard, send, add } = page();
  const copy = beginCopying({ addEventListener: add, copySelection: () => send(false) });
  send();
  expect(copy("pk:alice")).toBe(false);
  send();
  expect(clipboard.text).toBe("before");
});
