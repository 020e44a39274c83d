import { describe, expect, it } from "vitest";
import type { SystemProxy } from "../protocol/protocol";
import { DEAD_END, pacScript } from "./pac";
import { others, type ProxyBefore, scriptAddress } from "./proxy-before";

const KEY = "o4dksfbqk85ogzdb5osziw6befigbuxmuxkuxq8434q89uj56uyy";

/** Runs the script as a browser would, and fails if it asks DNS. */
function proxyFor(script: string, url: string): string {
  const asked = (): never => {
    throw new Error("asked DNS");
  };
  const isInNet = (host: string, net: string, mask: string): boolean => {
    const number = (text: string): number =>
      text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    return (number(host) & number(mask)) === (number(net) & number(mask));
  };
  const find = new Function(
    "dnsResolve",
    "isResolvable",
    "myIpAddress",
    "isInNet",
    `${script}\nreturn FindProxyForURL;`,
  )(asked, asked, asked, isInNet);
  return find(url, new URL(url).hostname.replace(/^\[|\]$/g, ""));
}

const beyond = (before: ProxyBefore | null, fetched: string | null = null): string =>
  pacScript("127.0.0.1:4321", others(before, fetched));

describe("the proxy script", () => {
  it.each([
    `http://${KEY}/`,
    `http://www.${KEY}/x`,
    `http://${KEY}./`,
    `https://a.b.${KEY}/`,
    `wss://${KEY}:8080/`,
  ])("sends %s to the gateway and nowhere else", (url) => {
    expect(proxyFor(beyond(null), url)).toBe("PROXY 127.0.0.1:4321");
  });

  it.each([
    "https://example.com/",
    `https://${KEY}.com/`,
    `https://x${KEY}/`,
    `https://l${KEY.slice(1)}/`,
    "http://127.0.0.1:8080/",
    "http://[::1]/",
  ])("leaves %s alone", (url) => {
    expect(proxyFor(beyond(null), url)).toBe("DIRECT");
  });

  it("leaves paused keys to where all others go, with what is below them", () => {
    const paused = KEY.replace(/^o/, "y");
    const script = pacScript("127.0.0.1:4321", `function () { return "PROXY p:1"; }`, [paused]);
    for (const url of [`http://${paused}/`, `https://www.${paused}/`, `http://${paused}./`]) {
      expect(proxyFor(script, url)).toBe("PROXY p:1");
    }
    expect(proxyFor(script, `http://${KEY}/`)).toBe("PROXY 127.0.0.1:4321");
    expect(proxyFor(script, `http://${paused}.${KEY}/`)).toBe("PROXY 127.0.0.1:4321");
  });

  it("leads key hosts to a dead end while there is no gateway", () => {
    expect(proxyFor(pacScript(DEAD_END, others(null, null)), `http://${KEY}/`)).toBe("PROXY 127.0.0.1:1");
  });
});

