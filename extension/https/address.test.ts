import { describe, expect, it } from "vitest";
import { asksForTls, overHttp } from "./address";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const address = (tls: boolean, allowed = true) =>
  ({ kind: "address", address: "203.0.113.4", port: null, tls, allowed }) as const;
const icann = { kind: "icann", name: "example.com", port: null } as const;

describe("a site asks for TLS", () => {
  it("as its first endpoint has it", () => {
    expect(asksForTls([address(true)])).toBe(true);
    expect(asksForTls([address(true), address(false)])).toBe(true);
    expect(asksForTls([address(false), address(true)])).toBe(false);
  });

  it("as the first that may be gone to has it", () => {
    expect(asksForTls([address(true, false), address(false)])).toBe(false);
    expect(asksForTls([address(false, false), address(true)])).toBe(true);
    expect(asksForTls([address(true, false)])).toBe(false);
  });

  it("not with its key where it has a name of the old kind, or none", () => {
    expect(asksForTls([icann, address(true)])).toBe(false);
    expect(asksForTls([address(true), icann])).toBe(true);
    expect(asksForTls([])).toBe(false);
  });
});

describe("the same page", () => {
  it.each([
    [`https://${KEY}/`, `http://${KEY}/`],
    [`https://www.${KEY}/a%20b?c=d#e`, `http://www.${KEY}/a%20b?c=d#e`],
    [`https://${KEY}:8443/x`, `http://${KEY}:8443/x`],
    [`https://${KEY}:443/`, `http://${KEY}/`],
    [`https://${KEY}:80/`, `http://${KEY}/`],
  ])("of %s over http:// is %s", (encrypted, plain) => {
    expect(overHttp(encrypted)).toBe(plain);
  });
});
