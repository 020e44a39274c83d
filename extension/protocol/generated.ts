// Made from native-host/src/messaging/protocol.rs; change it there, then run
// `PKARR_BLESS=1 cargo test protocol` to make this file again.

/**
 * Parameters of `hello`, the first message of a session.
 */
export type HelloParams = { 
/**
 * The extension's version.
 */
version: string, 
/**
 * The protocol it speaks.
 */
protocol: number, };

/**
 * Result of `hello`.
 */
export type HelloResult = { 
/**
 * The host's version.
 */
version: string, 
/**
 * The protocol it speaks.
 */
protocol: number, 
/**
 * What it can do: the methods it has beside `hello`.
 */
capabilities: Array<string>, };

/**
 * Parameters of `gateway`, which starts the gateway or tells where it runs.
 *
 * Errors: 11 (`gateway-failed`).
 */
export type GatewayParams = { 
/**
 * The port to try first: that of the last session, which the browser may still have set.
 */
preferredPort?: number, };

/**
 * Result of `gateway`.
 */
export type GatewayResult = { 
/**
 * The loopback address it listens at.
 */
host: string, 
/**
 * Its port.
 */
port: number, };

/**
 * Parameters of `resolve`.
 *
 * Errors: 1 (`not-a-key`) and those of the resolver, 2, 3, 4, 8, 10 and 14.
 */
export type ResolveParams = { 
/**
 * A key host, or a key in any accepted spelling.
 */
host: string, 
/**
 * Where the answer may come from; `cacheFirst` when left out.
 */
policy?: Policy, };

/**
 * Where an answer may come from.
 */
export type Policy = "cacheFirst" | "cacheOnly" | "networkOnly";

/**
 * What was found for a name.
 */
export type Resolution = { 
/**
 * The key: 52 characters.
 */
key: string, 
/**
 * The key host that was asked for: lower case, no final dot.
 */
host: string, 
/**
 * The packet's sequence number in decimal; it may exceed 2^53.
 */
seq: string, 
/**
 * When the packet says that it was signed: milliseconds since 1970, at most
 * 8 640 000 000 000 000, the last date that ECMAScript knows.
 */
signedAt: number, 
/**
 * When the network last showed the packet: milliseconds since 1970.
 */
seenAt: number, 
/**
 * How many seconds from then it counts as fresh.
 */
ttl: number, 
/**
 * Whether it is older than that: the network was slow or away.
 */
stale: boolean, 
/**
 * Where it came from.
 */
source: Source, 
/**
 * Why sources of the network could not answer.
 */
failures: Array<SourceFailure>, 
/**
 * What is odd about it.
 */
warnings: Array<Warning>, 
/**
 * How many bytes of DNS it has.
 */
size: number, 
/**
 * The records, in the packet's order.
 */
records: Array<RecordView>, 
/**
 * Where the name leads, in the order to try; may be empty.
 */
endpoints: Array<Endpoint>, };

/**
 * Where an answer came from.
 */
export type Source = { "kind": "dht", 
/**
 * How many nodes have answered with this packet so far.
 */
nodes: number, } | { "kind": "relay", 
/**
 * Its address.
 */
url: string, } | { "kind": "cache", 
/**
 * Who had shown it then: `dht`, `published`, or a relay's address.
 */
origin: string, };

/**
 * Why a source of the network could not answer.
 */
export type SourceFailure = { 
/**
 * `dht`, or a relay's address.
 */
source: string, 
/**
 * One sentence.
 */
reason: string, };

/**
 * What is odd about a packet.
 */
export type Warning = "future-seq";

/**
 * A record in words.
 */
export type RecordView = { 
/**
 * The whole name, without final dot.
 */
name: string, 
/**
 * The type: `A`, `HTTPS`, `TYPE4711`.
 */
type: string, 
/**
 * The time to live in seconds.
 */
ttl: number, 
/**
 * The data as in a zone file.
 */
value: string, 
/**
 * Whether the name lies outside the key's zone: it is shown, and answers nothing.
 */
outOfZone: boolean, };

/**
 * A place to go to.
 */
export type Endpoint = { "kind": "address", 
/**
 * The address, IPv6 without brackets.
 */
address: string, 
/**
 * The port; `null` leaves it to the URL or its scheme.
 */
port: number | null, 
/**
 * Whether the record demands TLS with the key.
 */
tls: boolean, 
/**
 * Whether the settings let keys lead there: to the public internet always, to this
 * machine and private networks only where they are allowed.
 */
allowed: boolean, } | { "kind": "icann", 
/**
 * The name, without final dot.
 */
name: string, 
/**
 * The port; `null` means the scheme's.
 */
port: number | null, };