describe("the proxy that was set before", () => {
  it("is one server for all", () => {
    const script = beyond({
      mode: "fixed_servers",
      rules: { singleProxy: { scheme: "socks5", host: "proxy.example" } },
    });
    expect(proxyFor(script, "https://example.com/")).toBe("SOCKS5 proxy.example:1080");
    expect(proxyFor(script, "ftp://example.com/")).toBe("SOCKS5 proxy.example:1080");
    expect(proxyFor(script, `http://${KEY}/`)).toBe("PROXY 127.0.0.1:4321");
  });

  it("is one server for each scheme, with a fall-back", () => {
    const script = beyond({
      mode: "fixed_servers",
      rules: {
        proxyForHttp: { host: "plain.example", port: 3128 },
        fallbackProxy: { scheme: "https", host: "rest.example" },
      },
    });
    expect(proxyFor(script, "http://example.com/")).toBe("PROXY plain.example:3128");
    expect(proxyFor(script, "ws://example.com/")).toBe("PROXY plain.example:3128");
    expect(proxyFor(script, "https://example.com/")).toBe("HTTPS rest.example:443");
  });

  it("is passed by for what it was told to", () => {
    const script = beyond({
      mode: "fixed_servers",
      rules: {
        singleProxy: { host: "proxy.example", port: 80 },
        bypassList: [
          "<local>",
          ".intra.example",
          "*special*",
          "https://secure.example:8443",
          "10.0.0.0/8",
          "[fd00::1]",
          "?",
        ],
      },
    });
    for (const direct of [
      "http://printer/",
      "https://a.intra.example/",
      "http://veryspecialhost.example/",
      "https://secure.example:8443/",
      "http://10.1.2.3/",
      "http://[fd00::1]/",
    ]) {
      expect(proxyFor(script, direct)).toBe("DIRECT");
    }
    for (const proxied of [
      "https://example.com/",
      "http://secure.example:8443/",
      "https://secure.example/",
      "http://11.1.2.3/",
      "https://intra.example.com/",
    ]) {
      expect(proxyFor(script, proxied)).toBe("PROXY proxy.example:80");
    }
  });

  it("is a script, given or fetched", () => {
    const data = `var others = 1; function FindProxyForURL(url, host) { return host === "a.example" ? "PROXY p:1" : "DIRECT"; }`;
    for (const script of [
      beyond({ mode: "pac_script", pacScript: { data } }),
      beyond({ mode: "pac_script", pacScript: { url: "https://example.com/pac" } }, data),
      beyond({ mode: "auto_detect" }, data),
    ]) {
      expect(proxyFor(script, "https://a.example/")).toBe("PROXY p:1");
      expect(proxyFor(script, "https://b.example/")).toBe("DIRECT");
      expect(proxyFor(script, `http://${KEY}/`)).toBe("PROXY 127.0.0.1:4321");
    }
  });

  it("is fetched only where the browser would have", () => {
    expect(scriptAddress({ mode: "pac_script", pacScript: { url: "https://example.com/pac" } })).toBe(
      "https://example.com/pac",
    );
    expect(
      scriptAddress({ mode: "pac_script", pacScript: { data: "x", url: "https://example.com/pac" } }),
    ).toBeNull();
    expect(scriptAddress({ mode: "auto_detect" })).toBe("http://wpad/wpad.dat");
    expect(scriptAddress({ mode: "system" })).toBeNull();
    expect(scriptAddress(null)).toBeNull();
  });

  it("is the system's, as the program tells", () => {
    const system: SystemProxy = {
      kind: "servers",
      http: "plain.example:3128",
      https: null,
      socks: "[fd00::2]:1080",
      bypass: ["<local>", ".intra.example", "10.0.0.0/8"],
    };
    const script = pacScript("127.0.0.1:4321", others({ mode: "system" }, null, system));
    expect(proxyFor(script, "http://example.com/")).toBe("PROXY plain.example:3128");
    expect(proxyFor(script, "https://example.com/")).toBe("SOCKS5 [fd00::2]:1080");
    for (const direct of ["http://printer/", "https://a.intra.example/", "http://10.1.2.3/"]) {
      expect(proxyFor(script, direct)).toBe("DIRECT");
    }
    expect(proxyFor(script, `http://${KEY}/`)).toBe("PROXY 127.0.0.1:4321");
  });

  it("is the system's script, where that is on the web", () => {
    const mode = { mode: "system" } as const;
    expect(scriptAddress(mode, { kind: "script", url: "http://a.example/pac" })).toBe("http://a.example/pac");
    expect(scriptAddress(mode, { kind: "script", url: "file:///etc/pac" })).toBeNull();
    expect(scriptAddress(mode, { kind: "auto" })).toBe("http://wpad/wpad.dat");
    const data = `function FindProxyForURL() { return "PROXY p:1"; }`;
    const script = pacScript("127.0.0.1:4321", others(mode, data, { kind: "auto" }));
    expect(proxyFor(script, "https://a.example/")).toBe("PROXY p:1");
  });

  it("never becomes more of the script than a server's name", () => {
    const system = { kind: "servers", https: null, socks: null } as const;
    for (const http of [`"};evil()//:1`, "a b:1", "a.example", "a.example:123456", ""]) {
      const script = pacScript(
        "127.0.0.1:4321",
        others({ mode: "system" }, null, { ...system, http, bypass: [http] }),
      );
      expect(proxyFor(script, "http://example.com/")).toBe("DIRECT");
    }
  });

  it.each(["system", "direct"] as const)("is none for %s", (mode) => {
    expect(proxyFor(beyond({ mode }), "https://example.com/")).toBe("DIRECT");
  });
});
