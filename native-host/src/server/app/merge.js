/**
 * Publishing is read, merge, write: other applications keep records under the same key, and what they wrote since it was
 * read is kept.
 */

import { lowered } from "./dns.js";
import { hex } from "./packet.js";

/** @import { Record } from "./dns.js" */

/**
 * What makes a record the same one, whatever its time to live.
 * @param {Record} record
 */
function identity({ name, type, class: code, data }) {
  return JSON.stringify([lowered(name), type, code, hex(data)]);
}

/** @param {readonly Record[]} records */
function byIdentity(records) {
  return new Map(records.map((record) => [identity(record), record]));
}

/**
 * Takes to what is there now the changes that were made to what was read.
 * @param {readonly Record[]} read what was under the key when it was read
 * @param {readonly Record[]} edited what it was made into
 * @param {readonly Record[]} now what is under the key now
 * @returns {Record[]}
 */
export function merged(read, edited, now) {
  const before = byIdentity(read);
  const after = byIdentity(edited);
  const there = byIdentity(now);
  // Those that were edited keep the order they were written in; what came meanwhile follows.
  const result = [];
  for (const [id, record] of after) {
    const was = before.get(id);
    const is = there.get(id);
    if (!was) result.push(record);
    else if (is) result.push(was.ttl === record.ttl ? is : record);
    // What somebody else has taken away meanwhile stays away, unless it was changed here.
    else if (was.ttl !== record.ttl) result.push(record);
  }
  for (const [id, record] of there) if (!before.has(id) && !after.has(id)) result.push(record);
  return result;
}

/**
 * Whether both are the same records with the same times to live, in any order.
 * @param {readonly Record[]} one
 * @param {readonly Record[]} other
 */
export function isSame(one, other) {
  const a = byIdentity(one);
  const b = byIdentity(other);
  return a.size === b.size && [...a].every(([id, record]) => b.get(id)?.ttl === record.ttl);
}
