//! From a name to where its site is.
//!
//! A packet says in several ways where a site is reached: `HTTPS` records (RFC 9460) with a
//! priority, a port and a target that may be another key; plain `A` and `AAAA` records; a `CNAME`.
//! Following them takes the packets of other keys, so a [`Search`] is a conversation: it names the
//! key whose packet it needs next ([`Search::wanted`]), is given that packet or told that there is
//! none, and at the end has the endpoints in the order in which they should be tried. It does no
//! I/O itself and has bounds on depth and number, because every record is a stranger's.
//!
//! Rules, in this order:
//! - The records that count are those at the name itself, else those at the closest wildcard.
//! - `HTTPS` records by priority, equals shuffled. A target `.` is this name: its addresses, else
//!   the apex's, else the record's hints. A target that is a key host is searched in turn, any
//!   other is an ICANN name and left to the browser or the system.
//! - Without `HTTPS`: the addresses at the name, then a `CNAME`.
//! - An endpoint reached over any `HTTPS` record asks for TLS (RFC 9460, section 9.5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::{
    Name,
    rdata::{RData, SVCB, SVCParam},
};

use crate::{
    key::{KeyHost, PublicKey},
    packet::{Record, SignedPacket},
};

/// How many key hosts one endpoint may lie behind.
pub const MAX_DEPTH: usize = 7;
/// How many packets one search may ask for.
pub const MAX_PACKETS: usize = 16;
/// How many endpoints one search yields.
pub const MAX_ENDPOINTS: usize = 32;

/// Service parameters (RFC 9460, section 14.3.2) that may be named mandatory: all but `ech` (5).
const SUPPORTED_PARAMS: [u16; 6] = [0, 1, 2, 3, 4, 6];

/// Where a site can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The addresses, or the name that leads to them.
    pub target: Target,
    /// The port of the record; `None` leaves it to the URL or its scheme.
    pub port: Option<u16>,
    /// Whether a record demands TLS.
    pub tls: bool,
    /// The key of the packet in which the search ended: the one to expect in TLS.
    pub key: PublicKey,
}

/// What an endpoint points to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Addresses, at least one, in the packet's order.
    Addresses(Vec<IpAddr>),
    /// A name of the ICANN root, without final dot.
    Icann(String),
}

/// A search for the endpoints of a name.
#[derive(Debug)]
pub struct Search {
    /// Found endpoints and places still to be searched, in the order of preference.
    items: Vec<Item>,
    scheme: String,
    packets: usize,
    shuffle: u64,
}

#[derive(Debug)]
enum Item {
    Found(Endpoint),
    Open(Step),
}

/// A place still to be searched.
#[derive(Debug, Clone)]
struct Step {
    host: KeyHost,
    /// The hosts on the way here; none of them may come again.
    path: Vec<KeyHost>,
    port: Option<u16>,
    tls: bool,
}

impl Search {
    /// Begins a search for `host`.
    ///
    /// `scheme` is that of the URL: `http`, `https`, `ws` and `wss` take the `HTTPS` records at the
    /// name, another scheme `foo` takes `HTTPS` and `SVCB` at `_foo.<name>`. `shuffle` is any
    /// number; it decides the order of records with equal priority.
    pub fn new(host: KeyHost, scheme: &str, shuffle: u64) -> Self {
        Self {
            items: vec![Item::Open(Step {
                host,
                path: Vec::new(),
                port: None,
                tls: false,
            })],
            scheme: scheme.to_ascii_lowercase(),
            packets: 0,
            shuffle,
        }
    }

    /// The key whose packet is needed next; `None` when the search is over.
    pub fn wanted(&self) -> Option<PublicKey> {
        if self.packets >= MAX_PACKETS {
            return None;
        }
        self.items.iter().find_map(|item| match item {
            Item::Open(step) => Some(*step.host.key()),
            Item::Found(_) => None,
        })
    }

