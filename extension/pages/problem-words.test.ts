import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { problemName } from "../i18n/problem-name";
import problems from "../locales/en/problems.json" with { type: "json" };
import { problemWords } from "./problem-words";

let spoken = "en";
vi.mock("../i18n/i18n", () => ({
  locale: () => spoken,
  say: (id: string) => id,
  sayIfKnown: (id: string) => (Object.hasOwn(problems, id.replace("problems.", "")) ? `said ${id}` : null),
}));

afterEach(() => {
  spoken = "en";
});

const NO_RECORD = {
  code: 2,
  message: "Nobody publishes records under abc.",
  data: { code: "no-record", todo: "Check abc." },
};

function source(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
}

/** The codes that the program may tell. */
function programCodes(): string[] {
  const names = /fn as_str[^{]*\{(.*?)\n {4}\}/s.exec(source("../native-host/src/problem.rs"))?.[1] ?? "";
  return [...names.matchAll(/=> "([a-z-]+)"/g)].map(([, code = ""]) => code);
}

/** The codes that the extension makes up itself; those of names have words of their own. */
function ownCodes(): string[] {
  const files = ["background", "host", "https"].flatMap((folder) =>
    readdirSync(new URL(`../${folder}/`, import.meta.url))
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
      .map((file) => `${folder}/${file}`),
  );
  return files.flatMap((file) =>
    [...source(file).matchAll(/data: \{\s*code: "([a-z-]+)"/g)].map(([, code = ""]) => code),
  );
}

describe("problems", () => {
  it.each([
    ["of the program", programCodes(), 23],
    ["of the extension", ownCodes(), 5],
  ])("%s have words in every language", (_, codes, atLeast) => {
    expect(codes.length).toBeGreaterThanOrEqual(atLeast);
    for (const code of codes) {
      expect(problems).toHaveProperty(`${problemName(code)}What`);
      expect(problems).toHaveProperty(`${problemName(code)}Todo`);
    }
  });

  it("are told in the program's own words to who reads English", () => {
    expect(problemWords(NO_RECORD)).toEqual({
      title: "problems.title",
      what: "Nobody publishes records under abc.",
      todo: "Check abc.",
      code: "no-record",
    });
  });

  it("are told in the language of others, with the program's words beside", () => {
    spoken = "de";
    expect(problemWords(NO_RECORD)).toEqual({
      title: "problems.title",
      what: "said problems.noRecordWhat",
      todo: "said problems.noRecordTodo",
      code: "no-record",
      detail: "Nobody publishes records under abc.",
    });
  });

  it("of a newer program are told in its words", () => {
    spoken = "de";
    const error = { code: 99, message: "A new\u202e one.", data: { code: "brand-new", todo: "Wait." } };
    expect(problemWords(error)).toMatchObject({
      what: "A new\u{fffd} one.",
      todo: "Wait.",
      code: "brand-new",
    });
    expect(problemWords({ code: -32603, message: "No code." })).toMatchObject({ todo: "", code: "-32603" });
  });
});
