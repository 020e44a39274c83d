/**
 * A resolver that writes down what it is asked.
 *
 * It answers the names it was given and says of every other that it does not exist. On 127.0.0.53 inside
 * `tests/isolated` it is the machine's only resolver, so its log holds every name that left a program as DNS.
 */
import { createSocket, type Socket } from "node:dgram";

/** The record types browsers ask for, by number. */
const TYPES: Record<number, string> = {
  1: "A",
  5: "CNAME",
  12: "PTR",
  16: "TXT",
  28: "AAAA",
  33: "SRV",
  64: "SVCB",
  65: "HTTPS",
};

export interface Query {
  name: string;
  type: string;
}

export class Resolver {
  readonly queries: Query[] = [];
  readonly #addresses = new Map<string, string>();
  readonly #socket: Socket = createSocket("udp4");

  static async start(address = "127.0.0.53", port = 53): Promise<Resolver> {
    const resolver = new Resolver();
    const socket = resolver.#socket;
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, address, resolve);
    });
    socket.on("message", (message, peer) => {
      const reply = resolver.#reply(message);
      if (reply) socket.send(reply, peer.port, peer.address);
    });
    return resolver;
  }

  /** Lets `name` have an A record. */
  set(name: string, address: string): void {
    this.#addresses.set(name, address);
  }

  /** What was asked about `name` and the names below it. */
  about(name: string): Query[] {
    return this.queries.filter((query) => query.name === name || query.name.endsWith(`.${name}`));
  }

  stop(): void {
    this.#socket.close();
  }

  #reply(message: Buffer): Buffer | null {
    const question = readQuestion(message);
    if (!question) return null;
    this.queries.push({ name: question.name, type: question.type });
    const address = this.#addresses.get(question.name);
    const answered = address !== undefined && question.type === "A";
    const header = Buffer.alloc(12);
    message.copy(header, 0, 0, 2);
    // A response, recursion wanted and available; 3 is "no such name".
    header.writeUInt16BE(0x8180 | (address === undefined ? 3 : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answered ? 1 : 0, 6);
    const parts = [header, message.subarray(12, question.end)];
    if (answered) parts.push(addressRecord(address));
    return Buffer.concat(parts);
  }
}

/** An A record that points back to the name of the question. */
function addressRecord(address: string): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(1, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(60, 6);
  record.writeUInt16BE(4, 10);
  record.set(address.split(".").map(Number), 12);
  return record;
}

function readQuestion(message: Buffer): { name: string; type: string; end: number } | null {
  if (message.length < 17 || message.readUInt16BE(4) !== 1) return null;
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
    if (at >= message.length) return null;
  }
  const type = message.readUInt16BE(at + 1);
  return { name: labels.join(".").toLowerCase(), type: TYPES[type] ?? `TYPE${type}`, end: at + 5 };
}
