//! What can be changed, and what makes sense there.
//!
//! A value comes as text, from the command line and from the extension alike, and becomes TOML here
//! once it is found good. Everything is bounded: nobody has that many relays or keys, and a file
//! that a browser's extension writes must stay one that a person can read.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    path::Path,
    str::FromStr,
};

use toml_edit::{Array, Value};
use url::{Host, Url};

use super::{Mistake, SettingsError};
use crate::{
    key::KeyAddress,
    relays::{self, MAX_RELAYS},
};

/// How many first nodes there may be.
const MAX_NODES: usize = 64;
/// How many keys may be named.
const MAX_KEYS: usize = 1000;
/// How long a name of the DNS may be (RFC 1035, section 3.1).
const MAX_HOST: usize = 253;
/// How long an address or a path may be.
const MAX_TEXT: usize = 2048;
/// As many keys as a cache of about a gigabyte holds.
const MAX_CACHE: u64 = 1_000_000;
/// No lookup takes longer, in milliseconds.
const MAX_DELAY: u64 = 15_000;

/// A setting by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Name {
    /// The first nodes of the DHT to ask.
    Bootstrap,
    /// The relays to ask.
    Relays,
    /// Whether none is asked.
    NoRelays,
    /// How long the DHT may take before they are, in milliseconds.
    RelayDelay,
    /// This machine's public IPv4 address.
    ExternalIpv4,
    /// This machine's public IPv6 address.
    ExternalIpv6,
    /// How many keys are remembered on disk.
    CacheSize,
    /// Whether an answer past its time is given where the network has none.
    Stale,
    /// Whether all keys may lead to this machine and to private networks.
    AllowPrivate,
    /// Keys that may.
    AllowPrivateFor,
    /// The folder for logs and what is kept.
    DataDir,
}

impl Name {
    /// All of them.
    pub const ALL: [Name; 11] = [
        Name::Bootstrap,
        Name::Relays,
        Name::NoRelays,
        Name::RelayDelay,
        Name::ExternalIpv4,
        Name::ExternalIpv6,
        Name::CacheSize,
        Name::Stale,
        Name::AllowPrivate,
        Name::AllowPrivateFor,
        Name::DataDir,
    ];

    /// As it is written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Name::Bootstrap => "bootstrap",
            Name::Relays => "relays",
            Name::NoRelays => "no-relays",
            Name::RelayDelay => "relay-delay",
            Name::ExternalIpv4 => "external-ipv4",
            Name::ExternalIpv6 => "external-ipv6",
            Name::CacheSize => "cache-size",
            Name::Stale => "stale",
            Name::AllowPrivate => "allow-private",
            Name::AllowPrivateFor => "allow-private-for",
            Name::DataDir => "data-dir",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Name {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Name::ALL
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or_else(|| SettingsError::Unknown(text.chars().take(80).collect()))
    }
}

/// One change of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A setting gets these values; most want exactly one. Relays without any are switched off.
    Set(Name, Vec<String>),
    /// A setting goes back to its default.
    Unset(Name),
}

/// What is done to the file: a setting gets a value or goes.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) name: Name,
    pub(super) value: Option<Value>,
}

impl Change {
    /// Checks the change.
    pub(super) fn edit(&self) -> Result<Vec<Edit>, SettingsError> {
        let (name, value) = match self {
            Change::Set(name, texts) => {
                let value = value(*name, texts).map_err(|mistake| SettingsError::Value {
                    name: *name,
                    mistake,
                })?;
                (*name, Some(value))
            }
            Change::Unset(name) => (*name, None),
        };
        let mut edits = vec![Edit { name, value }];
        if name == Name::Relays {
            // It would win over the new list.
            edits.push(Edit {
                name: Name::NoRelays,
                value: None,
            });
        }
        Ok(edits)
    }
}

