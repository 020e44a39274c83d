//! Signed packets: the records of a key.
//!
//! An owner writes DNS records into one DNS answer packet (RFC 1035, section 4) and signs it as an
//! item of the DHT. A [`SignedPacket`] is a [`SignedItem`] whose bytes are such a packet.
//!
//! The difference matters: a newer item that is no packet *supersedes* older packets. Whoever falls
//! back to the older one lets an attacker undo what the owner did.

use std::{fmt, time::Duration};

use byteorder::{BigEndian, ByteOrder};
use simple_dns::{CLASS, Name, Packet, ResourceRecord, rdata::RData};

use crate::{
    item::{ItemError, Seq, SignedItem},
    key::{KeyPair, PublicKey},
};

/// The most bytes of DNS that are published. BEP 44 bounds the *bencoded* value at 1000 bytes, and
/// the length prefix of a byte string takes four of them.
pub const MAX_PUBLISHED_DNS: usize = 996;

const DNS_HEADER: usize = 12;
/// The least bytes of a record: the root's name, type, class, TTL and data length.
const LEAST_RECORD: usize = 11;
/// One DNS record with its own copy of the data.
pub type Record = ResourceRecord<'static>;

/// Why there is no packet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// The item can't be signed.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// The signed bytes are not a DNS packet.
    #[error("the signed value with sequence number {seq} is not a DNS packet: {reason}")]
    NotDns {
        /// The `seq` of the item, which supersedes older packets all the same.
        seq: Seq,
        /// What the parser found.
        reason: String,
    },
    /// The records don't fit into one packet.
    #[error(
        "the records take {size} bytes, {MAX_PUBLISHED_DNS} are allowed; leave out some, such as {}",
        .surplus.join(", ")
    )]
    TooLarge {
        /// Bytes of DNS that the records take.
        size: usize,
        /// Those at the end that don't fit any more, as name and type.
        surplus: Vec<String>,
    },
    /// A name is too long, or has a label that is.
    #[error("{0:?} is not a domain name")]
    Name(String),
}

/// The records of a key with their signature, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedPacket {
    item: SignedItem,
    records: Vec<Record>,
}

impl SignedPacket {
    /// Writes records into a packet, names compressed, and signs it.
    ///
    /// # Errors
    /// [`PacketError::TooLarge`] when they take more than [`MAX_PUBLISHED_DNS`] bytes.
    pub fn sign(pair: &KeyPair, seq: Seq, records: &[Record]) -> Result<Self, PacketError> {
        let dns = encode(records)?;
        Self::try_from(SignedItem::sign(pair, seq, &dns)?)
    }

    /// The key that signed.
    pub fn key(&self) -> &PublicKey {
        self.item.key()
    }

    /// The sequence number.
    pub fn seq(&self) -> Seq {
        self.item.seq()
    }

    /// The item as it travels.
    pub fn item(&self) -> &SignedItem {
        &self.item
    }

    /// The DNS packet's bytes.
    pub fn dns(&self) -> &[u8] {
        self.item.value()
    }

    /// All records, in the packet's order, out-of-zone ones too.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Whether the record's name belongs to the key. Others are shown and answer nothing.
    pub fn in_zone(&self, record: &Record) -> bool {
        record.name.get_labels().last().is_some_and(|label| {
            let label: &[u8] = label.as_ref();
            label.eq_ignore_ascii_case(self.key().to_string().as_bytes())
        })
    }

    /// The packet's time to live: the least TTL of its records held within `bounds`, the lower
    /// bound for a packet without records.
    pub fn ttl(&self, bounds: TtlBounds) -> Duration {
        let least = self
            .records
            .iter()
            .map(|record| Duration::from_secs(record.ttl.into()))
            .min()
            .unwrap_or(bounds.least);
        least.min(bounds.most).max(bounds.least)
    }
}

impl TryFrom<SignedItem> for SignedPacket {
    type Error = PacketError;

    /// Reads the item's bytes as a DNS packet.
    ///
    /// # Errors
    /// [`PacketError::NotDns`].
    fn try_from(item: SignedItem) -> Result<Self, PacketError> {
        let records = decode(item.value()).map_err(|reason| PacketError::NotDns {
            seq: item.seq(),
            reason,
        })?;
        Ok(Self { item, records })
    }
}

impl fmt::Debug for SignedPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedPacket")
            .field("item", &self.item)
            .field("records", &self.records.len())
            .finish()
    }
}

