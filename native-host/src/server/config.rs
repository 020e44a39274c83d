//! The server's configuration: one file of its own, `serve.toml`.
//!
//! Everything in it has a default, so that no file is as good as an empty one. A name that there is
//! not, a value of another type and one that makes no sense are told with their line. What the file
//! says of the network (first nodes, relays, the folder for data) gives way to options and
//! environment, as everywhere.
//!
//! The file can change while the server runs ([`super::Server::reload`]). Where it listens, what is
//! cached and the network hold until the next start; [`Config::fixed_differences`] tells.

mod bounded;
mod check;
mod dns;
mod error;

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use hyper::header::{self, HeaderName};
use serde::{Deserialize, Serialize};
use url::Url;

pub(super) use self::dns::Forward;
use self::{bounded::Bounded, check::Mistake};
pub use self::{dns::Dns, error::ConfigError};
use crate::connections::{Listen, Network};

/// The defaults, with a word on each: what `pkarr serve --print-config` writes.
pub const COMMENTED: &str = include_str!("serve.toml");

/// The most bytes the file may have.
const MAX_FILE: u64 = 256 * 1024;

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// HTTP without TLS, and what holds for connections of both kinds.
    pub http: Http,
    /// HTTP with TLS.
    pub tls: Tls,
    /// The relay.
    pub relay: Relay,
    /// DNS over HTTPS.
    pub doh: Doh,
    /// DNS.
    pub dns: Dns,
    /// The web app.
    pub app: App,
    /// How much one client may ask for, and all together.
    pub limits: Limits,
    /// What is remembered.
    pub cache: Cache,
    /// Numbers for Prometheus.
    pub metrics: Metrics,
    /// What happens at the end.
    pub stop: Stop,
    /// The network that the server asks.
    pub network: Sources,
}

/// HTTP without TLS, and what holds for connections of both kinds.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Http {
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// Proxies whose word about a client's address is believed.
    pub(crate) trusted_proxies: Vec<Network>,
    /// In which field they write it.
    pub(crate) forwarded_field: ForwardedField,
    /// Connections at a time.
    pub(crate) connections: Bounded<1, 1_000_000>,
    /// Of these from one address, loopback and trusted proxies apart.
    pub(crate) connections_per_address: Bounded<1, 1_000_000>,
    /// How long the head of a request may take, and a TLS handshake; so long a connection without a
    /// request is kept, too.
    pub(crate) head_seconds: Bounded<1, 600>,
    /// How long the body of a request may take.
    pub(crate) body_seconds: Bounded<1, 600>,
    /// How long no byte may come or go.
    pub(crate) idle_seconds: Bounded<1, 3600>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: vec![Listen::At(([127, 0, 0, 1], 6881).into())],
            trusted_proxies: Vec::new(),
            forwarded_field: ForwardedField::XForwardedFor,
            connections: Bounded(8192),
            connections_per_address: Bounded(128),
            head_seconds: Bounded(30),
            body_seconds: Bounded(10),
            idle_seconds: Bounded(60),
        }
    }
}

/// The field in which proxies write who asked them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ForwardedField {
    /// What most proxies write.
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

impl ForwardedField {
    pub(super) fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => header::FORWARDED,
        }
    }
}

impl Http {
    /// Whether the address is a trusted proxy's.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(address))
    }

    pub(super) fn head(&self) -> Duration {
        self.head_seconds.seconds()
    }

    pub(super) fn body(&self) -> Duration {
        self.body_seconds.seconds()
    }

    pub(super) fn idle(&self) -> Duration {
        self.idle_seconds.seconds()
    }
}

/// HTTP with TLS.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Tls {
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// The certificate and those between it and the root, as PEM.
    pub certificate: Option<PathBuf>,
    /// Its secret key, as PEM.
    pub key: Option<PathBuf>,
}

/// The relay.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Relay {
    /// Whether there is one.
    pub enabled: bool,
    /// For how long after the last PUT or GET what was put here is kept in the DHT; 0 is not at all.
    pub(crate) keep_days: Bounded<0, 3650>,
    /// How often it is put again meanwhile.
    pub(crate) keep_every_minutes: Bounded<1, 1440>,
    /// How many keys at most.
    pub(crate) keep_keys: Bounded<0, 100_000_000>,
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            enabled: true,
            keep_days: Bounded(7),
            keep_every_minutes: Bounded(60),
            keep_keys: Bounded(50_000),
        }
    }
}

/// DNS over HTTPS.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Doh {
    /// Whether it is there.
    pub enabled: bool,
}

impl Default for Doh {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// The web app.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct App {
    /// Whether it is there.
    pub enabled: bool,
}

