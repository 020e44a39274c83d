/**
 * The records of a key by what they are for, so that a person sees a site, an identity, a mailbox, and not a list of
 * types. What each record is for the program says (`meaning`); one it has no word for goes to the rest.
 */

import type { Meaning, RecordView } from "../protocol/protocol";

/** In the order they are shown. */
export const PURPOSES = [
  "site",
  "pubky",
  "iroh",
  "did",
  "dnslink",
  "mail",
  "services",
  "nameServers",
  "text",
  "rest",
] as const;

export type Purpose = (typeof PURPOSES)[number];

export interface Group {
  purpose: Purpose;
  records: RecordView[];
}

const PURPOSE_OF: Record<Meaning["kind"], Purpose> = {
  address: "site",
  alias: "site",
  site: "site",
  homeserver: "pubky",
  irohRelay: "iroh",
  irohAddress: "iroh",
  irohUserData: "iroh",
  did: "did",
  didKey: "did",
  didService: "did",
  dnslink: "dnslink",
  mail: "mail",
  service: "services",
  nameServer: "nameServers",
  text: "text",
};

/** Groups with something in them; the records of each in the packet's order. */
export function grouped(records: readonly RecordView[]): Group[] {
  const groups = new Map<Purpose, RecordView[]>(PURPOSES.map((purpose) => [purpose, []]));
  for (const record of records) groups.get(purposeOf(record))?.push(record);
  return [...groups].filter(([, own]) => own.length > 0).map(([purpose, own]) => ({ purpose, records: own }));
}

function purposeOf({ meaning }: RecordView): Purpose {
  // A newer program may know of more than this extension.
  return (meaning && PURPOSE_OF[meaning.kind]) || "rest";
}
