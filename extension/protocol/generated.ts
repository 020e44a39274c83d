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
preferredPort?: number, 
/**
 * Whether the door of private windows is meant (capability `incognito`): a gateway of its own,
 * which remembers what it looks up in memory only.
 */
incognito?: boolean, };

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
policy?: Policy, 
/**
 * Whether a private window asks (capability `incognito`).
 */
incognito?: boolean, };

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
outOfZone: boolean, 
/**
 * What it is for, where it follows a known convention.
 */
meaning: Meaning | null, };

/**
 * What a record is for.
 *
 * Text in it is that of strangers, in any script, but without what hides or turns text: in place
 * of such characters stands U+FFFD. Names are as in zone files, ASCII.
 */
export type Meaning = { "kind": "address", 
/**
 * The IP address.
 */
address: string, } | { "kind": "alias", 
/**
 * The other name, without final dot.
 */
target: string, } | { "kind": "site", 
/**
 * Lower is tried first; 0 is an alias.
 */
priority: number, 
/**
 * The server's name without final dot; empty for the record's own name.
 */
target: string, 
/**
 * The port, where one is named.
 */
port: number | null, 
/**
 * The application protocols named (`h2`, `http/1.1`).
 */
protocols: Array<string>, 
/**
 * The addresses named as hints.
 */
addresses: Array<string>, } | { "kind": "homeserver", 
/**
 * The homeserver's name, most often a key.
 */
target: string, } | { "kind": "irohRelay", 
/**
 * The relay's address.
 */
url: string, } | { "kind": "irohAddress", 
/**
 * Address and port.
 */
address: string, } | { "kind": "irohUserData", 
/**
 * Free text.
 */
text: string, } | { "kind": "did", 
/**
 * The version.
 */
version: string, 
/**
 * How many keys it names.
 */
keys: number, 
/**
 * How many services it names.
 */
services: number, } | { "kind": "didKey", 
/**
 * Its name in the document, such as `0`.
 */
id: string, 
/**
 * Its type: 0 is Ed25519, 1 secp256k1, 2 P-256, 3 X25519.
 */
algorithm: string, } | { "kind": "didService", 
/**
 * Its name in the document.
 */
id: string, 
/**
 * Its type.
 */
service: string, 
/**
 * Where it is.
 */
endpoint: string, } | { "kind": "dnslink", 
/**
 * Such as `/ipfs/…`.
 */
path: string, } | { "kind": "nameServer", 
/**
 * Its name, without final dot.
 */
target: string, } | { "kind": "mail", 
/**
 * Lower is tried first.
 */
preference: number, 
/**
 * The server's name, without final dot.
 */
target: string, } | { "kind": "service", 
/**
 * The server's name, without final dot.
 */
target: string, 
/**
 * Its port.
 */
port: number, } | { "kind": "text", 
/**
 * All strings of the record in one.
 */
text: string, };

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
seq: string, 
/**
 * True where private windows had asked for the key (capability `incognito`); only they are to
 * hear of it.
 */
incognito?: boolean, };

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
 * Parameters of `key` (capability `keys`): all that this machine knows of a key; the network is
 * not asked.
 *
 * Errors: 1 (`not-a-key`), 13 (`internal`).
 */
export type KeyParams = { 
/**
 * The key in any accepted spelling.
 */
key: string, 
/**
 * Whether a private window asks: then only what private windows have looked up is told.
 */
incognito?: boolean, };

/**
 * Result of `key`.
 */
export type KeyResult = { 
/**
 * The key: 52 characters.
 */
key: string, 
/**
 * The packets seen, newest first; empty where nothing is remembered. The oldest are left out
 * where all together would be too long a message.
 */
packets: Array<SeenPacket>, 
/**
 * How it is kept alive in the network; `null` where it is not.
 */
kept: Kept | null, };

/**
 * A packet of the key as it was seen.
 */
export type SeenPacket = { 
/**
 * The packet's sequence number in decimal; it may exceed 2^53.
 */
seq: string, 
/**
 * When it says that it was signed: milliseconds since 1970.
 */
signedAt: number, 
/**
 * When the network last showed it: milliseconds since 1970.
 */
seenAt: number, 
/**
 * Who had shown it: `dht`, `published`, or a relay's address.
 */
origin: string, 
/**
 * Its records, in the packet's order; `null` if what the key signed is no pkarr packet.
 */
records: Array<RecordView> | null, 
/**
 * The whole signed packet as relays send it (signature, sequence number, DNS), hexadecimal.
 */
raw: string, };

/**
 * Parameters of `keep` (capability `keys`): switches on or off that a key is kept alive in the
 * network from this machine.
 *
 * The network is asked for the newest packet before that one is kept. Result: [`Kept`], or `null`
 * where it is kept no longer. Keys whose secret is kept here stay kept by `pkarr publish`; they
 * are refused.
 *
 * Errors: 1 (`not-a-key`), those of the resolver, 13 (`internal`), 24 (`own-key`).
 */
export type KeepParams = { 
/**
 * The key in any accepted spelling.
 */
key: string, 
/**
 * On or off.
 */
keep: boolean, };

