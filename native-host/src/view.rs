//! Answers as programs read them: the JSON of the command line and of the messages.
//!
//! One shape for both, so that what a script learns from `pkarr resolve --json` holds for the
//! extension too. Times are milliseconds since 1970, times to live seconds. Text of records comes
//! from strangers; it is ASCII by the way it is shown (in a [`Meaning`] any script), and never
//! markup.

mod history;

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::{
    address::is_public,
    endpoint::{self, Target},
    key::KeyHost,
    meaning::Meaning,
    packet::SignedPacket,
    resolver::{self, Route},
    zone,
};

pub use self::history::{Kept, SeenPacket};

/// The last moment that a date of ECMAScript can hold, in milliseconds since 1970.
const LAST_DATE: i64 = 8_640_000_000_000_000;

/// What was found for a name.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Resolution {
    /// The key: 52 characters.
    pub key: String,
    /// The key host that was asked for: lower case, no final dot.
    pub host: String,
    /// The packet's sequence number in decimal; it may exceed 2^53.
    pub seq: String,
    /// When the packet says that it was signed: milliseconds since 1970, at most
    /// 8 640 000 000 000 000, the last date that ECMAScript knows.
    #[cfg_attr(test, ts(type = "number"))]
    pub signed_at: i64,
    /// When the network last showed the packet: milliseconds since 1970.
    #[cfg_attr(test, ts(type = "number"))]
    pub seen_at: i64,
    /// How many seconds from then it counts as fresh.
    #[cfg_attr(test, ts(type = "number"))]
    pub ttl: u64,
    /// Whether it is older than that: the network was slow or away.
    pub stale: bool,
    /// Where it came from.
    pub source: Source,
    /// Why sources of the network could not answer.
    pub failures: Vec<SourceFailure>,
    /// What is odd about it.
    pub warnings: Vec<Warning>,
    /// How many bytes of DNS it has.
    pub size: usize,
    /// The records, in the packet's order.
    pub records: Vec<RecordView>,
    /// Where the name leads, in the order to try; may be empty.
    pub endpoints: Vec<Endpoint>,
}

/// Where an answer came from.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Source {
    /// Nodes of the DHT, just now.
    Dht {
        /// How many nodes have answered with this packet so far.
        nodes: u32,
    },
    /// A relay, just now.
    Relay {
        /// Its address.
        url: String,
    },
    /// Remembered from before.
    Cache {
        /// Who had shown it then: `dht`, `published`, or a relay's address.
        origin: String,
    },
}

/// Why a source of the network could not answer.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SourceFailure {
    /// `dht`, or a relay's address.
    pub source: String,
    /// One sentence.
    pub reason: String,
}

/// What is odd about a packet.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// It is dated more than two hours ahead.
    FutureSeq,
}

/// A record in words.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    /// The whole name, without final dot.
    pub name: String,
    /// The type: `A`, `HTTPS`, `TYPE4711`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The time to live in seconds.
    pub ttl: u32,
    /// The data as in a zone file.
    pub value: String,
    /// Whether the name lies outside the key's zone: it is shown, and answers nothing.
    pub out_of_zone: bool,
    /// What it is for, where it follows a known convention.
    pub meaning: Option<Meaning>,
}

/// A place to go to.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Endpoint {
    /// An IP address.
    Address {
        /// The address, IPv6 without brackets.
        address: String,
        /// The port; `null` leaves it to the URL or its scheme.
        port: Option<u16>,
        /// Whether the record demands TLS with the key.
        tls: bool,
        /// Whether the settings let keys lead there: to the public internet always, to this
        /// machine and private networks only where they are allowed.
        allowed: bool,
    },
    /// A name of the ICANN root, to be opened over `https`.
    Icann {
        /// The name, without final dot.
        name: String,
        /// The port; `null` means the scheme's.
        port: Option<u16>,
    },
}

