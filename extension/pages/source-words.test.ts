import { expect, it } from "vitest";
import type { Source } from "../protocol/protocol";
import { sourceWords } from "./source-words";

const NOW = Date.UTC(2026, 10, 22);
const DAY = 86_400_000;

it.each<[Source, string]>([
  [{ kind: "dht", nodes: 14 }, "seen on 14 nodes of the network"],
  [{ kind: "dht", nodes: 1 }, "seen on 1 node of the network"],
  [{ kind: "dht", nodes: 0 }, "seen on the network"],
  [{ kind: "relay", url: "https://relay.example/" }, "shown by the relay https://relay.example/"],
  [{ kind: "cache", origin: "dht" }, "remembered from yesterday (the network)"],
  [{ kind: "cache", origin: "published" }, "remembered from yesterday (published from here)"],
  [
    { kind: "cache", origin: "https://r.example/\u202e" },
    "remembered from yesterday (the relay https://r.example/\ufffd)",
  ],
])("says where %j came from", (source, words) => {
  expect(sourceWords(source, NOW - DAY, NOW)).toBe(words);
});