    /// Gives the packet of the wanted key; `None` when there is none to be had.
    pub fn supply(&mut self, packet: Option<&SignedPacket>) {
        let Some(index) = self
            .items
            .iter()
            .position(|item| matches!(item, Item::Open(_)))
        else {
            return;
        };
        let Item::Open(step) = self.items.remove(index) else {
            return;
        };
        self.packets += 1;
        let Some(packet) = packet.filter(|packet| packet.key() == step.host.key()) else {
            return;
        };
        let found = self.expand(&step, packet);
        self.items.splice(index..index, found);
        self.items.truncate(MAX_ENDPOINTS);
    }

    /// The endpoints in the order in which they should be tried.
    pub fn finish(self) -> Vec<Endpoint> {
        self.items
            .into_iter()
            .filter_map(|item| match item {
                Item::Found(endpoint) => Some(endpoint),
                Item::Open(_) => None,
            })
            .collect()
    }

    fn expand(&mut self, step: &Step, packet: &SignedPacket) -> Vec<Item> {
        let zone = Zone(packet);
        let host = step.host.as_str();
        let web = matches!(self.scheme.as_str(), "http" | "https" | "ws" | "wss");
        let owner = if web {
            host.to_owned()
        } else {
            format!("_{}.{host}", self.scheme)
        };
        let mut services = zone.services(&owner, !web);
        if !services.is_empty() {
            self.order(&mut services);
            return services
                .iter()
                .flat_map(|service| self.service(step, zone, &owner, service))
                .collect();
        }
        let addresses = zone.addresses(host);
        if !addresses.is_empty() {
            return vec![Item::Found(Endpoint {
                target: Target::Addresses(addresses),
                port: step.port,
                tls: step.tls,
                key: *packet.key(),
            })];
        }
        zone.cname(host)
            .and_then(|target| self.towards(step, &target, step.port, step.tls))
            .into_iter()
            .collect()
    }

    fn service(
        &self,
        step: &Step,
        zone: Zone<'_>,
        owner: &str,
        service: &SVCB<'_>,
    ) -> Option<Item> {
        let port = match service.get_param(3) {
            Some(SVCParam::Port(port)) => Some(*port),
            _ => None,
        };
        if let Some(SVCParam::Mandatory(keys)) = service.get_param(0)
            && keys.iter().any(|key| !SUPPORTED_PARAMS.contains(key))
        {
            return None;
        }
        // A service that names its own owner means the same as `.` (RFC 9460, section 2.5.2).
        let target = service.target.to_string();
        let itself = service.priority > 0
            && [owner, step.host.as_str()]
                .iter()
                .any(|name| target.eq_ignore_ascii_case(name));
        let elsewhere = !service.target.get_labels().is_empty() && !itself;
        if elsewhere {
            return self.towards(step, &service.target, port.or(step.port), true);
        }
        // RFC 9460, section 2.5.1: alias mode to the root says that there is no service. With
        // parameters it is a mistake seen in the wild that means service mode.
        if service.priority == 0 && service.iter_params().next().is_none() {
            return None;
        }
        let apex = zone.0.key().to_string();
        let addresses = [owner, step.host.as_str(), &apex]
            .into_iter()
            .map(|name| zone.addresses(name))
            .find(|addresses| !addresses.is_empty())
            .unwrap_or_else(|| hints(service));
        if addresses.is_empty() {
            return None;
        }
        Some(Item::Found(Endpoint {
            target: Target::Addresses(addresses),
            port: port.or(step.port),
            tls: true,
            key: *zone.0.key(),
        }))
    }

    /// A target by name: another place to search, or an ICANN name. `None` for a cycle, for a way
    /// too long and for what is no host name.
    fn towards(
        &self,
        step: &Step,
        target: &Name<'_>,
        port: Option<u16>,
        tls: bool,
    ) -> Option<Item> {
        let name = target.to_string().to_ascii_lowercase();
        let Ok(host) = KeyHost::parse(&name) else {
            return icann(&name).map(|name| {
                Item::Found(Endpoint {
                    target: Target::Icann(name),
                    port,
                    tls,
                    key: *step.host.key(),
                })
            });
        };
        let mut path = step.path.clone();
        path.push(step.host.clone());
        if path.contains(&host) || path.len() > MAX_DEPTH {
            return None;
        }
        Some(Item::Open(Step {
            host,
            path,
            port,
            tls,
        }))
    }