impl Resolution {
    /// The route found for `host`, in words; `allow_private` is the setting of that name.
    pub fn new(host: &KeyHost, route: &Route, allow_private: bool) -> Self {
        let answer = &route.answer;
        let packet = &answer.packet;
        Self {
            key: packet.key().to_string(),
            host: host.to_string(),
            seq: packet.seq().to_string(),
            signed_at: packet.seq().unix_millis().min(LAST_DATE),
            seen_at: unix_millis(answer.seen_at),
            ttl: answer.ttl.as_secs(),
            stale: answer.stale,
            source: match &answer.source {
                resolver::Source::Dht { nodes } => Source::Dht { nodes: *nodes },
                resolver::Source::Relay { url } => Source::Relay { url: url.clone() },
                resolver::Source::Cache { origin } => Source::Cache {
                    origin: origin.to_string(),
                },
            },
            failures: answer
                .failures
                .iter()
                .map(|failure| SourceFailure {
                    source: failure.source.clone(),
                    reason: failure.reason.clone(),
                })
                .collect(),
            warnings: answer
                .future_seq
                .then_some(Warning::FutureSeq)
                .into_iter()
                .collect(),
            size: packet.dns().len(),
            records: RecordView::all(packet),
            endpoints: route
                .endpoints
                .iter()
                .flat_map(|endpoint| places(endpoint, allow_private))
                .collect(),
        }
    }
}

impl RecordView {
    /// The records of a packet in words.
    pub fn all(packet: &SignedPacket) -> Vec<Self> {
        packet
            .records()
            .iter()
            .map(|record| Self {
                name: zone::name_text(record),
                kind: zone::type_name(record),
                ttl: record.ttl,
                value: zone::value_text(record),
                out_of_zone: !packet.in_zone(record),
                meaning: Meaning::of(record, packet.key()),
            })
            .collect()
    }

    /// The name as in a zone file of this key: `@`, `www`, or whole with a final dot where it is
    /// out of zone.
    pub fn relative_name(&self, key: &str) -> String {
        let name = self.name.to_ascii_lowercase();
        match name.strip_suffix(key) {
            Some("") => "@".to_owned(),
            Some(label) if label.ends_with('.') => label.trim_end_matches('.').to_owned(),
            _ => format!("{}.", self.name),
        }
    }
}

fn places(endpoint: &endpoint::Endpoint, allow_private: bool) -> Vec<Endpoint> {
    match &endpoint.target {
        Target::Addresses(addresses) => addresses
            .iter()
            .map(|address| Endpoint::Address {
                address: address.to_string(),
                port: endpoint.port,
                tls: endpoint.tls,
                allowed: allow_private || is_public(*address),
            })
            .collect(),
        Target::Icann(name) => vec![Endpoint::Icann {
            name: name.clone(),
            port: endpoint.port,
        }],
    }
}

pub(crate) fn unix_millis(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
/// Whether `https://` works for keys on this machine, and who trusts the root it takes.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HttpsStatus {
    /// Whether it is switched on: there is a root, and the gateway makes certificates with it.
    pub enabled: bool,
    /// The root; `null` while it is switched off.
    pub root: Option<HttpsRoot>,
    /// A key host that only this machine knows, at which the gateway itself answers `https://` with
    /// an empty answer: a browser that can load it trusts the root. `null` while switched off.
    pub probe: Option<String>,
    /// The certificate stores of browsers that were found, in a stable order.
    pub stores: Vec<TrustStore>,
}

/// The root certificate that was made on this machine.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HttpsRoot {
    /// Its file, PEM.
    pub file: String,
    /// SHA-256 over its DER: pairs of upper-case hexadecimal digits with colons between.
    pub fingerprint: String,
    /// When it ends: milliseconds since 1970.
    #[cfg_attr(test, ts(type = "number"))]
    pub not_after: i64,
}

/// A store of certificates that one or more browsers read.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TrustStore {
    /// Whose it is, as people call it: `Chromium and others`, `Firefox (default-esr)`.
    pub name: String,
    /// Where it is: a folder, or the name of the system's store.
    pub place: String,
    /// Whether it trusts the root, by its own word; while switched off, an earlier one.
    pub trusts: bool,
    /// Whether it trusts a root of pkarr that was made in another data folder.
    pub others: bool,
    /// Why it could not be asked or changed, or what a person has to do for it before the root is
    /// renewed, one sentence; `null` where all is well.
    pub failure: Option<String>,
}
