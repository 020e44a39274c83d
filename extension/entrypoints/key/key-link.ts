/** Names inside records: one that is a key's leads to that key's own page. */

import { showArt } from "../../art/image";
import { keyHost } from "../../key/key";
import { ask } from "../../messages/messages";
import { keyPageAddress } from "../../pages/key-page";
import { plainText } from "../../pages/plain-text";
import { isolated } from "../../pages/sentence";

/** The text, as a link where it is a key host. */
export function valueElement(text: string): HTMLElement {
  const at = keyHost(text);
  if (!at) return isolated(text);
  const { key, host } = at;
  const link = document.createElement("a");
  link.className = "key-link";
  link.href = keyPageAddress(key);
  const art = document.createElement("img");
  art.width = 20;
  art.height = 20;
  // The text beside it says more than its colours.
  void showArt(art, key).then(() => {
    art.alt = "";
  });
  const name = isolated(host, "value mono");
  link.append(art, name);
  if (host === key) void showName(key, name);
  return link;
}

async function showName(key: string, place: HTMLElement): Promise<void> {
  const { name } = await ask("known", { key });
  if (name === null) return;
  place.textContent = plainText(name);
  place.title = key;
  place.className = "value";
}
