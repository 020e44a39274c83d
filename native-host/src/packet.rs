//! Signed packets: the records of a key, as they travel.
//!
//! An owner writes DNS records into one DNS answer packet (RFC 1035, section 4) of at most 1000
//! bytes and signs it as a mutable item of the Mainline DHT (BEP 44). Two steps lead from bytes of
//! a stranger to records one may use:
//!
//! 1. A [`SignedItem`] is an item whose signature has been checked against the key that was asked
//!    for. It says nothing about what the bytes mean, but two items of one key can be told apart:
//!    the newer one has the higher `seq`, on a tie the larger bytes.
//! 2. A [`SignedPacket`] is a signed item whose bytes are a DNS packet.
//!
//! The difference matters: a newer item that is no packet *supersedes* older packets. Whoever
//! falls back to the older one lets an attacker undo what the owner did.
//!
//! An item has two encodings besides the fields of the DHT: *canonical bytes*
//! (`key ‖ signature ‖ seq ‖ dns`) and the *relay payload*, the same without the key.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use byteorder::{BigEndian, ByteOrder};
use simple_dns::{CLASS, Name, Packet, ResourceRecord, rdata::RData};

use crate::key::{KeyPair, PublicKey};

/// The most bytes of DNS that are accepted in a packet.
pub const MAX_DNS: usize = 1000;

/// The most bytes of DNS that are published. BEP 44 bounds the *bencoded* value at 1000 bytes, and
/// the length prefix of a byte string takes four of them.
pub const MAX_PUBLISHED_DNS: usize = 996;

/// How far ahead of the clock a `seq` may be before it is called to attention, and beyond which
/// nothing is signed.
pub const MAX_FUTURE: Duration = Duration::from_secs(2 * 60 * 60);

const DNS_HEADER: usize = 12;
/// The least bytes of a record: the root's name, type, class, TTL and data length.
const LEAST_RECORD: usize = 11;
const RELAY_HEADER: usize = 64 + 8;
const CANONICAL_HEADER: usize = 32 + RELAY_HEADER;

/// One DNS record with its own copy of the data.
pub type Record = ResourceRecord<'static>;

/// Why bytes are not a signed item or packet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// Too short to hold a signature, a time and a DNS header, or longer than is allowed.
    #[error("{found} bytes are no signed packet: {least} to {most} are expected")]
    Length {
        /// The bytes given.
        found: usize,
        /// The least that could be right.
        least: usize,
        /// The most that is allowed.
        most: usize,
    },
    /// The signature is not the key's over these bytes.
    #[error("the signature is not that of {0}")]
    Signature(PublicKey),
    /// `seq` is negative or above the largest signed 64-bit number.
    #[error("the sequence number is not a time")]
    Seq,
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
        "the records take {size} bytes, {MAX_PUBLISHED_DNS} are allowed; the last to fit in is record {fitting} of {count}"
    )]
    TooLarge {
        /// Bytes of DNS that the records take.
        size: usize,
        /// How many of them fit, in their order.
        fitting: usize,
        /// How many there are.
        count: usize,
    },
    /// A name is too long, or has a label that is.
    #[error("{0:?} is not a domain name")]
    Name(String),
    /// The last `seq` is so far ahead that no honest clock gives a higher one.
    #[error("the newest packet is dated {ahead:?} ahead of this machine's clock")]
    Future {
        /// How far ahead of the clock it is.
        ahead: Duration,
    },
}

/// The sequence number of an item: microseconds since 1970, from 0 to `i64::MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(i64);

impl Seq {
    /// Takes the number as the DHT has it (BEP 44).
    ///
    /// # Errors
    /// [`PacketError::Seq`] for a negative number.
    pub fn new(seq: i64) -> Result<Self, PacketError> {
        if seq < 0 {
            return Err(PacketError::Seq);
        }
        Ok(Self(seq))
    }

