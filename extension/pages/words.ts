/** The states of the host program in plain words: what happened and what to do, one sentence each. */

import type { HostState } from "../host/state";
import type { Obstacle } from "../intercept/interception";
import { plainText } from "./plain-text";

export interface Words {
  /** What is wrong, in a few words. */
  title: string;
  what: string;
  todo: string;
  /** A stable name, as in the program's own messages. */
  code: string;
}

export function hostWords(state: HostState): Words {
  switch (state.kind) {
    case "ready":
      return { title: "Ready", what: "The pkarr program is there.", todo: "", code: "ready" };
    case "connecting":
      return {
        title: "Starting pkarr…",
        what: "The pkarr program is being started.",
        todo: "",
        code: "host-starting",
      };
    case "missing":
      return {
        title: "The pkarr program is missing",
        what: "This browser knows no pkarr program, which finds what a key stands for.",
        todo: "Build it and register it with this browser as the README describes.",
        code: "host-missing",
      };
    case "forbidden":
      return {
        title: "The pkarr program may not be used",
        what: "The pkarr program is there, but it is not registered for this extension, or a policy forbids it.",
        todo: "Register it again with this browser as the README describes.",
        code: "host-forbidden",
      };
    case "tooOld":
      return {
        title: "The pkarr program is too old",
        what: `The pkarr program has version ${plainText(state.version)}, and this extension needs a newer one.`,
        todo: "Build the current version and register it as the README describes.",
        code: "host-too-old",
      };
    case "crashed":
      return {
        title: "The pkarr program does not run",
        what: "The pkarr program could not be started, or stopped by itself.",
        todo: "Run “pkarr native-host” in a terminal to see why; it is tried again by itself.",
        code: "host-crashed",
      };
    case "failed":
      return {
        title: "The pkarr program has a problem",
        what: plainText(state.error.message),
        todo: plainText(state.error.data?.todo ?? "It is tried again by itself."),
        code: plainText(state.error.data?.code ?? "host-failed"),
      };
  }
}

export function obstacleWords(obstacle: Obstacle): Words {
  switch (obstacle) {
    case "noHostAccess":
      return {
        title: "No access to web sites",
        what: "The browser does not let this extension see where tabs go, so it can’t send keys to the gateway.",
        todo: "Allow access to all web sites.",
        code: "no-host-access",
      };
    case "otherExtension":
      return {
        title: "Another extension holds the proxy",
        what: "Another extension sets the proxy, so a tab is sent to the key's address instead of the gateway.",
        todo: "To keep keys in the address bar, turn the other extension off.",
        code: "proxy-held",
      };
    case "policy":
      return {
        title: "The proxy is set by a policy",
        what: "Whoever manages this browser sets the proxy, so a tab is sent to the key's address instead of the gateway.",
        todo: "To keep keys in the address bar, ask for an exception.",
        code: "proxy-policy",
      };
  }
}
