/**
 * Bencode, the encoding of DHT messages: integers, byte strings, lists, and dictionaries with sorted keys.
 */

export type Bencoded = number | bigint | Buffer | Bencoded[] | { [key: string]: Bencoded };

export function encode(value: Bencoded): Buffer {
  if (typeof value === "number" || typeof value === "bigint") return Buffer.from(`i${value}e`);
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.from(`${value.length}:`), value]);
  if (Array.isArray(value)) return Buffer.concat([Buffer.from("l"), ...value.map(encode), Buffer.from("e")]);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = entries.flatMap(([key, inner]) => [encode(Buffer.from(key, "latin1")), encode(inner)]);
  return Buffer.concat([Buffer.from("d"), ...parts, Buffer.from("e")]);
}

export function decode(bytes: Buffer): Bencoded {
  const [value] = read(bytes, 0);
  return value;
}

function read(bytes: Buffer, start: number): [Bencoded, number] {
  const kind = String.fromCharCode(bytes[start] ?? 0);
  if (kind === "i") {
    const end = endOf(bytes, "e", start);
    return [Number(bytes.toString("latin1", start + 1, end)), end + 1];
  }
  if (kind === "l" || kind === "d") return readMany(bytes, start + 1, kind === "d");
  const colon = endOf(bytes, ":", start);
  const length = Number(bytes.toString("latin1", start, colon));
  if (!Number.isInteger(length) || colon + 1 + length > bytes.length) throw new Error("not bencode");
  return [bytes.subarray(colon + 1, colon + 1 + length), colon + 1 + length];
}

function readMany(bytes: Buffer, start: number, dictionary: boolean): [Bencoded, number] {
  const items: Bencoded[] = [];
  let at = start;
  while (bytes[at] !== "e".charCodeAt(0)) {
    const [item, next] = read(bytes, at);
    items.push(item);
    at = next;
  }
  if (!dictionary) return [items, at + 1];
  const entries: { [key: string]: Bencoded } = {};
  for (let i = 0; i + 1 < items.length; i += 2) {
    entries[String((items[i] as Buffer).toString("latin1"))] = items[i + 1] as Bencoded;
  }
  return [entries, at + 1];
}

function endOf(bytes: Buffer, character: string, start: number): number {
  const end = bytes.indexOf(character, start, "latin1");
  if (end < 0) throw new Error("not bencode");
  return end;
}
