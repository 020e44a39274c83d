/**
 * This machine and private networks, told by name or address.
 *
 * The same line as in the program's own guard (native-host/src/address.rs): what is not given out for the public
 * internet is private. Names are taken for private where they are so by their form; what others lead to is known
 * only once they have been looked up.
 */

/** Names for the own machine and the own network (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`). */
const LOCAL_SUFFIXES = ["localhost", "local", "internal", "home.arpa"];

/** Whether a URL's host name is that of this machine or of a private network, or its address. */
export function isLocalHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  if (isAddress(host)) return isLocalAddress(host);
  // One label is a name of the own network: no top-level domain has an address of its own any more.
  return (
    !host.includes(".") || LOCAL_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`) || host === suffix)
  );
}

/** Whether an IP address is one of this machine or of a private network. What is no address is not. */
export function isLocalAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  if (!bare.includes(":")) {
    const bytes = v4(bare);
    return bytes !== null && isLocalV4(bytes);
  }
  const segments = v6(bare);
  return segments !== null && isLocalV6(segments);
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || v4(host) !== null;
}

function isLocalV4([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    // Shared between providers and their customers (RFC 6598).
    (a === 100 && b >= 64 && b <= 127) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b <= 31) ||
    // Protocol assignments, documentation, 6to4 relays.
    (a === 192 && ((b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99) || b === 168)) ||
    // Benchmarks (RFC 2544) and documentation.
    (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) ||
    (a === 203 && b === 0 && c === 113) ||
    // Multicast, reserved, broadcast.
    a >= 224
  );
}

function isLocalV6(segments: readonly number[]): boolean {
  const [s0 = 0, s1 = 0] = segments;
  const zeros = (from: number, to: number): boolean => segments.slice(from, to).every((one) => one === 0);
  const embedded = (at: number): boolean => {
    const [high = 0, low = 0] = segments.slice(at);
    return isLocalV4([high >> 8, high & 255, low >> 8, low & 255]);
  };
  // IPv4-mapped (RFC 4291, section 2.5.5.2).
  if (zeros(0, 5) && segments[5] === 0xffff) return embedded(6);
  // NAT64 by the well-known prefix (RFC 6052); the local one (RFC 8215) is local.
  if (s0 === 0x64 && s1 === 0xff9b && zeros(2, 6)) return embedded(6);
  // 6to4 (RFC 3056).
  if (s0 === 0x2002) return embedded(1);
  // Teredo, benchmarks, ORCHID and the rest of the protocol assignments (RFC 2928); documentation.
  if (s0 === 0x2001 && (s1 <= 0x1ff || s1 === 0xdb8)) return true;
  if (s0 === 0x3fff && s1 <= 0xfff) return true;
  // Global unicast is all that is given out (RFC 3587).
  return (s0 & 0xe000) !== 0x2000;
}

/** Four bytes, from the form browsers bring every IPv4 address of a URL into. */
function v4(text: string): number[] | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!parts) return null;
  const bytes = parts.slice(1).map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

/** Eight segments of 16 bits. */
function v6(text: string): number[] | null {
  // A URL's host is normalised: no letters in upper case, no dotted end, one `::` at most.
  const normal = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
  if (normal === undefined) return null;
  const [before = "", after] = normal.split("::");
  const segments = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((segment) => Number.parseInt(segment, 16));
  if (after === undefined) return segments(before);
  const [head, tail] = [segments(before), segments(after)];
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}
