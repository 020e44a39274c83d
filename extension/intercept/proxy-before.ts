/**
 * The proxy settings found before ours, as a function for the proxy script.
 *
 * Fixed servers and proxy scripts are carried over as they are. "system" can't be: the browser does not tell
 * an extension what the system's proxy is, so it becomes a direct connection.
 */

import type { Browser } from "wxt/browser";

export type ProxyBefore = Browser.proxy.ProxyConfig;

const DIRECT = `function () { return "DIRECT"; }`;

const SERVER_TYPES: Record<string, { word: string; port: number }> = {
  http: { word: "PROXY", port: 80 },
  https: { word: "HTTPS", port: 443 },
  quic: { word: "QUIC", port: 443 },
  socks4: { word: "SOCKS", port: 1080 },
  socks5: { word: "SOCKS5", port: 1080 },
};

/** Where a proxy script is to be fetched before `others()` can carry it over, or null. */
export function scriptAddress(before: ProxyBefore | null): string | null {
  if (before?.mode === "auto_detect") return "http://wpad/wpad.dat";
  if (before?.mode === "pac_script" && !before.pacScript?.data) return before.pacScript?.url ?? null;
  return null;
}

/** The source of a function (url, host) for all hosts but key hosts. `fetched` is the script at scriptAddress(). */
export function others(before: ProxyBefore | null, fetched: string | null): string {
  switch (before?.mode) {
    case "fixed_servers":
      return before.rules ? fixedServers(before.rules) : DIRECT;
    case "pac_script":
      return theirScript(before.pacScript?.data ?? fetched);
    case "auto_detect":
      return theirScript(fetched);
    default:
      return DIRECT;
  }
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
