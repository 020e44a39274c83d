//! A key's packet as a zone: which records answer a question.
//!
//! The rules are those by which the extension finds a site ([`crate::endpoint`]), so that a name
//! means the same to everybody who asks:
//!
//! - Exact names come before the closest wildcard, and a wildcard stands for names at any depth.
//! - A `CNAME` answers for every type that is not there beside it.
//! - `NS` records hand the names at and below theirs to other servers, save for what the packet
//!   itself says there: it is signed.
//! - A name that exists, or below which one does, has no data of a type; any other doesn't exist.
//! - Records outside the key's zone answer nothing.
//!
//! Addresses in private networks are left out unless the key may lead there: a key may be anybody's,
//! and an address inside the reader's own network makes the reader's browser the attacker's hand
//! (DNS rebinding).

use hickory_proto::{
    rr::{
        DNSClass, Name, RData, Record, RecordType,
        rdata::{
            HTTPS, NULL, SOA, SVCB,
            svcb::{SvcParamKey, SvcParamValue},
        },
    },
    serialize::binary::{BinDecodable, BinDecoder},
};
use simple_dns::{CLASS, Packet};

use super::message::{HEADER, encoded_len};
use crate::{
    address::is_public,
    packet::{self, SignedPacket, TtlBounds},
};

/// How many aliases are followed.
pub(super) const MAX_LINKS: usize = 8;
/// How long an answer that something isn't there may be remembered, in seconds.
pub(super) const NEGATIVE_TTL: u32 = 300;
/// The time to live of expired records (RFC 8767, section 4).
pub(super) const STALE_TTL: u32 = 30;

/// How old a packet is, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    /// Since it was last seen.
    pub(super) seconds: u32,
    /// The packet's time to live.
    pub(super) ttl: u32,
    /// Whether it has expired.
    pub(super) stale: bool,
}

impl Age {
    /// What is left of a record's time to live: what its owner says, but never past the moment at
    /// which the packet is asked for again.
    fn of(self, ttl: u32) -> u32 {
        // RFC 2181, section 8: a set high bit means zero.
        let ttl = if ttl > i32::MAX as u32 { 0 } else { ttl };
        if self.stale {
            return ttl.min(STALE_TTL);
        }
        let most = u32::try_from(TtlBounds::default().most.as_secs()).unwrap_or(u32::MAX);
        let held = ttl.max(self.ttl).min(most.max(self.ttl));
        ttl.min(held.saturating_sub(self.seconds))
    }
}

/// What a zone says to a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// Records of the type asked for, owned by the name asked for.
    Records(Vec<Record>),
    /// The name is another's.
    Alias { record: Box<Record>, target: Name },
    /// Others know: the servers' names, and the name from which on they do.
    Delegated { cut: Name, servers: Vec<Name> },
    /// The name exists, records of this type don't, or (`filtered`) lead to private networks.
    NoData { filtered: bool },
    /// There is no such name.
    NoName,
}

/// The records of a packet that may answer.
#[derive(Debug)]
pub(super) struct Zone {
    origin: Name,
    records: Vec<Entry>,
    soa: Record,
}

#[derive(Debug)]
struct Entry {
    record: Record,
    /// Whether it leads to a private network and is not to be told.
    hidden: bool,
}

impl Zone {
    /// `private` says whether this key may lead to private networks. `None` for a packet whose key
    /// can't be written as a name, which no key is.
    pub(super) fn of(packet: &SignedPacket, age: Age, private: bool) -> Option<Self> {
        let origin = Name::from_ascii(format!("{}.", packet.key())).ok()?;
        let records: Vec<Entry> = packet
            .records()
            .iter()
            .filter(|record| record.class == CLASS::IN && packet.in_zone(record))
            .filter_map(|record| convert(record, age))
            .map(|record| screen(record, private))
            .collect();
        let own = records
            .iter()
            .find(|entry| {
                entry.record.record_type() == RecordType::SOA && entry.record.name == origin
            })
            .map(|entry| entry.record.clone());
        let negative = age.of(NEGATIVE_TTL.min(age.ttl));
        let serial = (packet.seq().get() / 1_000_000) as u32;
        let soa = own.unwrap_or_else(|| made_up_soa(origin.clone(), serial, negative));
        Some(Self {
            origin,
            records,
            soa,
        })
    }

    /// The record that goes with an answer that something isn't there (RFC 2308, section 3).
    pub(super) fn soa(&self) -> Record {
        let mut soa = self.soa.clone();
        if let RData::SOA(data) = &soa.data {
            soa.ttl = soa.ttl.min(data.minimum);
        }
        soa
    }

    /// What answers for `name`, which is in this zone.
    pub(super) fn find(&self, name: &Name, qtype: RecordType) -> Found {
        let exact = self.at(name);
        if let Some(found) = select(&exact, name, qtype) {
            return found;
        }
        // Upwards: what is nearer counts, be it a cut or a wildcard.
        let mut level = name.clone();
        loop {
            let servers: Vec<Name> = self
                .at(&level)
                .into_iter()
                .filter_map(|entry| match &entry.record.data {
                    RData::NS(server) => Some(server.0.clone()),
                    _ => None,
                })
                .collect();
            if !servers.is_empty() {
                return Found::Delegated {
                    cut: level,
                    servers,
                };
            }
            if level == self.origin || level.is_root() {
                break;
            }
            level = level.base_name();
            if exact.is_empty()
                && let Ok(wildcard) = level.prepend_label("*")
            {
                let wild = self.at(&wildcard);
                if !wild.is_empty() {
                    return select(&wild, name, qtype).unwrap_or(Found::NoData { filtered: false });
                }
            }
        }
        if qtype == RecordType::SOA && *name == self.origin {
            return Found::Records(vec![self.soa.clone()]);
        }
        let exists = *name == self.origin
            || self
                .records
                .iter()
                .any(|entry| name.zone_of(&entry.record.name));
        if exists {
            Found::NoData { filtered: false }
        } else {
            Found::NoName
        }
    }