    /// The time as a sequence number; the first and last one for times beyond.
    pub fn at(time: SystemTime) -> Self {
        let micros = time
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_micros());
        Self(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// The number to sign at `now` when `newest` was the last one seen or signed for the key.
    ///
    /// # Errors
    /// [`PacketError::Future`] when that would be more than [`MAX_FUTURE`] ahead of the clock.
    pub fn after(newest: Option<Seq>, now: SystemTime) -> Result<Self, PacketError> {
        let clock = Self::at(now);
        let next = newest.map_or(clock, |newest| clock.max(Self(newest.0.saturating_add(1))));
        if next.is_future(now) {
            let ahead = Duration::from_micros(next.0.abs_diff(clock.0));
            return Err(PacketError::Future { ahead });
        }
        Ok(next)
    }

    /// Whether the number is more than [`MAX_FUTURE`] ahead of the clock.
    pub fn is_future(self, now: SystemTime) -> bool {
        self > Self::at(now + MAX_FUTURE)
    }

    /// The number itself.
    pub fn get(self) -> i64 {
        self.0
    }

    /// The time, in milliseconds since 1970.
    pub fn unix_millis(self) -> i64 {
        self.0 / 1000
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A mutable item of the DHT (BEP 44, no salt) whose signature has been checked.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedItem {
    key: PublicKey,
    signature: [u8; 64],
    seq: Seq,
    value: Box<[u8]>,
}

impl SignedItem {
    /// Takes the fields of an item that was asked for under `key` and checks the signature.
    ///
    /// # Errors
    /// [`PacketError::Length`] above [`MAX_DNS`] bytes, [`PacketError::Seq`],
    /// [`PacketError::Signature`].
    pub fn verify(
        key: PublicKey,
        signature: [u8; 64],
        seq: i64,
        value: &[u8],
    ) -> Result<Self, PacketError> {
        if value.len() > MAX_DNS {
            return Err(PacketError::Length {
                found: value.len(),
                least: 0,
                most: MAX_DNS,
            });
        }
        let seq = Seq::new(seq)?;
        if !key.verifies(&signable(seq, value), &signature) {
            return Err(PacketError::Signature(key));
        }
        Ok(Self {
            key,
            signature,
            seq,
            value: value.into(),
        })
    }

    /// Reads a relay payload: `signature(64) ‖ seq(8, big-endian) ‖ value`.
    ///
    /// # Errors
    /// As [`SignedItem::verify`].
    pub fn from_relay_payload(key: PublicKey, payload: &[u8]) -> Result<Self, PacketError> {
        let length = PacketError::Length {
            found: payload.len(),
            least: RELAY_HEADER,
            most: RELAY_HEADER + MAX_DNS,
        };
        let Some((signature, rest)) = payload.split_first_chunk::<64>() else {
            return Err(length);
        };
        let Some((seq, value)) = rest.split_first_chunk::<8>() else {
            return Err(length);
        };
        if value.len() > MAX_DNS {
            return Err(length);
        }
        Self::verify(key, *signature, i64::from_be_bytes(*seq), value)
    }

    /// Reads canonical bytes: `key(32) ‖ signature(64) ‖ seq(8, big-endian) ‖ value`.
    ///
    /// # Errors
    /// [`CanonicalError::Key`] when the first 32 bytes are no key, else as [`SignedItem::verify`].
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, CanonicalError> {
        let Some((key, payload)) = bytes.split_first_chunk::<32>() else {
            return Err(PacketError::Length {
                found: bytes.len(),
                least: CANONICAL_HEADER,
                most: CANONICAL_HEADER + MAX_DNS,
            }
            .into());
        };
        Ok(Self::from_relay_payload(
            PublicKey::from_bytes(key)?,
            payload,
        )?)
    }

    /// The key that signed.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The 64-byte Ed25519 signature.
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The sequence number.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The signed bytes.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Whether this item replaces `other` of the same key: a higher `seq`, on a tie larger bytes.
    pub fn is_newer_than(&self, other: &SignedItem) -> bool {
        (self.seq, &self.value) > (other.seq, &other.value)
    }

    /// The relay payload: 72 to 1072 bytes.
    pub fn to_relay_payload(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(RELAY_HEADER + self.value.len());
        bytes.extend_from_slice(&self.signature);
        bytes.extend_from_slice(&self.seq.get().to_be_bytes());
        bytes.extend_from_slice(&self.value);
        bytes
    }

    /// The canonical bytes: 104 to 1104 bytes.
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CANONICAL_HEADER + self.value.len());
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&self.to_relay_payload());
        bytes
    }
}

impl fmt::Debug for SignedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedItem")
            .field("key", &self.key)
            .field("seq", &self.seq)
            .field("bytes", &self.value.len())
            .finish()
    }
}

