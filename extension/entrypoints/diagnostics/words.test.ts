import { describe, expect, it, vi } from "vitest";
import { problemName } from "../../i18n/problem-name";
import diagnostics from "../../locales/en/diagnostics.json" with { type: "json" };
import { type OwnFacts, type OwnFinding, ownFindings } from "./own";
import { findingWords } from "./words";

vi.mock("wxt/browser", () => ({ browser: { i18n: { getUILanguage: () => "en" } } }));

const FACTS: OwnFacts = {
  browser: "Firefox",
  version: "153.0",
  extension: "0.1.0",
  system: "linux",
  lacking: [],
  hostAccess: true,
  privateWindows: true,
  proxy: "us",
  rules: { lasting: 3, session: 2 },
  snapshot: {
    host: { kind: "missing" },
    way: "gateway",
    obstacle: null,
    paused: false,
    https: { kind: "checking" },
  },
  since: "2026-11-22T22:40:11.000Z",
  disconnects: 0,
};

function found(facts: Partial<OwnFacts>): OwnFinding[] {
  return ownFindings({ ...FACTS, ...facts });
}

const { snapshot } = FACTS;
const EVERY: Partial<OwnFacts>[] = [
  {},
  { lacking: ["proxy"], hostAccess: false, privateWindows: false, disconnects: 2 },
  { rules: { lasting: 0, session: 0 } },
  ...(["asked", "nobody", "otherExtension", "policy"] as const).map((proxy) => ({ proxy })),
  { snapshot: { ...snapshot, paused: true } },
  { snapshot: { ...snapshot, way: "redirect" } },
  ...(["off", "unsupported"] as const).map((kind) => ({
    snapshot: { ...snapshot, https: { kind, status: null } },
  })),
];

describe("what the extension finds of itself", () => {
  it.each(EVERY)("%j has words, and a remedy where something is wrong", (facts) => {
    for (const finding of found(facts)) {
      const { title, what, todo } = findingWords(finding);
      expect(title).not.toBe(finding.check);
      expect(what).toMatch(/^[^{}]{5,}$/);
      if (finding.state === "bad" || finding.state === "warning") expect(todo).not.toBe("");
    }
  });

  it("is well where all is well, and tells what is not", () => {
    const wrong = (facts: Partial<OwnFacts>): string[] =>
      found(facts)
        .filter(({ state }) => state === "bad" || state === "warning")
        .map(({ check }) => check);
    expect(wrong({})).toEqual([]);
    expect(wrong({ hostAccess: false, lacking: ["proxy"], proxy: "policy" })).toEqual([
      "permissions",
      "access",
      "proxy",
    ]);
    expect(wrong({ rules: { lasting: 0, session: 0 } })).toEqual(["rules"]);
    // Searches may be left alone, and have no rules then.
    expect(wrong({ rules: { lasting: 2, session: 2 } })).toEqual([]);
    // Key hosts are left alone then, and so are the rules.
    expect(wrong({ rules: { lasting: 0, session: 0 }, snapshot: { ...snapshot, paused: true } })).toEqual([]);
  });

  it("leaves rules out where a browser is given none", () => {
    expect(found({ rules: null }).map(({ check }) => check)).not.toContain("rules");
  });
});

describe("what the program finds", () => {
  const finding = { state: "bad" as const, what: "As it says\u202e.", todo: "Do." };

  it("is told in its own words to who reads English", () => {
    const own = { ...finding, check: "dht", finding: "no-answer", facts: { bootstrap: "4" } };
    expect(findingWords(own)).toEqual({
      title: diagnostics.checkDht,
      what: "As it says\u{fffd}.",
      todo: "Do.",
    });
  });

  it("of a check that is not known has at least its name", () => {
    const own = { ...finding, check: "brand-new", finding: "odd", facts: {} };
    expect(findingWords(own).title).toBe("brand-new");
  });

  it("has a title for every check there are words for", () => {
    const checks = [
      "program",
      "browsers",
      "data-folder",
      "settings",
      "cache",
      "clock",
      "dht",
      "relays",
      "gateway",
      "https",
    ];
    for (const check of [...checks, "dns"]) {
      const name = problemName(check);
      expect(diagnostics).toHaveProperty(`check${name.charAt(0).toUpperCase()}${name.slice(1)}`);
      expect(diagnostics).toHaveProperty(`${name}Ok`);
    }
  });
});
