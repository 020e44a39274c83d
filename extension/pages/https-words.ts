/** https:// for keys in plain words: what it means, how it stands, and what to do. */

import type { HttpsState } from "../https/state";
import { say } from "../i18n/i18n";
import type { TrustStore } from "../protocol/protocol";
import { plainText } from "./plain-text";
import type { Words } from "./words";

/** What somebody agrees to who switches it on. In English the same sentences as in docs/security.md. */
export function whatTrustMeans(): string[] {
  return [say("https.meaningVouch"), say("https.meaningThief")];
}

export function httpsWords(state: HttpsState): Words {
  switch (state.kind) {
    case "checking":
      return {
        title: say("https.checking"),
        what: say("https.checkingWhat"),
        todo: "",
        code: "https-checking",
      };
    case "unsupported":
      return {
        title: say("https.unsupported"),
        what: say("https.unsupportedWhat"),
        todo: say("https.unsupportedTodo"),
        code: "https-unsupported",
      };
    case "off":
      return { title: say("https.off"), what: say("https.offWhat"), todo: "", code: "https-off" };
    case "on":
      return { title: say("https.on"), what: say("https.onWhat"), todo: "", code: "https-on" };
    case "restart": {
      const { root, stores } = state.status;
      const file = plainText(root?.file ?? "");
      return stores.some(({ trusts }) => trusts) || !root
        ? {
            title: say("https.restart"),
            what: say("https.restartWhat"),
            // For browsers with a store that is not among those the program knows.
            todo: root ? say("https.restartOrImportTodo", { file }) : say("https.restartTodo"),
            code: "https-restart",
          }
        : {
            title: say("https.notTrusted"),
            what: say("https.notTrustedWhat"),
            todo: say("https.notTrustedTodo", { file }),
            code: "https-not-trusted",
          };
    }
  }
}

/** How it stands with one store. */
export function storeWords({ trusts, failure }: TrustStore): string {
  if (failure !== null) return plainText(failure);
  return say(trusts ? "https.storeTrusts" : "https.storeDoesNot");
}