/// Why bytes are not canonical bytes of a packet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// The first 32 bytes are not a key.
    #[error(transparent)]
    Key(#[from] crate::key::KeyError),
    /// What follows is not signed by it.
    #[error(transparent)]
    Packet(#[from] PacketError),
}

/// What is signed, as BEP 44 has it for an item without salt: `3:seqi<seq>e1:v<len>:<value>`.
fn signable(seq: Seq, value: &[u8]) -> Vec<u8> {
    let mut bytes = format!("3:seqi{seq}e1:v{}:", value.len()).into_bytes();
    bytes.extend_from_slice(value);
    bytes
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
        let item = SignedItem {
            key: pair.public(),
            signature: pair.sign(&signable(seq, &dns)),
            seq,
            value: dns.into(),
        };
        Self::try_from(item)
    }

    /// The key that signed.
    pub fn key(&self) -> &PublicKey {
        &self.item.key
    }

    /// The sequence number.
    pub fn seq(&self) -> Seq {
        self.item.seq
    }

    /// The item as it travels.
    pub fn item(&self) -> &SignedItem {
        &self.item
    }

    /// The DNS packet's bytes.
    pub fn dns(&self) -> &[u8] {
        &self.item.value
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
        let records = decode(&item.value).map_err(|reason| PacketError::NotDns {
            seq: item.seq,
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
        return Err(PacketError::TooLarge {
            size: dns.len(),
            fitting,
            count: records.len(),
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

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
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
    fn seq_follows_the_clock_and_what_was_seen() {
        let now = at(1_700_000_000);
        let clock = Seq::at(now);
        assert_eq!(clock.get(), 1_700_000_000_000_000);
        assert_eq!(Seq::after(None, now).unwrap(), clock);
        let older = Seq::new(5).unwrap();
        assert_eq!(Seq::after(Some(older), now).unwrap(), clock);
        let ahead = Seq::new(clock.get() + 1_000_000).unwrap();
        assert_eq!(Seq::after(Some(ahead), now).unwrap().get(), ahead.get() + 1);
        let far = Seq::new(clock.get() + 2 * 3600 * 1_000_000).unwrap();
        assert!(matches!(
            Seq::after(Some(far), now),
            Err(PacketError::Future { .. })
        ));
        assert!(Seq::new(i64::MAX).unwrap().is_future(now));
        assert!(matches!(
            Seq::after(Some(Seq::new(i64::MAX).unwrap()), now),
            Err(PacketError::Future { .. })
        ));
        assert_eq!(Seq::new(-1), Err(PacketError::Seq));
    }

    #[test]
    fn newer_is_higher_seq_then_larger_bytes() {
        let item = |seq, value: &[u8]| {
            let seq = Seq::new(seq).unwrap();
            SignedItem::verify(
                pair().public(),
                pair().sign(&signable(seq, value)),
                seq.get(),
                value,
            )
            .unwrap()
        };
        assert!(item(2, b"a").is_newer_than(&item(1, b"b")));
        assert!(item(1, b"b").is_newer_than(&item(1, b"a")));
        assert!(item(1, b"aa").is_newer_than(&item(1, b"a")));
        assert!(!item(1, b"a").is_newer_than(&item(1, b"a")));
    }

    #[test]
    fn an_item_that_is_no_packet_is_still_an_item() {
        let seq = Seq::new(7).unwrap();
        let signature = pair().sign(&signable(seq, b"hello"));
        let item = SignedItem::verify(pair().public(), signature, 7, b"hello").unwrap();
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
        let signature = pair().sign(&signable(seq, &dns));
        let item = SignedItem::verify(pair().public(), signature, 1, &dns).unwrap();
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
                fitting: 1,
                count: 2
            }
        );
    }

    #[test]
    fn others_may_use_all_1000_bytes() {
        let seq = Seq::new(1).unwrap();
        for (length, accepted) in [(MAX_DNS, true), (MAX_DNS + 1, false)] {
            let value = vec![b'x'; length];
            let signature = pair().sign(&signable(seq, &value));
            let item = SignedItem::verify(pair().public(), signature, 1, &value);
            assert_eq!(item.is_ok(), accepted, "{length}");
        }
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
            let item = packet.item();
            prop_assert_eq!(&SignedItem::from_canonical(&item.to_canonical()).unwrap(), item);
            prop_assert_eq!(
                &SignedItem::from_relay_payload(*packet.key(), &item.to_relay_payload()).unwrap(),
                item
            );
        }

        #[test]
        fn one_changed_bit_is_noticed(bit in 0usize..(72 + 12 + 54 + 14) * 8) {
            let packet = SignedPacket::sign(&pair(), Seq::new(9).unwrap(), &[a("@", 60)]).unwrap();
            let mut payload = packet.item().to_relay_payload();
            prop_assert_eq!(payload.len(), 72 + 12 + 54 + 14);
            payload[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(SignedItem::from_relay_payload(pair().public(), &payload).is_err());
        }

        #[test]
        fn any_signed_bytes_are_survived(value in proptest::collection::vec(any::<u8>(), 0..200)) {
            let seq = Seq::new(1).unwrap();
            let signature = pair().sign(&signable(seq, &value));
            let item = SignedItem::verify(pair().public(), signature, 1, &value).unwrap();
            let _ = SignedPacket::try_from(item);
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
            let _ = SignedItem::from_canonical(&bytes);
            let _ = SignedItem::from_relay_payload(pair().public(), &bytes);
        }
    }
}
