import { describe, expect, it } from "vitest";
import { commonFace, keyFace, type Sight } from "./face";

const FRESH: Sight = {
  outcome: { kind: "verified", stale: false },
  paused: null,
  alike: false,
  trouble: null,
};

describe("the button of a tab with a key", () => {
  it.each<[Partial<Sight>, string, RegExp]>([
    [{}, "verified", /verified/],
    [{ outcome: { kind: "verified", stale: true } }, "stale", /past its time/],
    [{ outcome: { kind: "failed", code: null } }, "problem", /does not open/],
    [{ outcome: null }, "idle", /not verified/],
    [{ outcome: { kind: "unasked" } }, "idle", /not verified/],
    [{ paused: "here" }, "paused", /paused for this key/],
    [{ paused: "everywhere", outcome: { kind: "failed", code: null } }, "paused", /paused everywhere/],
    [{ trouble: "The program is missing" }, "problem", /: The program is missing$/],
    [{ trouble: "The program is missing", paused: "here" }, "paused", /paused/],
  ])("with %j is %s", (sight, picture, title) => {
    const face = keyFace({ ...FRESH, ...sight });
    expect(face).toMatchObject({ picture, badge: "" });
    expect(face.title).toMatch(title);
  });

  it.each<Partial<Sight>>([
    {},
    { outcome: { kind: "failed", code: "no-record" } },
    { trouble: "The program is missing" },
  ])("warns of a look-alike before it says %j", (sight) => {
    const face = keyFace({ ...FRESH, ...sight, alike: true });
    expect(face).toMatchObject({ picture: "problem", badge: "!" });
    expect(face.title).toMatch(/looks like another one/);
  });

  it("warns of a look-alike while paused as well", () => {
    expect(keyFace({ ...FRESH, paused: "everywhere", alike: true })).toMatchObject({
      picture: "paused",
      badge: "!",
    });
  });

  it("takes nothing on that reorders what is around it", () => {
    expect(keyFace({ ...FRESH, trouble: "a\u202eb" }).title).toBe("pkarr: a\ufffdb");
  });
});

it("tells tabs without a key apart from those with one", () => {
  expect(commonFace(false, null)).toMatchObject({ picture: "idle", title: "pkarr: no key in this tab" });
  expect(commonFace(false, "Gone").title).toBe("pkarr: Gone");
  expect(commonFace(true, "Gone").picture).toBe("paused");
});
