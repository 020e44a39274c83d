/**
 * A DHT of nodes of the npm package bittorrent-dht on this machine, for tests (native-host/tests/interop).
 *
 *     node bittorrent_dht_net.mjs NODES [HOST:PORT…]
 *
 * Each node has a subnet of its own, 127.2.N.0/24: of one subnet few are believed. The nodes know each other and those
 * named. When they do, one line of JSON tells where they are: {"nodes": ["127.2.1.1:4321", …]}. Then each line on
 * standard input is a command, answered by one line:
 *
 *     {"do": "put", "seed": HEX, "key": HEX, "seq": N, "value": HEX}   {"seq", "signature", "stored"}
 *     {"do": "get", "key": HEX}                                        {"seq", "signature", "value"}, or null when no node has an item
 *
 * What goes wrong is answered {"error": TEXT}. It ends with its standard input.
 */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import DHT from "bittorrent-dht";

/** Milliseconds until the nodes know each other. */
const PATIENCE = 20_000;

/** Whoever asked anything and left is remembered as a node. Milliseconds to wait for an answer of one. */
const TIMEOUT = 500;

// What stands before the 32 bytes in the DER of a key (RFC 8410).
const PUBLIC = Buffer.from("302a300506032b6570032100", "hex");
const SECRET = Buffer.from("302e020100300506032b657004220420", "hex");

function verifies(signature, message, key) {
  const spki = createPublicKey({ key: Buffer.concat([PUBLIC, key]), format: "der", type: "spki" });
  return verify(null, message, spki, signature);
}

function signer(seed) {
  const key = createPrivateKey({ key: Buffer.concat([SECRET, seed]), format: "der", type: "pkcs8" });
  return (message) => sign(null, message, key);
}

const [count, ...others] = process.argv.slice(2);
const nodes = [];
for (let number = 1; number <= Number(count); number += 1) {
  nodes.push(
    await listen(new DHT({ bootstrap: false, timeout: TIMEOUT, verify: verifies }), `127.2.${number}.1`),
  );
}
// A node that can't verify refuses to store: what the client finds, it finds on others.
const client = await listen(new DHT({ bootstrap: false, timeout: TIMEOUT }), "127.2.254.1");

async function listen(dht, address) {
  dht.listen(0, address);
  await once(dht, "listening");
  return dht;
}

const places = nodes.map((dht) => `${dht.address().address}:${dht.address().port}`);
const deadline = Date.now() + PATIENCE;
for (const dht of [...nodes, client]) {
  const own = `${dht.address().address}:${dht.address().port}`;
  const missing = () => {
    const known = new Set(dht.toJSON().nodes.map(({ host, port }) => `${host}:${port}`));
    return [...places, ...others].filter((place) => place !== own && !known.has(place));
  };
  for (let left = missing(); left.length > 0; left = missing()) {
    if (Date.now() > deadline) throw new Error(`${own} does not find ${left} in ${PATIENCE} ms`);
    for (const place of left) {
      const [host, port] = place.split(":");
      dht.addNode({ host, port: Number(port) });
    }
    await sleep(20);
  }
}

const commands = {
  async put({ seed, key, seq, value }) {
    let signature;
    const item = {
      k: Buffer.from(key, "hex"),
      seq,
      v: Buffer.from(value, "hex"),
      sign(message) {
        signature = signer(Buffer.from(seed, "hex"))(message);
        return signature;
      },
    };
    const stored = await new Promise((resolve, reject) => {
      client.put(item, (error, _target, stored) => (error ? reject(error) : resolve(stored)));
    });
    return { seq, signature: signature.toString("hex"), stored };
  },

  async get({ key }) {
    const target = createHash("sha1").update(Buffer.from(key, "hex")).digest();
    const found = await promisify(client.get.bind(client))(target, { cache: false, verify: verifies });
    const hex = (bytes) => Buffer.from(bytes).toString("hex");
    return found && { seq: found.seq, signature: hex(found.sig), value: hex(found.v) };
  },
};

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
answer({ nodes: places });
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  answer(await commands[command.do](command).catch((error) => ({ error: String(error) })));
}
process.exit(0);
