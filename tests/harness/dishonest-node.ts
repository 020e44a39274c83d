/**
 * A DHT node that hands out whatever item it was told to, signed or not: what an attacker on the network can do.
 *
 * It speaks BEP 5 and 44 by itself and shares no code with the program under test. A lookup finds it as the holder
 * when it is among the bootstrap nodes: it claims an id next to the target.
 */
import { randomBytes } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { type Bencoded, decode, encode } from "./bencode.ts";
import { target } from "./key.ts";

export interface Item {
  /** The 32 bytes of the public key. */
  key: Buffer;
  seq: bigint;
  /** 64 bytes that claim to be a signature. */
  signature: Buffer;
  /** The value: for pkarr, a DNS packet. */
  value: Buffer;
}

export class DishonestNode {
  readonly address: string;
  readonly port: number;
  /** How often the item was handed out. */
  served = 0;
  readonly #socket: Socket;
  readonly #item: Item;
  readonly #id: Buffer;

  private constructor(socket: Socket, item: Item) {
    const { address, port } = socket.address();
    this.address = address;
    this.port = port;
    this.#socket = socket;
    this.#item = item;
    // As near to the target as can be without being it.
    this.#id = Buffer.from(target(item.key));
    this.#id[19] = (this.#id[19] ?? 0) ^ 1;
    socket.on("message", (message, peer) => this.#answer(message, peer));
  }

  static async start(item: Item, address = "127.0.0.1"): Promise<DishonestNode> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(0, address, resolve);
    });
    return new DishonestNode(socket, item);
  }

  /** As a bootstrap node. */
  get endpoint(): string {
    return `${this.address}:${this.port}`;
  }

  stop(): void {
    this.#socket.close();
  }

  #answer(message: Buffer, peer: RemoteInfo): void {
    const query = readQuery(message);
    if (!query) return;
    const reply: { [key: string]: Bencoded } = { id: this.#id };
    if (query.method !== "ping") reply.nodes = this.#asNode();
    if (query.method === "get") {
      reply.token = randomBytes(8);
      if (query.target?.equals(target(this.#item.key))) {
        this.served += 1;
        Object.assign(reply, {
          k: this.#item.key,
          seq: this.#item.seq,
          sig: this.#item.signature,
          v: this.#item.value,
        });
      }
    }
    const response = encode({ t: query.transaction, y: Buffer.from("r"), r: reply });
    this.#socket.send(response, peer.port, peer.address);
  }

  /** Itself in compact form: the only node it knows. */
  #asNode(): Buffer {
    const port = Buffer.alloc(2);
    port.writeUInt16BE(this.port);
    return Buffer.concat([this.#id, Buffer.from(this.address.split(".").map(Number)), port]);
  }
}

function readQuery(message: Buffer): { transaction: Buffer; method: string; target?: Buffer } | null {
  try {
    const { t, y, q, a } = decode(message) as { [key: string]: Bencoded };
    if (!Buffer.isBuffer(t) || !Buffer.isBuffer(q) || y?.toString() !== "q") return null;
    const wanted = (a as { [key: string]: Bencoded }).target;
    return { transaction: t, method: q.toString(), target: Buffer.isBuffer(wanted) ? wanted : undefined };
  } catch {
    return null;
  }
}

/** A DNS answer with one A record for the apex of a key: what a well-behaved publisher would sign. */
export function addressPacket(key: string, address: string): Buffer {
  const header = Buffer.from([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  const name = Buffer.concat([Buffer.from([key.length]), Buffer.from(key), Buffer.from([0])]);
  const fixed = Buffer.from([0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
  return Buffer.concat([header, name, fixed, Buffer.from(address.split(".").map(Number))]);
}