    /// Sorts by priority and shuffles equals.
    fn order(&mut self, services: &mut [SVCB<'_>]) {
        for end in (1..services.len()).rev() {
            // SplitMix64: a fair spread is all that is needed here.
            self.shuffle = self.shuffle.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.shuffle;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            services.swap(end, (mixed % (end as u64 + 1)) as usize);
        }
        services.sort_by_key(|service| match service.priority {
            0 if service.target.get_labels().is_empty() => 1,
            priority => priority,
        });
    }
}

/// An ICANN name as a URL can carry it; `None` for what is no host name.
fn icann(name: &str) -> Option<String> {
    match url::Host::parse(name.trim_end_matches('.')) {
        Ok(url::Host::Domain(domain)) if domain.contains('.') => Some(domain),
        _ => None,
    }
}

fn hints(service: &SVCB<'_>) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    if let Some(SVCParam::Ipv6Hint(hints)) = service.get_param(6) {
        addresses.extend(
            hints
                .iter()
                .map(|bits| IpAddr::V6(Ipv6Addr::from_bits(*bits))),
        );
    }
    if let Some(SVCParam::Ipv4Hint(hints)) = service.get_param(4) {
        addresses.extend(
            hints
                .iter()
                .map(|bits| IpAddr::V4(Ipv4Addr::from_bits(*bits))),
        );
    }
    addresses.truncate(MAX_ENDPOINTS);
    addresses
}

/// A packet as a zone: which records answer for a name.
#[derive(Clone, Copy)]
struct Zone<'a>(&'a SignedPacket);

impl<'a> Zone<'a> {
    /// The records at the name, else those at the closest wildcard above it.
    ///
    /// A wildcard stands for names that don't exist (RFC 4592, section 2.2.1), but matches at any
    /// depth below it.
    fn at(self, name: &str) -> Vec<&'a Record> {
        let exact = self.owned_by(name);
        if !exact.is_empty() {
            return exact;
        }
        let mut parent = name;
        while let Some((_, above)) = parent.split_once('.') {
            let wild = self.owned_by(&format!("*.{above}"));
            if !wild.is_empty() {
                return wild;
            }
            parent = above;
        }
        Vec::new()
    }

    fn owned_by(self, name: &str) -> Vec<&'a Record> {
        let Ok(name) = Name::new(name) else {
            return Vec::new();
        };
        // `Name` compares label by label without regard to case.
        self.0
            .records()
            .iter()
            .filter(|record| record.name == name && self.0.in_zone(record))
            .collect()
    }

    fn services(self, name: &str, svcb_too: bool) -> Vec<SVCB<'a>> {
        self.at(name)
            .into_iter()
            .filter_map(|record| match &record.rdata {
                RData::HTTPS(https) => Some(https.0.clone()),
                RData::SVCB(svcb) if svcb_too => Some(svcb.clone()),
                _ => None,
            })
            .collect()
    }

    fn addresses(self, name: &str) -> Vec<IpAddr> {
        self.at(name)
            .into_iter()
            .filter_map(|record| match &record.rdata {
                RData::A(a) => Some(IpAddr::V4(a.address.into())),
                RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.address.into())),
                _ => None,
            })
            .take(MAX_ENDPOINTS)
            .collect()
    }

    fn cname(self, name: &str) -> Option<Name<'a>> {
        self.at(name)
            .into_iter()
            .find_map(|record| match &record.rdata {
                RData::CNAME(cname) => Some(cname.0.clone()),
                _ => None,
            })
    }
}

#[cfg(test)]
mod tests;
