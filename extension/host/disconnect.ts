/**
 * Why a native messaging port closed, from the sentences Chromium and Firefox give.
 *
 * Firefox says `No such native application` of more than a missing program, so as to tell an extension nothing of
 * programs that are not for it: of one registered for another extension, and, in a sandbox, of a portal that is not
 * there or a person who said no. A program that ended by itself it gives no reason for at all.
 */

import type { Crash, HostProblem } from "./state";

const MISSING = [
  /native messaging host not found/i, // Chromium; also where the manifest names a file that is not there
  /native messaging host \S+ is not registered/i, // Chromium on Windows
  /no such native application/i, // Firefox
  /org\.freedesktop\.portal\.Error\.NotFound/, // a portal, as it answers itself
  /org\.freedesktop\.DBus\.Error\.(?:ServiceUnknown|UnknownInterface|UnknownMethod)/, // no portal
];

const FORBIDDEN = [
  /access to the specified native messaging host is forbidden/i, // Chromium
  /native messaging host \S*\s?(?:was|is) disabled by (?:the )?(?:system )?admin/i, // Chromium, by policy
  /does not have permission to use native application/i, // Firefox of old
  /org\.freedesktop\.portal\.Error\.(?:NotAllowed|Cancelled)/, // a portal
];

const CRASHES: readonly [RegExp, Crash][] = [
  [/failed to start native messaging host/i, "notStarted"], // Chromium
  [/an unexpected error occurred/i, "notStarted"], // Firefox: not there or not executable
  [/error when communicating with the native messaging host/i, "garbled"], // Chromium
  [/tried to send a message of \d+ bytes/i, "garbled"], // Firefox
];

export function disconnectProblem(reason: string | null): HostProblem {
  if (reason && MISSING.some((pattern) => pattern.test(reason))) return { kind: "missing" };
  if (reason && FORBIDDEN.some((pattern) => pattern.test(reason))) return { kind: "forbidden" };
  const known = reason ? CRASHES.find(([pattern]) => pattern.test(reason)) : undefined;
  // "Native host has exited.", nothing, or something new.
  return { kind: "crashed", how: known?.[1] ?? "ended", detail: reason, repeatedly: false };
}
