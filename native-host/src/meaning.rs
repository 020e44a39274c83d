//! What a record is for, as people use records: a web site, a homeserver, a way to dial a node.
//!
//! pkarr leaves open what is kept under a key; a handful of conventions have grown. This module
//! tells which of them a record follows and takes it apart, so that whoever shows records can say
//! it in words of any language. It judges one record by its name, type and data alone, and only
//! where the data is what the convention asks for: an `_iroh` record with a broken address is text.
//!
//! | who              | records                                                        |
//! |------------------|----------------------------------------------------------------|
//! | a web site       | `A`, `AAAA`, `CNAME`, `HTTPS`                                  |
//! | pubky            | `_pubky` `HTTPS` or `SVCB` to a homeserver's key               |
//! | iroh             | `_iroh` `TXT`: `relay=`, `addr=`, `user-data=`                 |
//! | did:dht          | `_did` `TXT`, `_k0._did`, `_s0._did`                           |
//! | others           | `_dnslink` `TXT`, free `TXT`, `NS`, `MX`, `CAA`, `SRV`         |

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use serde::Serialize;
use simple_dns::{
    Name,
    rdata::{RData, SVCB, SVCParam, TXT},
};
use url::Url;

use crate::{
    key::PublicKey,
    packet::Record,
    zone::{absolute, txt_strings},
};

/// What a record is for.
///
/// Text in it is that of strangers, in any script, but without what hides or turns text: in place
/// of such characters stands U+FFFD. Names are as in zone files, ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", tag = "kind")]
#[non_exhaustive]
pub enum Meaning {
    /// The name is at this address (`A`, `AAAA`).
    Address {
        /// The IP address.
        address: String,
    },
    /// The name stands for another one (`CNAME`).
    Alias {
        /// The other name, without final dot.
        target: String,
    },
    /// The name's site is served there (`HTTPS`, `SVCB`; RFC 9460).
    #[serde(rename_all = "camelCase")]
    Site {
        /// Lower is tried first; 0 is an alias.
        priority: u16,
        /// The server's name without final dot; empty for the record's own name.
        target: String,
        /// The port, where one is named.
        port: Option<u16>,
        /// The application protocols named (`h2`, `http/1.1`).
        protocols: Vec<String>,
        /// The addresses named as hints.
        addresses: Vec<String>,
    },
    /// The pubky user of this key has their data there (`_pubky`).
    Homeserver {
        /// The homeserver's name, most often a key.
        target: String,
    },
    /// The iroh node of this key can be reached through this relay.
    IrohRelay {
        /// The relay's address.
        url: String,
    },
    /// The iroh node of this key can be dialled there.
    IrohAddress {
        /// Address and port.
        address: String,
    },
    /// What an iroh node says of itself.
    IrohUserData {
        /// Free text.
        text: String,
    },
    /// The root of a `did:dht` document.
    #[serde(rename_all = "camelCase")]
    Did {
        /// The version.
        version: String,
        /// How many keys it names.
        keys: usize,
        /// How many services it names.
        services: usize,
    },
    /// A key of a `did:dht` document.
    #[serde(rename_all = "camelCase")]
    DidKey {
        /// Its name in the document, such as `0`.
        id: String,
        /// Its type: 0 is Ed25519, 1 secp256k1, 2 P-256, 3 X25519.
        algorithm: String,
    },
    /// A service of a `did:dht` document.
    #[serde(rename_all = "camelCase")]
    DidService {
        /// Its name in the document.
        id: String,
        /// Its type.
        service: String,
        /// Where it is.
        endpoint: String,
    },
    /// Content of IPFS or another network (`_dnslink`).
    Dnslink {
        /// Such as `/ipfs/…`.
        path: String,
    },
    /// This server answers for the name (`NS`).
    NameServer {
        /// Its name, without final dot.
        target: String,
    },
    /// Mail for the name goes there (`MX`).
    Mail {
        /// Lower is tried first.
        preference: u16,
        /// The server's name, without final dot.
        target: String,
    },
    /// A service of another kind is there (`SRV`).
    Service {
        /// The server's name, without final dot.
        target: String,
        /// Its port.
        port: u16,
    },
    /// Free text (`TXT`).
    Text {
        /// All strings of the record in one.
        text: String,
    },
}

impl Meaning {
    /// What a record in a packet of this key is for; `None` where no convention is known.
    pub fn of(record: &Record, key: &PublicKey) -> Option<Self> {
        let place = place(&record.name, key);
        match &record.rdata {
            RData::A(a) => Some(Self::Address {
                address: Ipv4Addr::from(a.address).to_string(),
            }),
            RData::AAAA(aaaa) => Some(Self::Address {
                address: Ipv6Addr::from(aaaa.address).to_string(),
            }),
            RData::CNAME(cname) => Some(Self::Alias {
                target: name(&cname.0),
            }),
            RData::HTTPS(https) => Some(service(&https.0, &place)),
            RData::SVCB(svcb) => Some(service(svcb, &place)),
            RData::TXT(txt) => Some(text(txt, &place)),
            RData::NS(ns) => Some(Self::NameServer {
                target: name(&ns.0),
            }),
            RData::MX(mx) => Some(Self::Mail {
                preference: mx.preference,
                target: name(&mx.exchange),
            }),
            RData::SRV(srv) => Some(Self::Service {
                target: name(&srv.target),
                port: srv.port,
            }),
            _ => None,
        }
    }

