//! DNS, as it is configured.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use hickory_proto::rr::Name;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::bounded::Bounded;
use crate::{
    address::PrivateAccess,
    connections::{Listen, Network},
    key::PublicKey,
};

/// DNS, as it is configured.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Dns {
    /// Where it listens, over UDP and TCP.
    pub listen: Vec<Listen>,
    /// Who knows names that are not keys.
    pub(crate) forward: Forward,
    /// For whom such names are looked up.
    pub(crate) forward_for: Vec<Network>,
    /// A domain below which keys are found, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suffix: Option<Suffix>,
    /// Whether addresses in private networks are told.
    pub(crate) private_addresses: bool,
    /// Keys that may lead there even so.
    pub(crate) private_keys: Vec<Key>,
    /// How long a question may take.
    pub(crate) question_milliseconds: Bounded<100, 60_000>,
    /// Questions that wait for the DHT at a time, and as many that wait for other name servers.
    pub(crate) questions: Bounded<1, 1_000_000>,
    /// For answers that are ready to be sent.
    pub(crate) memory_mib: Bounded<1, 1_000_000>,
    /// Connections over TCP at a time.
    pub(crate) tcp_connections: Bounded<1, 1_000_000>,
    /// Of these from one address, loopback apart.
    pub(crate) tcp_connections_per_address: Bounded<1, 1_000_000>,
    /// How long a connection may be without a whole question.
    pub(crate) tcp_idle_seconds: Bounded<1, 600>,
    /// The secrets that DNS cookies are made of, where several servers have them in common; one that
    /// nobody else has where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cookie_secret_file: Option<PathBuf>,
    /// The port at which name servers that keys delegate to are asked.
    pub(crate) name_server_port: Bounded<1, 65_535>,
}

impl Default for Dns {
    fn default() -> Self {
        Self {
            listen: vec![Listen::At(([127, 0, 0, 1], 5300).into())],
            forward: Forward::System,
            forward_for: Network::loopback(),
            suffix: None,
            private_addresses: false,
            private_keys: Vec::new(),
            // Stub resolvers ask again after five seconds.
            question_milliseconds: Bounded(4500),
            questions: Bounded(1024),
            memory_mib: Bounded(64),
            tcp_connections: Bounded(1024),
            tcp_connections_per_address: Bounded(64),
            tcp_idle_seconds: Bounded(10),
            cookie_secret_file: None,
            name_server_port: Bounded(53),
        }
    }
}

impl Dns {
    /// Which keys may lead to private networks.
    pub(in crate::server) fn private(&self) -> PrivateAccess {
        PrivateAccess::new(
            self.private_addresses,
            self.private_keys.iter().map(|key| key.0),
        )
    }

    pub(in crate::server) fn name_server_port(&self) -> u16 {
        u16::try_from(self.name_server_port.get()).unwrap_or(53)
    }
}

/// Who knows names that are not keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Forward {
    /// Nobody: such names are refused.
    None,
    /// The resolvers the system is configured with.
    System,
    /// These, by UDP and TCP.
    Servers(Vec<SocketAddr>),
}

impl<'de> Deserialize<'de> for Forward {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Word(String),
            Servers(Vec<String>),
        }
        let wrong = |what: &dyn fmt::Debug| {
            de::Error::custom(format_args!(
                "{what:?} is not who to ask: write \"system\", \"none\", or addresses such as \
                 [\"192.0.2.1\", \"[2001:db8::1]:5353\"]"
            ))
        };
        // Without quotes: whatever it is, it is no text.
        let this = format_args!("this");
        match Written::deserialize(deserializer).map_err(|_| wrong(&this))? {
            Written::Word(word) => match &*word {
                "system" => Ok(Self::System),
                "none" => Ok(Self::None),
                other => Err(wrong(&other)),
            },
            Written::Servers(servers) if servers.is_empty() => Err(wrong(&servers)),
            Written::Servers(servers) => servers
                .iter()
                .map(|server| {
                    let address = server.parse::<IpAddr>();
                    let at = address.map(|address| SocketAddr::new(address, 53));
                    at.or_else(|_| server.parse()).map_err(|_| wrong(&server))
                })
                .collect::<Result<_, _>>()
                .map(Self::Servers),
        }
    }
}

impl Serialize for Forward {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::System => serializer.serialize_str("system"),
            Self::Servers(servers) => serializer.collect_seq(servers),
        }
    }
}

/// A domain below which keys are found.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Suffix(pub(in crate::server) Name);

impl fmt::Debug for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Suffix({})", self.0)
    }
}

impl<'de> Deserialize<'de> for Suffix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bare = text.strip_prefix('.').unwrap_or(&text);
        let bare = bare.strip_suffix('.').unwrap_or(bare);
        match Name::from_ascii(format!("{bare}.")) {
            // A key has to fit in front of it.
            Ok(name) if !name.is_root() && name.len() <= 150 => Ok(Self(name.to_lowercase())),
            _ => Err(de::Error::custom(format_args!(
                "{text:?} is no domain below which keys could be: write one such as \"key\""
            ))),
        }
    }
}

impl Serialize for Suffix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A key, as it stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(PublicKey);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map(Self)
            .map_err(de::Error::custom)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
