import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "../../native-host/src/server/app/dns.js";
import { hexBytes } from "../../native-host/src/server/app/packet.js";
import { parse } from "../../native-host/src/server/app/zone.js";
import type { ZoneError } from "../../native-host/src/server/app/zone-scan.js";
import { relativeName, zoneText } from "../../native-host/src/server/app/zone-show.js";
import { vectors } from "./vectors.ts";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

/** Lines as they are shown, K for the key. */
function read(text: string): string[] {
  const records = parse(text.replaceAll("K", KEY), KEY);
  return zoneText(records, KEY).replaceAll(KEY, "K").trimEnd().split("\n");
}

test("every type is read and shown alike", () => {
  const text = String.raw`
$TTL 1h
@ A 203.0.113.7
@ 60 IN AAAA 2001:db8::1
www IN 60 CNAME K.
ext CNAME example.com.
@ NS ns1.example.com.
@ MX 10 mail
_x._tcp SRV 1 2 3 www
@ CAA 0 issue "ca.example"
@ TXT "a b" c "q\"\\\255"
@ HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=1.2.3.4,5.6.7.8 ipv6hint=2001:db8::2
s SVCB 0 other.K.
@ HTTPS 2 K. mandatory=port,key667 port=1 key667="x\001" no-default-alpn
`;
  assert.deepEqual(read(text), [
    "@ 3600 A 203.0.113.7",
    "@ 60 AAAA 2001:db8::1",
    "www 60 CNAME K.",
    "ext 3600 CNAME example.com.",
    "@ 3600 NS ns1.example.com.",
    "@ 3600 MX 10 mail.K.",
    "_x._tcp 3600 SRV 1 2 3 www.K.",
    '@ 3600 CAA 0 issue "ca.example"',
    String.raw`@ 3600 TXT "a b" "c" "q\"\\\255"`,
    '@ 3600 HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=1.2.3.4,5.6.7.8 ipv6hint=2001:db8::2',
    "s 3600 SVCB 0 other.K.",
    String.raw`@ 3600 HTTPS 2 K. mandatory=port,key667 no-default-alpn port=1 key667="x\001"`,
  ]);
});

test("the layout is free", () => {
  const text = `
; a comment
@ TXT ( "one" ; inside
        "two" )
  A 1.2.3.4
$ORIGIN sub
a A 1.1.1.1
@ A 2.2.2.2
b.K A 3.3.3.3
\r
`;
  assert.deepEqual(read(text), [
    '@ 300 TXT "one" "two"',
    "@ 300 A 1.2.3.4",
    "a.sub 300 A 1.1.1.1",
    "sub 300 A 2.2.2.2",
    "b 300 A 3.3.3.3",
  ]);
  assert.deepEqual(parse("", KEY), []);
});

test("what is shown of the packets of others is read back the same", () => {
  for (const { what, dns, public_key } of vectors) {
    const records = decode(hexBytes(dns));
    assert.deepEqual(parse(zoneText(records, public_key), public_key), records, what);
    assert.deepEqual(decode(encode(records)), records, what);
  }
});

test("names outside the key, and types that are not read, are comments", () => {
  const did = "045f646964000010000100000e10000403763d30";
  const unknown = "016100e24000010000000a0001ff";
  const text = zoneText(decode(hexBytes(`000080000000000200000000${did}${unknown}`)), KEY);
  assert.equal(text, '; _did 3600 TXT "v=0"\n; a 10 TYPE57920 \\# 1 ff\n');
  assert.deepEqual(parse(text, KEY), []);
});

test("names are relative to the key, whatever their case", () => {
  assert.equal(relativeName([KEY], KEY), "@");
  assert.equal(relativeName(["A", "b", KEY.toUpperCase()], KEY), "A.b");
  assert.equal(relativeName(["_did"], KEY), "_did");
});

test("mistakes are told with their place", () => {
  const cases: [string, number, number, RegExp][] = [
    ["@ A 1.2.3", 1, 5, /“1.2.3” is not an IPv4 address/],
    ["@ A 1.2.3.256", 1, 5, /IPv4/],
    ["@ AAAA fe80::1%eth0", 1, 8, /IPv6/],
    ["\n@ 300 BOGUS x", 2, 7, /“BOGUS” is not a record type/],
    ["@ A", 1, 4, /an address is missing/],
    ["@ A 1.2.3.4 5", 1, 13, /“5” is too much/],
    ["  A 1.2.3.4", 1, 3, /repeats the name before it/],
    ['@ TXT "abc', 1, 7, /" is not closed/],
    ["@ TXT ( a\n", 1, 7, /\( is not closed/],
    ["@ TXT a )", 1, 9, /no \(/],
    ["@ TXT a\\", 1, 7, /three digits/],
    ["@ TXT \\999", 1, 7, /three digits/],
    [`@ TXT ${"x".repeat(256)}`, 1, 7, /255/],
    ["$INCLUDE x", 1, 1, /\$INCLUDE is not supported/],
    ["@ CH A 1.2.3.4", 1, 3, /class CH/],
    ["@ HTTPS 1 . port=x", 1, 13, /not a number up to 65535/],
    ["@ HTTPS 1 . what=x", 1, 13, /not a parameter/],
    ["@ HTTPS 1 . port=1 port=2", 1, 20, /twice/],
    [`${"x".repeat(64)} A 1.2.3.4`, 1, 1, /not a domain name/],
    ["a..b A 1.2.3.4", 1, 1, /not a domain name/],
    ["@ 99999999999 A 1.2.3.4", 1, 3, /not a record type/],
  ];
  for (const [text, line, column, reason] of cases) {
    assert.throws(
      () => parse(text, KEY),
      (failure: ZoneError) =>
        failure.line === line && failure.column === column && reason.test(failure.message),
      text,
    );
  }
});

test("text that people write becomes the bytes it stands for", () => {
  assert.deepEqual(read("@ TXT grüße"), [String.raw`@ 300 TXT "gr\195\188\195\159e"`]);
});
