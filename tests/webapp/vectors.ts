/** Packets that another implementation made and signed: native-host/tests/vectors/packets.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../harness/paths.ts";

export interface Vector {
  what: string;
  secret_key: string;
  public_key: string;
  public_key_hex: string;
  seq: number;
  signature: string;
  dns: string;
  relay_payload: string;
  records: { name: string; ttl: number; rdata: string }[];
}

const file = join(root, "native-host/tests/vectors/packets.json");
export const vectors: Vector[] = JSON.parse(readFileSync(file, "utf8")).vectors;

/** One of them. */
export function vector(what: string): Vector {
  const found = vectors.find((one) => one.what === what);
  if (!found) throw new Error(`there is no vector of ${what}`);
  return found;
}
