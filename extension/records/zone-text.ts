/** Records as a zone file (RFC 1035, section 5), the way `pkarr publish` reads them. */

import type { RecordView } from "../protocol/protocol";
import { relativeName } from "./names";

/** Nothing that ends a line or begins another may come from a record. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** One line a record. Names outside the key's zone can't be published from a zone file, and are comments. */
export function zoneText(records: readonly RecordView[], key: string): string {
  return records
    .map((record) => {
      const { ttl, type, value, outOfZone } = record;
      const line = `${relativeName(record.name, key)} ${ttl} ${type} ${value}`.replace(BREAKS, " ");
      return `${outOfZone ? "; " : ""}${line}\n`;
    })
    .join("");
}
