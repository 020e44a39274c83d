/** Why a native messaging port closed, from the sentences Chromium and Firefox give. */

import type { HostProblem } from "./state";

const MISSING = [
  /native messaging host not found/i, // Chromium
  /no such native application/i, // Firefox
];

const FORBIDDEN = [
  /access to the specified native messaging host is forbidden/i, // Chromium
  /does not have permission to use native application/i, // Firefox
  /disabled by (?:the )?(?:system )?admin/i, // Chromium, by policy
];

export function disconnectProblem(reason: string | null): HostProblem {
  if (reason && MISSING.some((pattern) => pattern.test(reason))) return { kind: "missing" };
  if (reason && FORBIDDEN.some((pattern) => pattern.test(reason))) return { kind: "forbidden" };
  // "Native host has exited.", "Failed to start native messaging host.", "An unexpected error occurred", nothing.
  return { kind: "crashed", detail: reason };
}
