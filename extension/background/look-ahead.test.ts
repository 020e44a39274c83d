import { describe, expect, it } from "vitest";
import { LookAhead } from "./look-ahead";

function looks() {
  const asked: string[] = [];
  const ends: ((failed?: Error) => void)[] = [];
  const ahead = new LookAhead((host) => {
    asked.push(host);
    return new Promise((resolve, reject) => ends.push((failed) => (failed ? reject(failed) : resolve(null))));
  });
  /** Ends the oldest lookup that runs. */
  const end = async (failed?: Error): Promise<void> => {
    ends.shift()?.(failed);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { ahead, asked, end };
}

describe("looking ahead", () => {
  it("asks for one at a time, then for the newest that waits", async () => {
    const { ahead, asked, end } = looks();
    for (const host of ["a", "b", "c"]) ahead.look(host);
    expect(asked).toEqual(["a"]);
    await end();
    expect(asked).toEqual(["a", "c"]);
  });

  it("does not ask for what is being asked for", async () => {
    const { ahead, asked, end } = looks();
    ahead.look("a");
    ahead.look("a");
    await end();
    expect(asked).toEqual(["a"]);
  });

  it("goes on after a failure", async () => {
    const { ahead, asked, end } = looks();
    ahead.look("a");
    ahead.look("b");
    await end(new Error("no such key"));
    expect(asked).toEqual(["a", "b"]);
  });
});
