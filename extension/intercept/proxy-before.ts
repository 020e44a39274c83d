/**
 * The proxy settings found before ours, as a function for the proxy script.
 *
 * Fixed servers and proxy scripts are carried over as they are. Of "system" the browser does not tell an extension
 * what that is: the program does, and without its word it becomes a direct connection.
 */

import type { Browser } from "wxt/browser";
import type { SystemProxy } from "../protocol/protocol";

export type ProxyBefore = Browser.proxy.ProxyConfig;

/** No proxy for anything. */
export const DIRECT = `function () { return "DIRECT"; }`;

const SERVER_TYPES: Record<string, { word: string; port: number }> = {
  http: { word: "PROXY", port: 80 },
  https: { word: "HTTPS", port: 443 },
  quic: { word: "QUIC", port: 443 },
  socks4: { word: "SOCKS", port: 1080 },
  socks5: { word: "SOCKS5", port: 1080 },
};

/** Where a proxy script is to be fetched before `others()` can carry it over, or null. */
export function scriptAddress(before: ProxyBefore | null, system: SystemProxy | null = null): string | null {
  if (before?.mode === "system" && system?.kind === "script") return webAddress(system.url);
  if (before?.mode === "system" && system?.kind === "auto") return WPAD;
  if (before?.mode === "auto_detect") return WPAD;
  if (before?.mode === "pac_script" && !before.pacScript?.data) return before.pacScript?.url ?? null;
  return null;
}

/** Where a script is looked for that is to be found out. */
const WPAD = "http://wpad/wpad.dat";

/** A system may name a file, which an extension can't read. */
function webAddress(url: string): string | null {
  return /^https?:/i.test(url) ? url : null;
}

/** The source of a function (url, host) for all hosts but key hosts. `fetched` is the script at scriptAddress(). */
export function others(
  before: ProxyBefore | null,
  fetched: string | null,
  system: SystemProxy | null = null,
): string {
  switch (before?.mode) {
    case "fixed_servers":
      return before.rules ? fixedServers(before.rules) : DIRECT;
    case "pac_script":
      return theirScript(before.pacScript?.data ?? fetched);
    case "auto_detect":
      return theirScript(fetched);
    case "system":
      return asSystem(system, fetched);
    default:
      return DIRECT;
  }
}

function asSystem(system: SystemProxy | null, fetched: string | null): string {
  switch (system?.kind) {
    case "servers": {
      const proxies = {
        proxyForHttp: hostAndPort(system.http, "http"),
        proxyForHttps: hostAndPort(system.https, "http"),
        fallbackProxy: hostAndPort(system.socks, "socks5"),
      };
      const there = Object.entries(proxies).filter(([, proxy]) => proxy !== undefined);
      return fixedServers({ ...Object.fromEntries(there), bypassList: system.bypass });
    }
    case "script":
    case "auto":
      return theirScript(fetched);
    default:
      return DIRECT;
  }
}

/** `host:port` as one server; undefined for anything else. */
function hostAndPort(text: string | null, scheme: "http" | "socks5"): Browser.proxy.ProxyServer | undefined {
  const parts = /^([a-z0-9._-]+|\[[0-9a-f:.]+\]):(\d{1,5})$/i.exec(text ?? "");
  return parts?.[1] ? { scheme, host: parts[1], port: Number(parts[2]) } : undefined;
}

/** A script of its own in a scope of its own, so its names don't meet ours. */
function theirScript(script: string | null | undefined): string {
  return script ? `(function () {\n${script}\nreturn FindProxyForURL;\n})()` : DIRECT;
}

function fixedServers(rules: Browser.proxy.ProxyRules): string {
  const fallback = server(rules.fallbackProxy);
  const servers = rules.singleProxy
    ? { http: server(rules.singleProxy), https: server(rules.singleProxy), ftp: server(rules.singleProxy) }
    : {
        http: server(rules.proxyForHttp) ?? fallback,
        https: server(rules.proxyForHttps) ?? fallback,
        ftp: server(rules.proxyForFtp) ?? fallback,
      };
  const elsewhere = rules.singleProxy ? server(rules.singleProxy) : fallback;
  const bypass = (rules.bypassList ?? []).map(bypassTest).filter((test) => test !== null);
  return `function (url, host) {
  var scheme = url.slice(0, url.indexOf(":")).replace(/^ws/, "http");
  var port = (/^[^:]+:\\/\\/(?:\\[[^\\]]*\\]|[^:\\/]*):(\\d+)/.exec(url) || [])[1];
  host = host.toLowerCase();
  var direct = [
${bypass.map((test) => `    ${test},\n`).join("")}  ];
  if (direct.indexOf(true) >= 0) return "DIRECT";
  return ${JSON.stringify(servers)}[scheme] || ${JSON.stringify(elsewhere ?? "DIRECT")};
}`;
}

function server(proxy: Browser.proxy.ProxyServer | undefined): string | undefined {
  if (!proxy) return undefined;
  const type = SERVER_TYPES[proxy.scheme ?? "http"];
  return type && `${type.word} ${proxy.host}:${proxy.port ?? type.port}`;
}

/** One entry of the bypass list as an expression over scheme, host and port; null if it says nothing to us. */
function bypassTest(entry: string): string | null {
  const text = entry.trim().toLowerCase();
  if (text === "<local>") return `host.indexOf(".") < 0 && host.indexOf(":") < 0`;
  const range = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text);
  if (range) {
    // Only for addresses: for a name isInNet() would ask DNS.
    return `/^\\d+\\.\\d+\\.\\d+\\.\\d+$/.test(host) && isInNet(host, "${range[1]}", "${mask(Number(range[2]))}")`;
  }
  const parts = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[0-9a-f:.]+\]|[a-z0-9*._-]+)(?::(\d+|\*))?$/.exec(text);
  if (!parts) return null;
  const [, scheme, pattern = "", port] = parts;
  const name = (pattern.startsWith(".") ? `*${pattern}` : pattern).replace(/^\[|\]$/g, "");
  const expression = name.replace(/[.\\[\]]/g, "\\$&").replace(/\*/g, ".*");
  const tests = [`/^${expression}$/.test(host)`];
  if (scheme) tests.push(`scheme === ${JSON.stringify(scheme)}`);
  if (port && port !== "*") {
    tests.push(`(port || (scheme === "https" ? "443" : "80")) === ${JSON.stringify(port)}`);
  }
  return tests.join(" && ");
}

function mask(bits: number): string {
  const value = bits === 0 ? 0 : (0xffffffff << (32 - Math.min(bits, 32))) >>> 0;
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}
