/** What the extension finds when it looks at itself: findings of the same kind as the program's. */

import type { HttpsState } from "../../https/state";
import type { Snapshot } from "../../messages/messages";
import type { Finding } from "../../protocol/protocol";

/** A finding that is said in words by its check and finding alone. */
export type OwnFinding = Pick<Finding, "check" | "finding" | "state" | "facts">;

/** Who holds the proxy; `asked`: nobody, the browser asks for each request. */
export type ProxyHolder = "asked" | "us" | "nobody" | "otherExtension" | "policy";

export interface OwnFacts {
  browser: string;
  version: string;
  extension: string;
  system: string;
  /** Permissions of the manifest that the browser does not grant. */
  lacking: readonly string[];
  hostAccess: boolean;
  privateWindows: boolean;
  proxy: ProxyHolder;
  /** Rules for requests, by how long they last; null where there are none such. */
  rules: { lasting: number; session: number } | null;
  snapshot: Snapshot;
  /** When the background was started, in the form of ISO 8601. */
  since: string;
  /** How often the program went away while it was in use. */
  disconnects: number;
}

/** The gate's own, beside those for searches, which can be switched off: see intercept/rules.ts. */
const LASTING_RULES = 2;

export function ownFindings(facts: OwnFacts): OwnFinding[] {
  const { snapshot, rules, lacking, since, disconnects } = facts;
  const { browser, version, extension, system } = facts;
  return [
    good("browser", "known", { browser, version, extension, system }),
    lacking.length === 0
      ? good("permissions", "complete")
      : found("permissions", "lacking", "bad", { names: lacking.join(", ") }),
    facts.hostAccess ? good("access", "granted") : found("access", "refused", "bad"),
    facts.privateWindows
      ? good("private-windows", "allowed")
      : found("private-windows", "not-allowed", "note"),
    proxy(facts.proxy),
    way(snapshot),
    ...(rules ? [gate(rules, snapshot)] : []),
    https(snapshot.https),
    disconnects === 0
      ? good("background", "steady", { since })
      : found("background", "interrupted", "note", { since, count: String(disconnects) }),
  ];
}

function proxy(holder: ProxyHolder): OwnFinding {
  switch (holder) {
    case "asked":
      return good("proxy", "asked");
    case "us":
      return good("proxy", "ours");
    case "nobody":
      return found("proxy", "free", "note");
    case "otherExtension":
      return found("proxy", "other-extension", "warning");
    case "policy":
      return found("proxy", "policy", "warning");
  }
}

function way({ way, paused }: Snapshot): OwnFinding {
  if (paused) return found("way", "paused", "note");
  return way === "gateway" ? good("way", "gateway") : found("way", "redirect", "note");
}

function gate({ lasting, session }: { lasting: number; session: number }, { paused }: Snapshot): OwnFinding {
  if (lasting < LASTING_RULES && !paused) return found("rules", "missing", "bad");
  return good("rules", "in-place", { lasting: String(lasting), session: String(session) });
}

function https({ kind }: HttpsState): OwnFinding {
  switch (kind) {
    case "on":
      return good("browser-https", kind);
    case "restart":
    case "unsupported":
      return found("browser-https", kind, "warning");
    default:
      return found("browser-https", kind, "note");
  }
}

function good(check: string, finding: string, facts: Finding["facts"] = {}): OwnFinding {
  return found(check, finding, "good", facts);
}

function found(
  check: string,
  finding: string,
  state: Finding["state"],
  facts: Finding["facts"] = {},
): OwnFinding {
  return { check, finding, state, facts };
}
