import { expect, it, vi } from "vitest";
import { sentence } from "./sentence";

vi.stubGlobal("document", {
  createElement: (tag: string) => ({ tag, className: "", textContent: "" }),
});

it("keeps text of strangers in elements of its own, and harmless", () => {
  expect(sentence("meaning.text", { text: "<b>x</b>\u202e{text}</value>" })).toEqual([
    "Somebody wrote: ",
    { tag: "bdi", className: "value", textContent: "<b>x</b>\u{fffd}{text}</value>" },
  ]);
});

it("asks for the elements it is told to take", () => {
  const made = sentence(
    "meaning.homeserver",
    { target: "a.example" },
    (text) => ({ text }) as unknown as HTMLElement,
  );
  expect(made).toContainEqual({ text: "a.example" });
});