/// Between which bounds a packet's time to live is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TtlBounds {
    /// Not asked again sooner than this.
    pub least: Duration,
    /// Asked again after this at the latest.
    pub most: Duration,
}

impl Default for TtlBounds {
    /// Five minutes to one day.
    fn default() -> Self {
        Self {
            least: Duration::from_secs(300),
            most: Duration::from_secs(86_400),
        }
    }
}

/// A name under `key` as it is written in a packet: `@`, `.` and the empty name are the apex, a
/// name that already ends in the key stays, to everything else the key is appended.
///
/// # Errors
/// [`PacketError::Name`].
pub fn owner_name(name: &str, key: &PublicKey) -> Result<Name<'static>, PacketError> {
    let error = || PacketError::Name(name.chars().take(300).collect());
    let apex = key.to_string();
    let full = match name {
        "" | "." | "@" => apex,
        _ => {
            let parsed = Name::new(name).map_err(|_| error())?;
            let within = parsed.get_labels().last().is_some_and(|label| {
                let label: &[u8] = label.as_ref();
                label.eq_ignore_ascii_case(apex.as_bytes())
            });
            if within {
                name.to_owned()
            } else {
                format!("{}.{apex}", name.trim_end_matches('.'))
            }
        }
    };
    Ok(Name::new(&full).map_err(|_| error())?.into_owned())
}

/// A record of class IN.
pub fn record(name: Name<'static>, ttl: u32, rdata: RData<'static>) -> Record {
    ResourceRecord::new(name, CLASS::IN, ttl, rdata)
}

fn encode(records: &[Record]) -> Result<Vec<u8>, PacketError> {
    let dns = encode_unbounded(records)?;
    if dns.len() > MAX_PUBLISHED_DNS {
        let fitting = (0..records.len())
            .rev()
            .find(|count| {
                encode_unbounded(&records[..*count]).is_ok_and(|dns| dns.len() <= MAX_PUBLISHED_DNS)
            })
            .unwrap_or(0);
        let surplus = records[fitting..]
            .iter()
            .map(|record| format!("{} {:?}", record.name, record.rdata.type_code()))
            .collect();
        return Err(PacketError::TooLarge {
            size: dns.len(),
            surplus,
        });
    }
    Ok(dns)
}

fn encode_unbounded(records: &[Record]) -> Result<Vec<u8>, PacketError> {
    let mut packet = Packet::new_reply(0);
    packet.answers = records.to_vec();
    packet
        .build_bytes_vec_compressed()
        .map_err(|error| PacketError::Name(error.to_string()))
}

