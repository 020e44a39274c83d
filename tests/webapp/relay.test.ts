import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { get, put, RelayError, relayAddress } from "../../native-host/src/server/app/relay.js";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

let answer: (request: IncomingMessage, response: ServerResponse) => void;
const asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  request.resume();
  answer(request, response);
});
let relay = "";

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  relay = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** What the relay's answer comes to. */
async function failure(work: Promise<unknown>): Promise<RelayError> {
  return await work.then(
    () => assert.fail("it was taken"),
    (failure) => {
      assert.ok(failure instanceof RelayError, String(failure));
      return failure;
    },
  );
}

test("the address of a relay, however it is typed", () => {
  const own = "https://own.example";
  for (const [typed, address] of [
    ["", own],
    ["  ", own],
    ["relay.example", "https://relay.example"],
    [" https://relay.example/ ", "https://relay.example"],
    ["http://127.0.0.1:6881", "http://127.0.0.1:6881"],
    ["https://relay.example/pkarr/", "https://relay.example/pkarr"],
  ] as const) {
    assert.equal(relayAddress(typed, own), address, typed);
  }
  for (const typed of [
    "ftp://relay.example",
    "https://user@relay.example",
    "https://relay.example/?x",
    "https://relay.example/#x",
    "https://",
  ]) {
    assert.throws(() => relayAddress(typed, own), RelayError, typed);
  }
});

test("a packet comes with what the relay says of it", async () => {
  answer = (_, response) => {
    response.writeHead(200, {
      "memento-datetime": "Wed, 15 Nov 2023 10:00:00 GMT",
      "pkarr-dht-stored-nodes": "12",
    });
    response.end(Buffer.alloc(1_072, 7));
  };
  const { payload, seen, nodes } = await get(relay, KEY);
  assert.equal(payload.length, 1_072);
  assert.equal(seen, Date.UTC(2023, 10, 15, 10));
  assert.equal(nodes, 12);
  assert.equal(asked.at(-1)?.url, `/${KEY}`);
  await get(relay, KEY, { anew: true });
  assert.equal(asked.at(-1)?.url, `/${KEY}?policy=NetworkOnly`);
});

test("what it says is believed only where it can be true", async () => {
  answer = (_, response) => {
    response.writeHead(200, { "memento-datetime": "yesterday", "pkarr-dht-stored-nodes": "-1e9" });
    response.end(Buffer.alloc(72));
  };
  const { seen, nodes } = await get(relay, KEY);
  assert.deepEqual([seen, nodes], [null, null]);
});

test("a body without an end is let go of", async () => {
  let closed = false;
  answer = (_, response) => {
    response.writeHead(200);
    const more = () => response.write(Buffer.alloc(512)) && setImmediate(more);
    response.on("drain", more).on("close", () => {
      closed = true;
    });
    more();
  };
  const { failure: kind, message } = await failure(get(relay, KEY));
  assert.equal(kind, "refused");
  assert.match(message, /longer than any signed packet/);
  while (!closed) await new Promise((resolve) => setImmediate(resolve));
});

test("refusals are told apart", async () => {
  const cases: [number, Record<string, string>, string, string, RegExp][] = [
    [404, {}, "", "missing", /knows of nothing/],
    [404, { "pkarr-invalid-signed-packet-seq": "5" }, "", "missing", /holds no records/],
    [409, {}, "", "stale", /newer/],
    [412, {}, "", "stale", /newer/],
    [428, {}, "", "stale", /newer/],
    [413, {}, "", "refused", /larger/],
    [429, { "retry-after": "7" }, "", "busy", /too often.*in 7 seconds/],
    [503, { "retry-after": "soon" }, "", "busy", /too busy.*in a while/],
    [400, { "content-type": "text/plain" }, "bad \u202esignature\n", "refused", /says: bad \ufffdsignature/],
    [500, { "content-type": "text/html" }, "<b>oops</b>", "refused", /status 500.*may be no relay/],
    [400, { "content-type": "text/plain" }, "x".repeat(9_000), "refused", /status 400/],
  ];
  for (const [status, headers, body, kind, words] of cases) {
    answer = (_, response) => response.writeHead(status, headers).end(body);
    const refused = await failure(get(relay, KEY));
    assert.equal(refused.failure, kind, `${status}`);
    assert.match(`${refused.message} ${refused.todo}`, words);
    assert.ok(refused.todo.length < 700);
  }
});

test("a packet is put in place of the one before it", async () => {
  answer = (_, response) => response.writeHead(204, { "pkarr-dht-stored-nodes": "9" }).end();
  assert.deepEqual(await put(relay, KEY, new Uint8Array(72), { replaces: 5n }), { nodes: 9 });
  assert.equal(asked.at(-1)?.method, "PUT");
  assert.equal(asked.at(-1)?.headers["if-match"], "5");
  answer = (_, response) => response.writeHead(204).end();
  assert.deepEqual(await put(relay, KEY, new Uint8Array(72)), { nodes: null });
  assert.equal(asked.at(-1)?.headers["if-match"], undefined);
});

test("a relay that is away, and one that hangs up", async () => {
  answer = (request) => request.socket.destroy();
  assert.equal((await failure(get(relay, KEY))).failure, "unreachable");
  answer = (request, response) => {
    response.writeHead(200, { "content-length": "500" });
    response.write("x", () => request.socket.destroy());
  };
  assert.equal((await failure(get(relay, KEY))).failure, "unreachable");
  assert.equal((await failure(get("http://127.0.0.1:1", KEY))).failure, "unreachable");
});
