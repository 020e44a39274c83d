import assert from "node:assert/strict";
import { test } from "node:test";
import { meaningOf, type Part } from "../../native-host/src/server/app/meaning.js";
import { plainText } from "../../native-host/src/server/app/text.js";
import { parse } from "../../native-host/src/server/app/zone.js";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

function words(line: string): [string, ...string[]] {
  const [record] = parse(line, KEY);
  assert(record);
  const { purpose, sentences } = meaningOf(record, KEY);
  const said = (part: Part) => (typeof part === "string" ? part : `[${part.value}]`);
  return [purpose, ...sentences.map((sentence) => sentence.map(said).join(""))];
}

test("records are said in words", () => {
  const cases: [string, string, ...string[]][] = [
    ["@ A 192.0.2.1", "site", "This name is at the address [192.0.2.1]."],
    ["@ AAAA 2001:db8::7", "site", "This name is at the address [2001:db8::7]."],
    ["@ CNAME a.example.", "site", "This name stands for [a.example]."],
    ["@ HTTPS 1 .", "site", "The site of this name is served at its own addresses."],
    ["@ HTTPS 1 . port=8080", "site", "The site of this name is served at its own addresses, port 8080."],
    ["@ HTTPS 0 a.example.", "site", "The site of this name is that of [a.example]."],
    [
      '@ HTTPS 10 a.example. alpn="h2,h3" ipv4hint=192.0.2.1 ipv6hint=::1',
      "site",
      "The site of this name is served by [a.example].",
      "Lower numbers are tried first; this is number 10.",
      "It speaks [h2 h3].",
      "Addresses named beside it: [192.0.2.1 ::1].",
    ],
    [`_pubky HTTPS 1 ${KEY}.`, "pubky", `Profile and data of this person are at the homeserver [${KEY}].`],
    [
      "_iroh TXT relay=https://r.example./",
      "iroh",
      "The node can be reached through the relay [https://r.example./].",
    ],
    ["_iroh TXT addr=192.0.2.1:4433", "iroh", "The node can be dialled at [192.0.2.1:4433]."],
    ["_iroh TXT addr=nowhere", "text", "Somebody wrote: [addr=nowhere]"],
    ["_iroh TXT user-data=a=b", "iroh", "The node says of itself: [a=b]"],
    [
      "_did TXT v=0\\;vm=k0,k1\\;svc=s0",
      "did",
      "An identity document of version [0] with 2 keys and 1 service.",
    ],
    ["_k0._did TXT id=0\\;t=0", "did", "Key [0] of the document is of the type [Ed25519]."],
    [
      "_s0._did TXT id=x\\;t=Y\\;se=https://a",
      "did",
      "Service [x] of the document is of the type [Y] and is at [https://a].",
    ],
    ["_dnslink TXT dnslink=/ipfs/Qm", "dnslink", "This name leads to [/ipfs/Qm]."],
    [
      "@ MX 10 mail.example.",
      "mail",
      "Mail for this name goes to [mail.example]; lower numbers are tried first, this is number 10.",
    ],
    ["_x SRV 1 2 3 a.example.", "services", "A service is at [a.example], port 3."],
    ["@ NS ns.example.", "nameServers", "The server [ns.example] answers for this name."],
    ['@ TXT "a" "b"', "text", "Somebody wrote: [ab]"],
    [
      '@ CAA 0 issue "x"',
      "rest",
      'A record of the type [CAA], of a use that is not known here: [0 issue "x"]',
    ],
  ];
  for (const [line, ...expected] of cases) assert.deepEqual(words(line), expected, line);
});

test("nothing that a stranger writes hides or turns text", () => {
  const text = "a\u202eb\u200bc\u0000d\u2028e\u{e0041}";
  assert.equal(plainText(text), "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd");
  assert.equal(plainText("x".repeat(9), 5), "xxxxx…");
});
