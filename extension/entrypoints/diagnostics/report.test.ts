import { expect, test } from "vitest";
import { redacted, report } from "./report";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

test.each([
  ["the folder /home/alice/.local/share/pkarr is full", "the folder ~/.local/share/pkarr is full"],
  ["/Users/alice/Library/x", "~/Library/x"],
  ["C:\\Users\\Alice\\AppData\\Local\\pkarr", "~\\AppData\\Local\\pkarr"],
  ["path=/root/.local/share", "path=~/.local/share"],
  [`no record for www.${KEY}.`, "no record for (key)."],
  [KEY.toUpperCase(), "(key)"],
  [`open http://${KEY}/secret?x=1 failed`, "open (address) failed"],
  ["relay https://relay.example/with/token", "relay (address)"],
  ["from 203.0.113.7:6881, by 127.0.0.1:4321", "from (address):6881, by 127.0.0.1:4321"],
  ["from [2001:db8::1:2:3]:6881", "from [(address)]:6881"],
  ["a".repeat(64), "(secret)"],
  ["two\nlines\u0000", "two lines "],
])("of %j only %j is passed on", (text, left) => {
  expect(redacted(text)).toBe(left);
});

test("times, versions and codes are left as they are", () => {
  const line = "2026-11-22T22:40:11.000Z Firefox 153.0; extension 0.1.0 [bad] dht no-answer";
  expect(redacted(line)).toBe(line);
});

test("a report names findings by their stable names, the program's own words beside what is not well", () => {
  const text = report({
    at: new Date(0),
    own: [{ check: "access", finding: "granted", state: "good", facts: {} }],
    program: {
      findings: [
        {
          check: "data-folder",
          finding: "unusable",
          state: "bad",
          what: "The folder /home/alice/pkarr can’t be written.",
          todo: "Make it writable.",
          facts: { path: "/home/alice/pkarr" },
        },
      ],
      text: null,
    },
    disconnects: [
      {
        at: 0,
        times: 2,
        worked: true,
        problem: { kind: "crashed", how: "ended", detail: "Native host has exited.", repeatedly: false },
      },
    ],
  });
  expect(text).toBe(
    [
      "pkarr report, 1970-01-01T00:00:00.000Z",
      "extension:",
      "  [good] access granted",
      "program:",
      "  [bad] data-folder unusable; path=~/pkarr; The folder ~/pkarr can’t be written.",
      "was not there:",
      "  1970-01-01T00:00:00.000Z crashed (ended: Native host has exited.), 2 times, had worked",
    ].join("\n"),
  );
});

test("a report has bounds, whatever the program writes", () => {
  const text = report({
    at: new Date(0),
    own: [],
    program: { findings: [], text: `${"x".repeat(10_000)}\n`.repeat(10_000) },
    disconnects: [],
  });
  expect(text.length).toBeLessThan(110_000);
});
