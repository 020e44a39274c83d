import { describe, expect, it } from "vitest";
import { disconnectProblem } from "./disconnect";

describe("why a port closed", () => {
  it.each([
    ["Specified native messaging host not found.", "missing"],
    ["Access to the specified native messaging host is forbidden.", "forbidden"],
    ["Native host has exited.", "crashed"],
    ["Failed to start native messaging host.", "crashed"],
    ["Error when communicating with the native messaging host.", "crashed"],
    ["No such native application org.pkarr.host", "missing"],
    ["This extension does not have permission to use native application org.pkarr.host", "forbidden"],
    ["An unexpected error occurred", "crashed"],
    [null, "crashed"],
  ])("%s: %s", (reason, kind) => {
    expect(disconnectProblem(reason).kind).toBe(kind);
  });
});