fn decode(dns: &[u8]) -> Result<Vec<Record>, String> {
    if dns.len() < DNS_HEADER {
        return Err(format!("{} bytes are no DNS packet", dns.len()));
    }
    // The counts are a stranger's numbers: memory is set aside for them before a record is read.
    let count: usize = [4, 6, 8, 10]
        .iter()
        .map(|at| usize::from(BigEndian::read_u16(&dns[*at..])))
        .sum();
    if count > dns.len() / 5 {
        return Err(format!("{count} records can’t be in {} bytes", dns.len()));
    }
    let packet = Packet::parse(dns).map_err(|error| error.to_string())?;
    debug_assert!(packet.answers.len() * LEAST_RECORD <= dns.len());
    Ok(packet
        .answers
        .into_iter()
        .map(ResourceRecord::into_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use simple_dns::rdata::{A, TXT};

    fn pair() -> KeyPair {
        KeyPair::from_secret(&[1; 32])
    }

    fn a(name: &str, ttl: u32) -> Record {
        let name = owner_name(name, &pair().public()).unwrap();
        record(
            name,
            ttl,
            RData::A(A {
                address: 0xcb00_7107,
            }),
        )
    }

    fn txt(bytes: usize) -> Record {
        let mut txt = TXT::new();
        let text = "x".repeat(bytes);
        for start in (0..bytes).step_by(255) {
            txt.add_char_string(
                simple_dns::CharacterString::new(&text.as_bytes()[start..bytes.min(start + 255)])
                    .unwrap()
                    .into_owned(),
            );
        }
        record(
            owner_name("@", &pair().public()).unwrap(),
            300,
            RData::TXT(txt),
        )
    }

    #[test]
    fn an_item_that_is_no_packet_is_still_an_item() {
        let seq = Seq::new(7).unwrap();
        let item = SignedItem::sign(&pair(), seq, b"hello").unwrap();
        assert!(matches!(
            SignedPacket::try_from(item),
            Err(PacketError::NotDns { seq: found, .. }) if found == seq
        ));
    }

    #[test]
    fn hostile_counts_are_refused_before_memory_is_set_aside() {
        let mut dns = vec![0u8; 12];
        dns[2] = 0x80;
        dns[6..8].copy_from_slice(&[0xff, 0xff]);
        let seq = Seq::new(1).unwrap();
        let item = SignedItem::sign(&pair(), seq, &dns).unwrap();
        assert!(matches!(
            SignedPacket::try_from(item),
            Err(PacketError::NotDns { .. })
        ));
    }

    #[test]
    fn what_is_published_fits_into_a_bencoded_item() {
        let seq = Seq::new(1).unwrap();
        // Header 12, name 54, type, class, TTL, length 10, a length byte each 255 of text.
        let most = MAX_PUBLISHED_DNS - 12 - 54 - 10 - 4;
        let packet = SignedPacket::sign(&pair(), seq, &[txt(most)]).unwrap();
        assert_eq!(packet.dns().len(), MAX_PUBLISHED_DNS);
        assert_eq!(
            SignedPacket::sign(&pair(), seq, &[a("@", 1), txt(most)]).unwrap_err(),
            PacketError::TooLarge {
                size: MAX_PUBLISHED_DNS + 16,
                surplus: vec![format!("{} TXT", pair().public())],
            }
        );
    }

    #[test]
    fn ttl_is_the_least_within_bounds() {
        let ttl = |records: &[Record]| {
            SignedPacket::sign(&pair(), Seq::new(1).unwrap(), records)
                .unwrap()
                .ttl(TtlBounds::default())
                .as_secs()
        };
        assert_eq!(ttl(&[]), 300);
        assert_eq!(ttl(&[a("@", 0)]), 300);
        assert_eq!(ttl(&[a("@", 7200), a("www", 3600)]), 3600);
        assert_eq!(ttl(&[a("@", u32::MAX)]), 86_400);
    }

    #[test]
    fn names_get_the_key_once() {
        let key = pair().public();
        let name = |name: &str| owner_name(name, &key).unwrap().to_string();
        for apex in ["@", "", ".", &key.to_string(), &format!("{key}.")] {
            assert_eq!(name(apex), key.to_string(), "{apex:?}");
        }
        assert_eq!(name("www"), format!("www.{key}"));
        assert_eq!(name("www."), format!("www.{key}"));
        assert_eq!(name("*.a"), format!("*.a.{key}"));
        assert_eq!(name(&format!("www.{key}")), format!("www.{key}"));
        assert_eq!(name("example.com"), format!("example.com.{key}"));
        assert!(owner_name(&"x".repeat(64), &key).is_err());
        assert!(owner_name(&"x.".repeat(120), &key).is_err());
    }

    #[test]
    fn names_outside_the_zone_are_told_apart() {
        let other = Name::new("_did.did.").unwrap().into_owned();
        let records = [a("www", 1), record(other, 1, RData::A(A { address: 1 }))];
        let packet = SignedPacket::sign(&pair(), Seq::new(1).unwrap(), &records).unwrap();
        let within: Vec<_> = packet
            .records()
            .iter()
            .map(|record| packet.in_zone(record))
            .collect();
        assert_eq!(within, [true, false]);
    }

    proptest! {
        #[test]
        fn signed_packets_survive_every_encoding(
            seq in 0..=i64::MAX,
            names in proptest::collection::vec("[a-z]{1,10}(\\.[a-z]{1,5})?", 0..6),
        ) {
            let records: Vec<_> = names.iter().map(|name| a(name, 60)).collect();
            let packet = SignedPacket::sign(&pair(), Seq::new(seq).unwrap(), &records).unwrap();
            prop_assert_eq!(packet.records(), &records[..]);
            let read = SignedItem::from_canonical(&packet.item().to_canonical()).unwrap();
            prop_assert_eq!(SignedPacket::try_from(read).unwrap(), packet);
        }

        #[test]
        fn any_signed_bytes_are_survived(value in proptest::collection::vec(any::<u8>(), 0..200)) {
            let item = SignedItem::sign(&pair(), Seq::new(1).unwrap(), &value).unwrap();
            let _ = SignedPacket::try_from(item);
        }
    }
}