fn value(name: Name, texts: &[String]) -> Result<Value, Mistake> {
    match name {
        Name::Bootstrap => {
            at_most(texts, MAX_NODES)?;
            if texts.is_empty() {
                return Err(Mistake::Empty);
            }
            texts.iter().try_for_each(|text| node(text))?;
            Ok(list(texts))
        }
        Name::Relays => {
            at_most(texts, MAX_RELAYS)?;
            let urls = texts
                .iter()
                .map(|text| url(text))
                .collect::<Result<Vec<_>, _>>()?;
            relays::check(&urls)?;
            Ok(list(texts))
        }
        Name::AllowPrivateFor => {
            at_most(texts, MAX_KEYS)?;
            let keys = texts
                .iter()
                .map(|text| key(text))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(list(&keys))
        }
        Name::NoRelays | Name::Stale | Name::AllowPrivate => {
            Ok(one(texts)?.parse::<bool>()?.into())
        }
        Name::RelayDelay => number(one(texts)?, 0, MAX_DELAY),
        Name::CacheSize => number(one(texts)?, 1, MAX_CACHE),
        Name::ExternalIpv4 => Ok(one(texts)?.parse::<Ipv4Addr>()?.to_string().into()),
        Name::ExternalIpv6 => Ok(one(texts)?.parse::<Ipv6Addr>()?.to_string().into()),
        Name::DataDir => {
            let folder = one(texts)?;
            if folder.len() > MAX_TEXT || !Path::new(folder).is_absolute() {
                return Err(Mistake::Folder(folder.chars().take(MAX_TEXT).collect()));
            }
            Ok(folder.into())
        }
    }
}

fn one(texts: &[String]) -> Result<&str, Mistake> {
    match texts {
        [text] => Ok(text.trim()),
        _ => Err(Mistake::NotOne(texts.len())),
    }
}

fn at_most(texts: &[String], most: usize) -> Result<(), Mistake> {
    let count = texts.len();
    if count > most {
        return Err(Mistake::TooMany { count, most });
    }
    Ok(())
}

fn list(texts: &[impl AsRef<str>]) -> Value {
    let mut array = Array::new();
    let mut known = Vec::new();
    for text in texts {
        let text = text.as_ref().trim();
        if !known.contains(&text) {
            known.push(text);
            array.push(text);
        }
    }
    array.into()
}

fn number(text: &str, least: u64, most: u64) -> Result<Value, Mistake> {
    let wrong = || Mistake::Number {
        text: text.chars().take(80).collect(),
        least,
        most,
    };
    let number: u64 = text.parse().map_err(|_| wrong())?;
    if !(least..=most).contains(&number) {
        return Err(wrong());
    }
    i64::try_from(number).map(Value::from).map_err(|_| wrong())
}

/// The key of a text, as it stands in the file.
pub(super) fn key(text: &str) -> Result<String, Mistake> {
    Ok(KeyAddress::parse(text)?.host.key().to_string())
}

/// The address of a relay.
pub(super) fn relay(text: &str) -> Result<Url, SettingsError> {
    url(text).map_err(|mistake| SettingsError::Value {
        name: Name::Relays,
        mistake,
    })
}

fn url(text: &str) -> Result<Url, Mistake> {
    let text = text.trim();
    let short: String = text.chars().take(MAX_TEXT).collect();
    let parsed = if short.len() < text.len() {
        // As the only limit of addresses that the parser has is much higher.
        Err(url::ParseError::Overflow)
    } else {
        Url::parse(text)
    };
    parsed.map_err(|source| Mistake::Url {
        text: short,
        source,
    })
}

/// Checks the address of a first node.
pub(crate) fn check_node(text: &str) -> Result<(), SettingsError> {
    node(text).map_err(|mistake| SettingsError::Value {
        name: Name::Bootstrap,
        mistake,
    })
}

fn node(text: &str) -> Result<(), Mistake> {
    let good = text.trim().rsplit_once(':').is_some_and(|(host, port)| {
        host.len() <= MAX_HOST
            && Host::parse(host).is_ok()
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if good {
        Ok(())
    } else {
        Err(Mistake::Node(text.chars().take(MAX_HOST).collect()))
    }
}