    /// Addresses at exactly this name, which go along with records that name it.
    pub(super) fn addresses(&self, name: &Name) -> impl Iterator<Item = &Record> {
        self.records
            .iter()
            .filter(move |entry| !entry.hidden && entry.record.name == *name)
            .map(|entry| &entry.record)
            .filter(|record| record.data.ip_addr().is_some())
    }

    fn at(&self, name: &Name) -> Vec<&Entry> {
        self.records
            .iter()
            .filter(|entry| entry.record.name == *name)
            .collect()
    }
}

/// Of the records at a name those that answer; `None` when none does.
fn select(entries: &[&Entry], name: &Name, qtype: RecordType) -> Option<Found> {
    let of_type = |wanted: RecordType| -> Vec<Record> {
        entries
            .iter()
            .filter(|entry| !entry.hidden && entry.record.record_type() == wanted)
            .map(|entry| owned_by(&entry.record, name))
            .collect()
    };
    let alias = entries.iter().find_map(|entry| match &entry.record.data {
        RData::CNAME(target) => Some((&entry.record, target.0.clone())),
        _ => None,
    });
    if qtype == RecordType::ANY {
        // RFC 8482, section 4.1: one set of records is enough.
        let first = entries.iter().find(|entry| !entry.hidden)?;
        let kind = alias.map_or(first.record.record_type(), |_| RecordType::CNAME);
        return Some(Found::Records(of_type(kind)));
    }
    let records = of_type(qtype);
    if !records.is_empty() {
        return Some(Found::Records(records));
    }
    if let Some((record, target)) = alias {
        return Some(Found::Alias {
            record: Box::new(owned_by(record, name)),
            target,
        });
    }
    entries
        .iter()
        .any(|entry| entry.hidden && entry.record.record_type() == qtype)
        .then_some(Found::NoData { filtered: true })
}

fn owned_by(record: &Record, name: &Name) -> Record {
    let mut record = record.clone();
    record.name = name.clone();
    record
}

/// A start of authority for a zone that has none.
pub(super) fn made_up_soa(origin: Name, serial: u32, ttl: u32) -> Record {
    // RFC 2606, section 2: a mailbox that nobody has.
    let nobody = Name::from_ascii("nobody.invalid.").unwrap_or_else(|_| Name::root());
    let data = SOA::new(origin.clone(), nobody, serial, 3600, 600, 604_800, ttl);
    Record::from_rdata(origin, ttl, RData::SOA(data))
}

/// The same record in the other library's terms, by way of its bytes: what that can't read stays as
/// it is.
fn convert(record: &packet::Record, age: Age) -> Option<Record> {
    let mut single = Packet::new_reply(0);
    single.answers.push(record.clone());
    let bytes = single.build_bytes_vec().ok()?;
    let mut decoder = BinDecoder::new(bytes.get(HEADER..)?);
    let name = Name::read(&mut decoder.clone(0)).ok()?;
    let mut converted = match Record::<RData>::read(&mut decoder) {
        Ok(record) => record,
        Err(_) => {
            let rest = bytes.get(HEADER + encoded_len(&name)..)?;
            let code = u16::from_be_bytes([*rest.first()?, *rest.get(1)?]);
            let data = NULL::with(rest.get(10..)?.to_vec());
            let data = RData::Unknown {
                code: RecordType::from(code),
                rdata: data,
            };
            Record::from_rdata(name, 0, data)
        }
    };
    converted.dns_class = DNSClass::IN;
    converted.ttl = age.of(record.ttl);
    Some(converted)
}

/// Takes private addresses out of a record, and hides the record where it is nothing else.
fn screen(record: Record, private: bool) -> Entry {
    if private {
        return Entry {
            record,
            hidden: false,
        };
    }
    match without_private(record.clone()) {
        Some(record) => Entry {
            record,
            hidden: false,
        },
        None => Entry {
            record,
            hidden: true,
        },
    }
}

/// A record without its addresses in private networks; `None` when it is such an address.
pub(super) fn without_private(mut record: Record) -> Option<Record> {
    match &mut record.data {
        RData::HTTPS(HTTPS(service)) | RData::SVCB(service) => screen_hints(service),
        data => {
            if data.ip_addr().is_some_and(|address| !is_public(address)) {
                return None;
            }
        }
    }
    Some(record)
}

fn screen_hints(service: &mut SVCB) {
    service.svc_params.retain_mut(|(_, value)| match value {
        SvcParamValue::Ipv4Hint(hint) => {
            hint.0.retain(|address| is_public(address.0.into()));
            !hint.0.is_empty()
        }
        SvcParamValue::Ipv6Hint(hint) => {
            hint.0.retain(|address| is_public(address.0.into()));
            !hint.0.is_empty()
        }
        _ => true,
    });
    // RFC 9460, section 8: what is mandatory is there.
    let present: Vec<SvcParamKey> = service.svc_params.iter().map(|(key, _)| *key).collect();
    service.svc_params.retain_mut(|(_, value)| match value {
        SvcParamValue::Mandatory(mandatory) => {
            mandatory.0.retain(|key| present.contains(key));
            !mandatory.0.is_empty()
        }
        _ => true,
    });
}

#[cfg(test)]
mod tests;