/**
 * Parameters of the event `updated`: a newer item of a key than the one known before is known now.
 *
 * Whoever shows that key can ask for it again; the answer is in the cache.
 */
export type UpdatedEvent = { 
/**
 * The key: 52 characters.
 */
key: string, 
/**
 * The newer item's sequence number, in decimal.
 */
seq: string, };

/**
 * Result of `status`.
 */
export type StatusResult = { 
/**
 * The host's version.
 */
version: string, 
/**
 * The protocol it speaks.
 */
protocol: number, 
/**
 * Milliseconds since it was started.
 */
uptimeMs: number, 
/**
 * The gateway's port; `null` while it does not run.
 */
gatewayPort: number | null, 
/**
 * The DHT.
 */
dht: DhtStatus, 
/**
 * The folder where the host keeps its data.
 */
dataDir: string, };

/**
 * How the DHT is doing.
 */
export type DhtStatus = { 
/**
 * Whether any node has answered yet.
 */
bootstrapped: boolean, 
/**
 * The estimated number of nodes in the network.
 */
nodes: number, };

/**
 * Parameters of `https` (capability `https`): `https://` for keys, on this machine and in this
 * browser.
 *
 * Errors: 13 (`internal`), when the root can't be made or kept. A store that can't be changed is
 * no error; its entry in the result says why.
 */
export type HttpsParams = { 
/**
 * What is to be done.
 */
action: HttpsAction, 
/**
 * Whether this browser trusts the root now, as the extension has found out by loading the
 * probe. The gateway then sends pages of sites that ask for TLS from `http://` to `https://`.
 * It is taken as said of the root in the answer before; when another takes its place, it is to
 * be said again. Left out, nothing changes; false at the start of a session.
 */
inUse?: boolean, };

/**
 * What is to be done about `https://` for keys.
 */
export type HttpsAction = "status" | "enable" | "disable";

/**
 * Whether `https://` works for keys on this machine, and who trusts the root it takes.
 */
export type HttpsStatus = { 
/**
 * Whether it is switched on: there is a root, and the gateway makes certificates with it.
 */
enabled: boolean, 
/**
 * The root; `null` while it is switched off.
 */
root: HttpsRoot | null, 
/**
 * A key host that only this machine knows, at which the gateway itself answers `https://` with
 * an empty answer: a browser that can load it trusts the root. `null` while switched off.
 */
probe: string | null, 
/**
 * The certificate stores of browsers that were found, in a stable order.
 */
stores: Array<TrustStore>, };

/**
 * The root certificate that was made on this machine.
 */
export type HttpsRoot = { 
/**
 * Its file, PEM.
 */
file: string, 
/**
 * SHA-256 over its DER: pairs of upper-case hexadecimal digits with colons between.
 */
fingerprint: string, 
/**
 * When it ends: milliseconds since 1970.
 */
notAfter: number, };

/**
 * A store of certificates that one or more browsers read.
 */
export type TrustStore = { 
/**
 * Whose it is, as people call it: `Chromium and others`, `Firefox (default-esr)`.
 */
name: string, 
/**
 * Where it is: a folder, or the name of the system's store.
 */
place: string, 
/**
 * Whether it trusts the root, by its own word; while switched off, an earlier one.
 */
trusts: boolean, 
/**
 * Whether it trusts a root of pkarr that was made in another data folder.
 */
others: boolean, 
/**
 * Why it could not be asked or changed, or what a person has to do for it before the root is
 * renewed, one sentence; `null` where all is well.
 */
failure: string | null, };

/**
 * An error of a request (JSON-RPC 2.0, section 5.1).
 */
export type RpcError = { 
/**
 * JSON-RPC's own numbers below zero, a problem's number above.
 */
code: number, 
/**
 * One sentence of what happened.
 */
message: string, 
/**
 * What a person can do, for problems.
 */
data?: ProblemData, };

/**
 * The stable code of a problem and what to do about it.
 */
export type ProblemData = { 
/**
 * The stable code, such as `no-record`.
 */
code: string, 
/**
 * One sentence of what to do.
 */
todo: string, };