impl Default for App {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// How much one client may ask for, and all together.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Limits {
    /// Clients that have no limit of their own.
    pub(crate) exempt: Vec<Network>,
    /// Answers from memory or disk, and refusals.
    pub(crate) requests_per_second: Bounded<1, 1_000_000>,
    /// So many at once.
    pub(crate) requests_burst: Bounded<1, 1_000_000>,
    /// Questions that reach the DHT.
    pub(crate) lookups_per_second: Bounded<1, 1_000_000>,
    /// So many at once.
    pub(crate) lookups_burst: Bounded<1, 1_000_000>,
    /// Packets put.
    pub(crate) puts_per_second: Bounded<1, 1_000_000>,
    /// So many at once.
    pub(crate) puts_burst: Bounded<1, 1_000_000>,
    /// Lookups at a time, of all clients.
    pub(crate) lookups: Bounded<1, 4096>,
    /// Lookups that may wait for their turn; more are refused.
    pub(crate) lookups_waiting: Bounded<1, 1_000_000>,
    /// Puts at a time, of all clients.
    pub(crate) puts: Bounded<1, 4096>,
    /// Puts that may wait for their turn; more are refused.
    pub(crate) puts_waiting: Bounded<1, 1_000_000>,
    /// Addresses that are remembered.
    pub(crate) addresses: Bounded<16, 10_000_000>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            exempt: Network::loopback(),
            requests_per_second: Bounded(100),
            requests_burst: Bounded(1000),
            lookups_per_second: Bounded(5),
            lookups_burst: Bounded(100),
            puts_per_second: Bounded(2),
            puts_burst: Bounded(100),
            lookups: Bounded(64),
            lookups_waiting: Bounded(1024),
            puts: Bounded(32),
            puts_waiting: Bounded(1024),
            addresses: Bounded(100_000),
        }
    }
}

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Cache {
    /// Packets on disk.
    pub(crate) packets: Bounded<1, 1_000_000_000>,
    /// Earlier packets of each.
    pub(crate) history: Bounded<0, 1000>,
    /// For answers that are ready to be sent.
    pub(crate) hot_mib: Bounded<1, 1_000_000>,
    /// No packet is asked for again sooner than this.
    pub(crate) minimum_ttl_seconds: Bounded<1, 604_800>,
    /// Every packet is asked for again after this.
    pub(crate) maximum_ttl_seconds: Bounded<1, 604_800>,
    /// Whether an answer past its time is given where the network is slow or has none (RFC 8767).
    pub stale: bool,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            packets: Bounded(1_000_000),
            history: Bounded(0),
            hot_mib: Bounded(64),
            minimum_ttl_seconds: Bounded(300),
            maximum_ttl_seconds: Bounded(86_400),
            stale: true,
        }
    }
}

/// Numbers for Prometheus.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Metrics {
    /// Whether they are there.
    pub enabled: bool,
    /// Who may read them.
    pub(crate) allow: Vec<Network>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            enabled: true,
            allow: Network::loopback(),
        }
    }
}

/// What happens at the end.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Stop {
    /// How long `/readyz` says that the end is near before connections are refused.
    pub(crate) notice_seconds: Bounded<0, 600>,
    /// How long requests that have begun may take then.
    pub(crate) drain_seconds: Bounded<0, 600>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            notice_seconds: Bounded(0),
            drain_seconds: Bounded(10),
        }
    }
}

/// The network that the server asks.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Sources {
    /// First nodes of the DHT, `host:port`; the public ones where nothing is said.
    pub bootstrap: Option<Vec<String>>,
    /// Relays to ask beside the DHT; none where nothing is said.
    pub relays: Option<Vec<Url>>,
    /// The folder for what is kept.
    pub data_dir: Option<PathBuf>,
    /// Where questions of the DHT's other nodes are answered, and items kept for them; nowhere where
    /// nothing is said.
    pub dht_server: Option<SocketAddr>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`], with the line where there is one.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let read = || {
            let mut text = String::new();
            io::Read::read_to_string(
                &mut io::Read::take(fs::File::open(path)?, MAX_FILE + 1),
                &mut text,
            )?;
            if text.len() as u64 > MAX_FILE {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            Ok(text)
        };
        let text = read().map_err(|source| ConfigError::Read {
            file: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::Syntax {
            file: path.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        match check::consistent(&config) {
            Ok(()) => Ok(config),
            Err(Mistake { place, what }) => Err(ConfigError::Value {
                file: path.to_owned(),
                line: check::line_of(text, place),
                name: place.join("."),
                what,
            }),
        }
    }

    /// What differs from `other` and can't change while the server runs, by name.
    pub fn fixed_differences(&self, other: &Self) -> Vec<&'static str> {
        [
            ("http.listen", self.http.listen == other.http.listen),
            (
                "http.connections",
                self.http.connections == other.http.connections
                    && self.http.connections_per_address == other.http.connections_per_address,
            ),
            ("tls.listen", self.tls.listen == other.tls.listen),
            ("dns.listen", self.dns.listen == other.dns.listen),
            (
                "dns.questions",
                self.dns.questions == other.dns.questions
                    && self.dns.memory_mib == other.dns.memory_mib,
            ),
            (
                "dns.tcp-connections",
                self.dns.tcp_connections == other.dns.tcp_connections
                    && self.dns.tcp_connections_per_address
                        == other.dns.tcp_connections_per_address
                    && self.dns.tcp_idle_seconds == other.dns.tcp_idle_seconds,
            ),
            ("cache", self.cache == other.cache),
            ("network", self.network == other.network),
            (
                "limits.lookups",
                self.limits.lookups == other.limits.lookups
                    && self.limits.lookups_waiting == other.limits.lookups_waiting,
            ),
            (
                "limits.puts",
                self.limits.puts == other.limits.puts
                    && self.limits.puts_waiting == other.limits.puts_waiting,
            ),
            (
                "limits.addresses",
                self.limits.addresses == other.limits.addresses,
            ),
        ]
        .into_iter()
        .filter_map(|(name, same)| (!same).then_some(name))
        .collect()
    }

    /// Whether the address is a trusted proxy's.
    pub(super) fn is_trusted(&self, address: IpAddr) -> bool {
        self.http.trusts(address)
    }

    /// The files whose contents the server uses, beside its own.
    pub fn files(&self) -> Vec<PathBuf> {
        let named = [
            &self.tls.certificate,
            &self.tls.key,
            &self.dns.cookie_secret_file,
        ];
        named.into_iter().flatten().cloned().collect()
    }
}

#[cfg(test)]
mod tests;
