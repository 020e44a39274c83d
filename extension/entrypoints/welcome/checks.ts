/** The checklist of the welcome page: what has to be there for keys to open, and what is good to have. */

import type { HostState } from "../../host/state";
import type { HttpsState } from "../../https/state";
import { say } from "../../i18n/i18n";
import type { Snapshot } from "../../messages/messages";
import { plainText } from "../../pages/plain-text";
import { hostWords, obstacleWords } from "../../pages/words";

export interface Facts extends Pick<Snapshot, "host" | "obstacle" | "https"> {
  hostAccess: boolean;
  privateWindows: boolean;
  firefox: boolean;
}

/** `waiting` for what comes before it; `optional`: keys open without it. */
export type CheckState = "good" | "waiting" | "bad" | "optional";

export type CheckName = "program" | "version" | "gateway" | "access" | "proxy" | "private" | "https";

export interface Check {
  name: CheckName;
  state: CheckState;
  what: string;
  todo: string;
}

/** Without these no key opens as it should. */
export const NEEDED: ReadonlySet<CheckName> = new Set(["program", "version", "gateway", "access", "proxy"]);

export function checks(facts: Facts): Check[] {
  return [
    program(facts.host),
    version(facts.host),
    gateway(facts.host),
    access(facts.hostAccess),
    proxy(facts.obstacle),
    privateWindows(facts),
    https(facts.https),
  ];
}

/** How many things are still to be done before keys open. */
export function lacking(list: readonly Check[]): number {
  return list.filter(({ name, state }) => NEEDED.has(name) && state !== "good").length;
}

function program(host: HostState): Check {
  const name = "program";
  switch (host.kind) {
    case "connecting":
      return { name, state: "waiting", ...bare(hostWords(host)) };
    case "missing":
    case "forbidden":
    case "crashed":
      return { name, state: "bad", ...bare(hostWords(host)) };
    case "failed":
      // Something is there, but it is not pkarr, or keeps quiet.
      if (ANSWERS_NOT.has(host.error.data?.code ?? ""))
        return { name, state: "bad", ...bare(hostWords(host)) };
  }
  return { name, state: "good", what: say("welcome.programFound"), todo: "" };
}

const ANSWERS_NOT: ReadonlySet<string> = new Set(["host-nonsense", "host-silent"]);

function version(host: HostState): Check {
  const name = "version";
  switch (host.kind) {
    case "ready": {
      const words = say("welcome.versionFits", { version: plainText(host.hello.version) });
      return { name, state: "good", what: words, todo: "" };
    }
    case "tooOld":
    case "tooNew":
      return { name, state: "bad", ...bare(hostWords(host)) };
    default:
      return { name, state: "waiting", what: say("welcome.versionWaits"), todo: "" };
  }
}

function gateway(host: HostState): Check {
  const name = "gateway";
  if (host.kind === "ready") {
    const words = say("welcome.gatewayRuns", { port: String(host.gateway.port) });
    return { name, state: "good", what: words, todo: "" };
  }
  if (host.kind === "failed" && !ANSWERS_NOT.has(host.error.data?.code ?? ""))
    return { name, state: "bad", ...bare(hostWords(host)) };
  return { name, state: "waiting", what: say("welcome.gatewayWaits"), todo: "" };
}

function access(granted: boolean): Check {
  if (granted) return { name: "access", state: "good", what: say("welcome.accessGranted"), todo: "" };
  return { name: "access", state: "bad", ...bare(obstacleWords("noHostAccess")) };
}

function proxy(obstacle: Facts["obstacle"]): Check {
  if (obstacle === "otherExtension" || obstacle === "policy")
    return { name: "proxy", state: "bad", ...bare(obstacleWords(obstacle)) };
  return { name: "proxy", state: "good", what: say("welcome.proxyFree"), todo: "" };
}

function privateWindows({ privateWindows: allowed, firefox }: Facts): Check {
  if (allowed) return { name: "private", state: "good", what: say("welcome.privateAllowed"), todo: "" };
  const todo = say(firefox ? "welcome.privateTodoFirefox" : "welcome.privateTodoChromium");
  return { name: "private", state: "optional", what: say("welcome.privateNot"), todo };
}

function https({ kind }: HttpsState): Check {
  const name = "https";
  switch (kind) {
    case "checking":
      return { name, state: "waiting", what: say("welcome.httpsWaits"), todo: "" };
    case "on":
      return { name, state: "good", what: say("welcome.httpsOn"), todo: "" };
    case "off":
      return { name, state: "optional", what: say("welcome.httpsOff"), todo: say("welcome.httpsOffTodo") };
    case "restart":
      return {
        name,
        state: "optional",
        what: say("welcome.httpsRestart"),
        todo: say("welcome.httpsRestartTodo"),
      };
    case "unsupported":
      return { name, state: "optional", what: say("welcome.httpsUnsupported"), todo: "" };
  }
}

function bare({ what, todo }: { what: string; todo: string }): { what: string; todo: string } {
  return { what, todo };
}
