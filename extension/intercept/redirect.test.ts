import { describe, expect, it } from "vitest";
import { addressInstead } from "./redirect";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";
const WANTED = new URL(`http://www.${KEY}/a/b?c=d#e`);

const address = (text: string, port: number | null = null, tls = false, allowed = true) =>
  ({ kind: "address", address: text, port, tls, allowed }) as const;
const icann = (name: string, port: number | null = null) => ({ kind: "icann", name, port }) as const;

describe("the address in place of a key host", () => {
  it("keeps path, query and fragment", () => {
    expect(addressInstead(WANTED, [address("203.0.113.4")])).toBe("http://203.0.113.4/a/b?c=d#e");
    expect(addressInstead(WANTED, [icann("example.com")])).toBe("https://example.com/a/b?c=d#e");
  });

  it("has the wanted port, else the record's", () => {
    const withPort = new URL(`http://${KEY}:8080/`);
    expect(addressInstead(withPort, [address("203.0.113.4", 3000)])).toBe("http://203.0.113.4:8080/");
    expect(addressInstead(WANTED, [address("203.0.113.4", 3000)])).toBe("http://203.0.113.4:3000/a/b?c=d#e");
    expect(addressInstead(withPort, [address("203.0.113.4")])).toBe("http://203.0.113.4:8080/");
    expect(addressInstead(withPort, [icann("example.com", 8443)])).toBe("https://example.com:8443/");
    expect(addressInstead(withPort, [icann("example.com")])).toBe("https://example.com/");
  });

  it("puts IPv6 in brackets", () => {
    expect(addressInstead(WANTED, [address("2001:db8::1", 81)])).toBe("http://[2001:db8::1]:81/a/b?c=d#e");
  });

  it("is the first a browser can open", () => {
    expect(addressInstead(WANTED, [address("203.0.113.4", 443, true), address("203.0.113.5")])).toBe(
      "http://203.0.113.5/a/b?c=d#e",
    );
    expect(addressInstead(WANTED, [address("203.0.113.4", 443, true)])).toBeNull();
    expect(addressInstead(WANTED, [])).toBeNull();
  });

  it("is none that the host does not allow", () => {
    const home = address("192.168.1.1", null, false, false);
    expect(addressInstead(WANTED, [home])).toBeNull();
    expect(addressInstead(WANTED, [home, address("203.0.113.5")])).toBe("http://203.0.113.5/a/b?c=d#e");
  });

  it("is never made of what is no host name", () => {
    for (const name of ["a.example/x?", "u@a.example", "a b", "", KEY, `x.${KEY}`, "a.example\\x"]) {
      expect(addressInstead(WANTED, [icann(name)])).toBeNull();
    }
    expect(addressInstead(new URL(`http://${KEY}//evil.example/`), [icann("a.example")])).toBe(
      "https://a.example//evil.example/",
    );
  });
});
