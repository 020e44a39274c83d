import { describe, expect, it } from "vitest";
import { disconnectProblem } from "./disconnect";

describe("why a port closed", () => {
  it.each([
    ["Specified native messaging host not found.", "missing"],
    ["Native messaging host org.pkarr.host is not registered.", "missing"],
    ["No such native application org.pkarr.host", "missing"],
    ["GDBus.Error:org.freedesktop.portal.Error.NotFound: No manifest", "missing"],
    ["GDBus.Error:org.freedesktop.DBus.Error.UnknownInterface: No such interface", "missing"],
    ["Access to the specified native messaging host is forbidden.", "forbidden"],
    ["Access to the native messaging host was disabled by the system administrator.", "forbidden"],
    ["This extension does not have permission to use native application org.pkarr.host", "forbidden"],
    ["GDBus.Error:org.freedesktop.portal.Error.NotAllowed: denied", "forbidden"],
  ])("%s: %s", (reason, kind) => {
    expect(disconnectProblem(reason)).toEqual({ kind });
  });

  it.each([
    ["Failed to start native messaging host.", "notStarted"],
    ["An unexpected error occurred", "notStarted"],
    ["Error when communicating with the native messaging host.", "garbled"],
    [
      "Native application tried to send a message of 1819043176 bytes, which exceeds the limit of 1048576 bytes.",
      "garbled",
    ],
    ["Native host has exited.", "ended"],
    ["Something a later browser says", "ended"],
    [null, "ended"],
  ])("%s: crashed, %s", (detail, how) => {
    expect(disconnectProblem(detail)).toEqual({ kind: "crashed", how, detail, repeatedly: false });
  });
});
