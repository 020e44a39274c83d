/** What changed from one packet of a key to the next. */

import type { RecordView } from "../protocol/protocol";

export interface Difference {
  added: RecordView[];
  removed: RecordView[];
  /** The same but for their time to live. */
  retimed: { record: RecordView; before: number }[];
}

/** The order of records means nothing; the same record twice counts twice. */
export function difference(before: readonly RecordView[], after: readonly RecordView[]): Difference {
  const left = [...before];
  const fresh: RecordView[] = [];
  const retimed: Difference["retimed"] = [];
  for (const record of after) if (!take(left, record, true)) fresh.push(record);
  const added = fresh.filter((record) => {
    const old = take(left, record, false);
    if (old) retimed.push({ record, before: old.ttl });
    return !old;
  });
  return { added, removed: left, retimed };
}

function take(from: RecordView[], record: RecordView, sameTtl: boolean): RecordView | null {
  const at = from.findIndex(
    (one) =>
      one.name.toLowerCase() === record.name.toLowerCase() &&
      one.type === record.type &&
      one.value === record.value &&
      (!sameTtl || one.ttl === record.ttl),
  );
  return at < 0 ? null : (from.splice(at, 1)[0] ?? null);
}