    /// The kind as it stands in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address { .. } => "address",
            Self::Alias { .. } => "alias",
            Self::Site { .. } => "site",
            Self::Homeserver { .. } => "homeserver",
            Self::IrohRelay { .. } => "irohRelay",
            Self::IrohAddress { .. } => "irohAddress",
            Self::IrohUserData { .. } => "irohUserData",
            Self::Did { .. } => "did",
            Self::DidKey { .. } => "didKey",
            Self::DidService { .. } => "didService",
            Self::Dnslink { .. } => "dnslink",
            Self::NameServer { .. } => "nameServer",
            Self::Mail { .. } => "mail",
            Self::Service { .. } => "service",
            Self::Text { .. } => "text",
        }
    }
}

/// Where in a packet a record stands, in lower case.
struct Place {
    /// The labels before the key, or all of them outside its zone.
    labels: Vec<String>,
    in_zone: bool,
}

impl Place {
    /// Whether these are its labels, in the key's zone.
    fn is(&self, labels: &[&str]) -> bool {
        self.in_zone && self.labels == labels
    }

    /// The number in `_k0._did` for `k`: `0`. In zone or out of it, where `did:dht` has it.
    fn in_did(&self, letter: char) -> Option<&str> {
        let [first, did] = &self.labels[..] else {
            return None;
        };
        let number = first.strip_prefix('_')?.strip_prefix(letter)?;
        let counts = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        (did == "_did" && counts).then_some(number)
    }
}

fn place(name: &Name<'_>, key: &PublicKey) -> Place {
    let mut labels: Vec<String> = name
        .get_labels()
        .iter()
        .map(|label| String::from_utf8_lossy(label.as_ref()).to_ascii_lowercase())
        .collect();
    let in_zone = labels.pop_if(|last| *last == key.to_string()).is_some();
    Place { labels, in_zone }
}

fn service(service: &SVCB<'_>, place: &Place) -> Meaning {
    let target = name(&service.target);
    if place.is(&["_pubky"]) && !target.is_empty() {
        return Meaning::Homeserver { target };
    }
    let mut site = (None, Vec::new(), Vec::new());
    let (port, protocols, addresses) = &mut site;
    for param in service.iter_params() {
        match param {
            SVCParam::Port(number) => *port = Some(*number),
            SVCParam::Alpn(names) => {
                protocols.extend(names.iter().map(|name| seen(&name.to_string())));
            }
            SVCParam::Ipv4Hint(hints) => {
                addresses.extend(hints.iter().map(|bits| Ipv4Addr::from(*bits).to_string()));
            }
            SVCParam::Ipv6Hint(hints) => {
                addresses.extend(hints.iter().map(|bits| Ipv6Addr::from(*bits).to_string()));
            }
            _ => {}
        }
    }
    let (port, protocols, addresses) = site;
    Meaning::Site {
        priority: service.priority,
        target,
        port,
        protocols,
        addresses,
    }
}

fn text(txt: &TXT<'_>, place: &Place) -> Meaning {
    let text = String::from_utf8_lossy(&txt_strings(txt).concat()).into_owned();
    let known = if place.is(&["_iroh"]) {
        iroh(&text)
    } else if place.is(&["_did"]) {
        did(&text)
    } else if let Some(number) = place.in_did('k') {
        did_key(&text, number)
    } else if let Some(number) = place.in_did('s') {
        did_service(&text, number)
    } else if place.in_zone
        && place
            .labels
            .first()
            .is_some_and(|label| label == "_dnslink")
    {
        dnslink(&text)
    } else {
        None
    };
    known.unwrap_or_else(|| Meaning::Text { text: seen(&text) })
}

fn iroh(text: &str) -> Option<Meaning> {
    let (attribute, value) = text.split_once('=')?;
    match attribute {
        "relay" => Url::parse(value)
            .is_ok()
            .then(|| Meaning::IrohRelay { url: seen(value) }),
        "addr" => SocketAddr::from_str(value)
            .ok()
            .map(|address| Meaning::IrohAddress {
                address: address.to_string(),
            }),
        "user-data" => Some(Meaning::IrohUserData { text: seen(value) }),
        _ => None,
    }
}

fn did(text: &str) -> Option<Meaning> {
    let count = |name| {
        property(text, name)
            .map(|list| list.split(',').filter(|item| !item.is_empty()).count())
            .unwrap_or(0)
    };
    Some(Meaning::Did {
        version: seen(property(text, "v")?),
        keys: count("vm"),
        services: count("svc"),
    })
}

fn did_key(text: &str, number: &str) -> Option<Meaning> {
    Some(Meaning::DidKey {
        id: seen(property(text, "id").unwrap_or(number)),
        algorithm: seen(property(text, "t")?),
    })
}

fn did_service(text: &str, number: &str) -> Option<Meaning> {
    Some(Meaning::DidService {
        id: seen(property(text, "id").unwrap_or(number)),
        service: seen(property(text, "t")?),
        endpoint: seen(property(text, "se")?),
    })
}

/// The value in `name=value;name=value`.
fn property<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(';').find_map(|part| {
        let (found, value) = part.split_once('=')?;
        (found.trim() == name).then_some(value.trim())
    })
}

fn dnslink(text: &str) -> Option<Meaning> {
    let path = text.strip_prefix("dnslink=")?;
    path.starts_with('/')
        .then(|| Meaning::Dnslink { path: seen(path) })
}

/// A name as in a zone file, without final dot; empty for the root.
fn name(name: &Name<'_>) -> String {
    let mut text = absolute(name);
    text.pop();
    text
}

/// The text with every character that can hide or disguise some of it replaced.
fn seen(text: &str) -> String {
    text.chars()
        .map(|character| {
            if is_unseen(character) {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        })
        .collect()
}

/// Whether a character has no shape of its own but changes how others look: controls, line
/// separators, marks of direction, what has no width.
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
