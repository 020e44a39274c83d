/** https:// for keys in plain words: what it means, how it stands, and what to do. */

import type { HttpsState } from "../https/state";
import type { HttpsStatus, TrustStore } from "../protocol/protocol";
import { plainText } from "./plain-text";
import type { Words } from "./words";

/** What somebody agrees to who switches it on. The same sentences as in docs/security.md. */
export const WHAT_TRUST_MEANS = [
  "Your browsers will show https:// addresses of keys as secure whenever pkarr on this computer vouches for them, which it does only over an encrypted connection in which the site has proved who it is.",
  "Whoever steals the root’s secret key from this computer could pretend to these browsers to be any key’s site, a one-word name of your own network, or a name below a top-level domain newer than this version of pkarr, until the root is renewed or switched off; no other name and no IP address.",
] as const;

export function httpsWords(state: HttpsState): Words {
  switch (state.kind) {
    case "checking":
      return {
        title: "Having a look…",
        what: "It is being found out whether this browser opens https:// for keys.",
        todo: "",
        code: "https-checking",
      };
    case "unsupported":
      return {
        title: "Not in this version",
        what: "The pkarr program on this computer knows nothing of https:// for keys.",
        todo: "Install its current version.",
        code: "https-unsupported",
      };
    case "off":
      return {
        title: "Off",
        what: "Keys open with http:// in the address bar.",
        todo: "",
        code: "https-off",
      };
    case "on":
      return {
        title: "On",
        what: "Sites that ask for it open with https:// in this browser.",
        todo: "",
        code: "https-on",
      };
    case "restart":
      return state.status.stores.some(({ trusts }) => trusts) || !state.status.root
        ? {
            title: "Restart the browser",
            what: "It is switched on, but this browser does not trust the certificate authority yet.",
            todo: `Close all windows of this browser and open it again.${importWords(state.status)}`,
            code: "https-restart",
          }
        : {
            title: "This browser has to be told",
            what: "It is switched on, but no store of certificates could take the certificate authority.",
            todo: `Import it in this browser’s settings, as an authority for web sites: ${plainText(state.status.root.file)}`,
            code: "https-not-trusted",
          };
  }
}

/** For browsers with a store that is not among those the program knows. */
function importWords({ root }: HttpsStatus): string {
  if (!root) return "";
  return ` If that does not help, import ${plainText(root.file)} in its settings, as an authority for web sites.`;
}

/** How it stands with one store. */
export function storeWords({ trusts, failure }: TrustStore): string {
  if (failure !== null) return plainText(failure);
  return trusts ? "trusts it" : "does not trust it";
}
