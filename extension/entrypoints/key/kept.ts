/** What is kept under the key, in words, grouped by what it is for. All of it was written by the key's owner. */

import type { MessageId } from "../../i18n/catalogue";
import { say } from "../../i18n/i18n";
import { keyHostOf } from "../../key/key";
import { ask } from "../../messages/messages";
import { element } from "../../pages/element";
import { isolated, sentence } from "../../pages/sentence";
import type { RecordView } from "../../protocol/protocol";
import { type Group, grouped, type Purpose } from "../../records/groups";
import { meaningSentences } from "../../records/meaning-sentences";
import { relativeName } from "../../records/names";
import { valueElement } from "./key-link";

/** More than a packet of 1000 bytes can reasonably hold. */
const MOST_RECORDS = 60;

const TITLES: Record<Purpose, MessageId> = {
  site: "meaning.groupSite",
  pubky: "meaning.groupPubky",
  iroh: "meaning.groupIroh",
  did: "meaning.groupDid",
  dnslink: "meaning.groupDnslink",
  mail: "meaning.groupMail",
  services: "meaning.groupServices",
  nameServers: "meaning.groupNameServers",
  text: "meaning.groupText",
  rest: "meaning.groupRest",
};

/** For those that are not known to everybody. */
const ABOUT: Partial<Record<Purpose, MessageId>> = {
  pubky: "meaning.groupPubkyWhat",
  iroh: "meaning.groupIrohWhat",
  did: "meaning.groupDidWhat",
};

export function showKept(records: readonly RecordView[], key: string): void {
  element("kept").hidden = false;
  const shown = grouped(records.slice(0, MOST_RECORDS)).map((group) => section(group, key));
  const left = records.length - MOST_RECORDS;
  const more = left > 0 ? [paragraph(say("keyPage.more", { count: left }))] : [];
  const nothing = shown.length > 0 ? [] : [paragraph(say("keyPage.keptNothing"))];
  element("groups").replaceChildren(...shown, ...nothing, ...more);
}

function section({ purpose, records }: Group, key: string): HTMLElement {
  const place = document.createElement("section");
  place.className = "group";
  place.dataset.purpose = purpose;
  const title = document.createElement("h3");
  title.id = `group-${purpose}`;
  title.textContent = say(TITLES[purpose]);
  place.setAttribute("aria-labelledby", title.id);
  const list = document.createElement("ul");
  for (const record of records) {
    const line = item(record, key);
    list.append(line);
    if (purpose === "site" && record.name !== key) void leadTo(line, record.name);
  }
  const about = ABOUT[purpose];
  place.append(title, ...(about ? [paragraph(say(about))] : []), list);
  return place;
}

function item(record: RecordView, key: string): HTMLLIElement {
  const line = document.createElement("li");
  const words = document.createElement("div");
  words.className = "words";
  for (const [id, values] of meaningSentences(record)) {
    const text = document.createElement("p");
    text.append(...sentence(id, values, valueElement));
    words.append(text);
  }
  if (record.outOfZone) words.append(paragraph(say("meaning.outside")));
  line.classList.toggle("outside", record.outOfZone);
  line.append(isolated(relativeName(record.name, key), "name mono"), words);
  return line;
}

/** Makes the name before a record a link to its site, where it is one that can be opened: `www`, not `*`. */
async function leadTo(line: HTMLElement, host: string): Promise<void> {
  const { go } = await ask("link", { link: `pk:${host}` });
  const name = line.querySelector(".name");
  if (!go || !name || !/^[a-z0-9.-]+$/.test(host) || keyHostOf(go)?.host !== host) return;
  const link = document.createElement("a");
  link.href = go;
  link.ariaLabel = say("keyPage.openName", { name: name.textContent ?? "" });
  name.replaceWith(link);
  link.append(name);
}

function paragraph(text: string): HTMLElement {
  const line = document.createElement("p");
  line.className = "quiet";
  line.textContent = text;
  return line;
}
