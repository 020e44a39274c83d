/** What pages show of https:// for keys beside its words: what trust means, and the stores of certificates. */

import type { TrustStore } from "../protocol/protocol";
import { storeWords, whatTrustMeans } from "./https-words";
import { plainText } from "./plain-text";

/** More browsers than anybody has. */
const MOST_STORES = 40;

/** Puts the sentences that somebody has to have seen before the click. */
export function showWhatTrustMeans(place: HTMLElement): void {
  place.replaceChildren(
    ...whatTrustMeans().map((sentence) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = sentence;
      return paragraph;
    }),
  );
}

/** One line a store: whose it is, and whether it trusts the root or why that could not be changed. */
export function showStores(list: HTMLElement, stores: readonly TrustStore[]): void {
  list.hidden = stores.length === 0;
  list.replaceChildren(
    ...stores.slice(0, MOST_STORES).map((store) => {
      const line = document.createElement("li");
      line.dataset.state = store.failure !== null ? "failed" : store.trusts ? "trusts" : "does-not";
      line.title = plainText(store.place);
      const name = document.createElement("bdi");
      name.className = "store";
      name.textContent = plainText(store.name);
      const words = document.createElement("span");
      words.textContent = storeWords(store);
      line.append(name, " ", words);
      return line;
    }),
  );
}
