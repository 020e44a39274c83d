/** The page of a key, key.html, as other pages lead to it. */

import { say } from "../i18n/i18n";
import { plainText } from "./plain-text";

export function keyPageAddress(key: string): string {
  return `/key.html?key=${key}`;
}

/** A link to it, for lists; `name`: what the key is called, if anything. */
export function keyPageLink(key: string, name: string): HTMLAnchorElement {
  const link = document.createElement("a");
  link.href = keyPageAddress(key);
  link.textContent = say("keyPage.linkLabel");
  link.ariaLabel = say("keyPage.linkFor", { name: name === "" ? key : plainText(name) });
  return link;
}