/**
 * How a key is kept alive.
 */
export type Kept = { 
/**
 * Whether it is published from here with its own secret key; else it is somebody else's.
 */
own: boolean, 
/**
 * How many nodes took it the last time; `null` before the first time.
 */
storedNodes: number | null, 
/**
 * When it was last put: milliseconds since 1970; `null` before the first time.
 */
lastAt: number | null, 
/**
 * When it is put next: milliseconds since 1970.
 */
nextAt: number | null, };

/**
 * Parameters of `settings` (capability `settings`): tells the settings, after changing some.
 *
 * Changes are written to the configuration file, in one step or not at all. They hold for programs
 * that start after that; the extension starts its host anew.
 *
 * A file with mistakes is told as an error; a change can mend it, unless it is no TOML at all.
 *
 * Errors: 12 (`bad-request`) for a value that makes no sense, a setting that is fixed, and a file that
 * can't be understood; 13 (`internal`) when it can't be written.
 */
export type SettingsParams = { 
/**
 * What is to be changed.
 */
change?: SettingsChange, 
/**
 * What goes back to what it is without a choice.
 */
reset?: Array<SettingName>, };

/**
 * New values; what is left out stays.
 */
export type SettingsChange = { 
/**
 * The relays to ask; none switches them off.
 */
relays?: Array<string>, 
/**
 * The first nodes of the DHT to ask, `host:port`.
 */
bootstrap?: Array<string>, 
/**
 * The keys that may lead to this machine and to private networks.
 */
allowPrivateFor?: Array<string>, 
/**
 * Whether an answer past its time is given where the network has none.
 */
stale?: boolean, 
/**
 * How many keys are remembered on disk.
 */
cacheSize?: number, };

/**
 * A setting by its name.
 */
export type SettingName = "relays" | "bootstrap" | "allowPrivateFor" | "stale" | "cacheSize";

/**
 * Result of `settings`: what holds from the next start on.
 */
export type HostSettings = { 
/**
 * The relays to ask.
 */
relays: Array<string>, 
/**
 * The first nodes of the DHT to ask.
 */
bootstrap: Array<string>, 
/**
 * The keys that may lead to this machine and to private networks.
 */
allowPrivateFor: Array<string>, 
/**
 * Whether all keys may, which is set in the file or by an option only.
 */
allowPrivate: boolean, 
/**
 * Whether an answer past its time is given where the network has none.
 */
stale: boolean, 
/**
 * How many keys are remembered on disk.
 */
cacheSize: number, 
/**
 * Which of them somebody has chosen, in the file.
 */
chosen: Array<SettingName>, 
/**
 * Which of them are fixed by an option or a variable of the environment, and can't be changed.
 */
fixed: Array<SettingName>, 
/**
 * The configuration file; `null` where no home folder is known.
 */
file: string | null, };

/**
 * Parameters of `cache` (capability `settings`).
 *
 * Errors: 13 (`internal`).
 */
export type CacheParams = { 
/**
 * What is to be done.
 */
action: CacheAction, };

/**
 * What is to be done with what is remembered of keys.
 */
export type CacheAction = "status" | "clear";

/**
 * Result of `cache`.
 */
export type CacheResult = { 
/**
 * How many keys are remembered.
 */
keys: number, 
/**
 * How many bytes that takes on disk.
 */
bytes: number, };

/**
 * Result of `doctor` (capability `doctor`), which takes no parameters: the check-up's findings.
 */
export type DoctorResult = { 
/**
 * What was found, in the order of the way a request goes.
 */
findings: Array<Finding>, 
/**
 * The same as English text to copy, without the home folder, the user's name and keys.
 */
report: string, };

/**
 * What was found of one thing.
 */
export type Finding = { 
/**
 * What was looked at: `program`, `browsers`, `data-folder`, `settings`, `cache`, `clock`, `dht`,
 * `relays`, `gateway`, `https`, `dns`.
 */
check: string, 
/**
 * What was found, such as `no-answer`; `ok` where all is well.
 */
finding: string, 
/**
 * How bad it is.
 */
state: State, 
/**
 * One sentence of what was found.
 */
what: string, 
/**
 * One sentence of what to do; empty where there is nothing to do.
 */
todo: string, 
/**
 * Numbers, paths and the like that `what` speaks of, by name.
 */
facts: { [key in string]: string }, };

/**
 * How bad a finding is.
 */
export type State = "good" | "note" | "warning" | "bad";

/**
 * What the system has set.
 */
export type SystemProxy = { "kind": "none" } | { "kind": "servers", 
/**
 * For `http://`.
 */
http: string | null, 
/**
 * For `https://`.
 */
https: string | null, 
/**
 * A SOCKS server for what has no other.
 */
socks: string | null, 
/**
 * What goes to no proxy: names, `.suffixes` (names below, not the name itself), addresses,
 * networks (`10.0.0.0/8`), and `<local>`, names without a dot.
 */
bypass: Array<string>, } | { "kind": "script", 
/**
 * Where it is: `http`, `https` or `file`.
 */
url: string, } | { "kind": "auto" };

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
