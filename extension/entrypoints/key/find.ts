/** Where no key is named, or none that is one: a field for a key in any spelling. */

import { say } from "../../i18n/i18n";
import { keyHost } from "../../key/key";
import { selectedKey } from "../../links/address";
import { element } from "../../pages/element";
import { keyPageAddress } from "../../pages/key-page";
import { plainText } from "../../pages/plain-text";

/** The key in what somebody wrote, or null. */
export function keyIn(written: string): string | null {
  const found = selectedKey(written, "http");
  return found && (keyHost(found.host)?.key ?? null);
}

/** `written`: what was taken for a key. */
export function showFind(written: string): void {
  if (!element("find").hidden) return;
  const input = element<HTMLInputElement>("find-key");
  element("page").hidden = true;
  element("find").hidden = false;
  document.title = say("keyPage.title");
  tell(written);
  input.value = written;
  input.select();
  input.focus();
  element("find-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const key = keyIn(input.value);
    if (key) {
      location.href = keyPageAddress(key);
      return;
    }
    tell(input.value);
    input.select();
    input.focus();
  });
}

function tell(written: string): void {
  const typed = plainText(written.trim());
  element("find-why").textContent = say(typed === "" ? "keyPage.findNone" : "keyPage.findBad", { typed });
  element("find-key").ariaInvalid = String(typed !== "");
}
