import { describe, expect, it } from "vitest";
import { isLocalAddress, isLocalHost } from "./local-network";

const PUBLIC_V4 = [
  "1.1.1.1",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.1",
  "169.253.255.255",
  "172.15.255.255",
  "172.32.0.0",
  "192.0.1.1",
  "192.167.255.255",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
];
const PUBLIC_V6 = [
  "2606:4700:4700::1111",
  "2a00::1",
  "2001:200::1",
  "::ffff:1.1.1.1",
  "64:ff9b::1.1.1.1",
  "2002:101:101::1",
];
const LOCAL_V4 = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "100.64.0.1",
  "100.127.255.255",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.1",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.251",
  "240.0.0.1",
  "255.255.255.255",
];
const LOCAL_V6 = [
  "::",
  "::1",
  "::127.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::FFFF:10.0.0.1",
  "::ffff:0:127.0.0.1",
  "64:ff9b::10.0.0.1",
  "64:ff9b:1::1.1.1.1",
  "100::1",
  "2001::1",
  "2001:2::1",
  "2001:db8::1",
  "2002:7f00:1::1",
  "2002:c0a8:101::1",
  "3fff::1",
  "fc00::1",
  "fd12:3456::1",
  "fe80::1",
  "fec0::1",
  "ff02::1",
];

describe("an address", () => {
  it.each([...PUBLIC_V4, ...PUBLIC_V6])("%s is on the public internet", (address) => {
    expect(isLocalAddress(address)).toBe(false);
  });

  it.each([...LOCAL_V4, ...LOCAL_V6, "fe80::1%eth0"])("%s is not", (address) => {
    expect(isLocalAddress(address)).toBe(true);
  });

  it.each(["", "example.com", "1.2.3", "256.0.0.1", "::1::", "[not an address]"])(
    "%s is none, and not private",
    (address) => {
      expect(isLocalAddress(address)).toBe(false);
    },
  );
});

describe("the host of a URL", () => {
  // Spellings that browsers take for the same address.
  it.each([
    ...LOCAL_V4.map((address) => `http://${address}/`),
    ...LOCAL_V6.map((address) => `http://[${address}]/`),
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.1./",
    "ws://192.168.1.1:8080/socket",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost:3000/",
    "http://printer.local/",
    "http://db.corp.internal/",
    "http://internal/",
    "http://nas.home.arpa/",
    "http://home.arpa/",
    "http://router/",
    "http://intranet./x",
  ])("%s is private", (url) => {
    expect(isLocalHost(new URL(url).hostname)).toBe(true);
  });

  it.each([
    ...PUBLIC_V4.map((address) => `http://${address}/`),
    ...PUBLIC_V6.map((address) => `http://[${address}]/`),
    "https://example.com/",
    "https://localhost.example.com/",
    "https://notlocalhost.com/",
    "https://mylocal.net/",
    "https://local.example/",
    "https://arpa.example/",
    "https://127.0.0.1.example.com/",
  ])("%s is not", (url) => {
    expect(isLocalHost(new URL(url).hostname)).toBe(false);
  });
});
