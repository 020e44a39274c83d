/** The states of the host program in plain words: what happened and what to do, one sentence each. */

import type { Crash, HostState } from "../host/state";
import type { MessageId } from "../i18n/catalogue";
import { say } from "../i18n/i18n";
import type { Obstacle } from "../intercept/interception";
import { plainText } from "./plain-text";
import { problemWords, type Words } from "./problem-words";

export type { Words } from "./problem-words";

export function hostWords(state: HostState): Words {
  switch (state.kind) {
    case "ready":
      return { title: say("host.readyTitle"), what: say("host.readyWhat"), todo: "", code: "ready" };
    case "connecting":
      return {
        title: say("host.startingTitle"),
        what: say("host.startingWhat"),
        todo: "",
        code: "host-starting",
      };
    case "missing":
      return words("missing", "host-missing");
    case "forbidden":
      return words("forbidden", "host-forbidden");
    case "tooOld":
      return words("tooOld", "host-too-old", { version: plainText(state.version) });
    case "tooNew":
      return words("tooNew", "host-too-new", { version: plainText(state.version) });
    case "crashed": {
      const about = words(crashed(state), "host-crashed");
      return state.detail ? { ...about, detail: plainText(state.detail) } : about;
    }
    case "failed": {
      const about = problemWords(state.error);
      return { ...about, title: say("host.failedTitle"), todo: about.todo || say("host.failedTodo") };
    }
  }
}

/** That it ends again and again is news only where it could be started and understood. */
function crashed({ how, repeatedly }: { how: Crash; repeatedly: boolean }): Crash | "crashing" {
  return how === "ended" && repeatedly ? "crashing" : how;
}

export function obstacleWords(obstacle: Obstacle): Words {
  switch (obstacle) {
    case "noHostAccess":
      return words("noHostAccess", "no-host-access");
    case "otherExtension":
      return words("otherExtension", "proxy-held");
    case "policy":
      return words("policy", "proxy-policy");
  }
}

type Said<Id extends MessageId> = Id extends `host.${infer Name}Todo` ? Name : never;

function words(name: Said<MessageId>, code: string, values?: Record<string, string>): Words {
  const part = (which: "Title" | "What" | "Todo"): string => say(`host.${name}${which}` as MessageId, values);
  return { title: part("Title"), what: part("What"), todo: part("Todo"), code };
}
