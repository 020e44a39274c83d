//! Packets made by an independent implementation are read, checked and made alike.

#![allow(clippy::unwrap_used)]

use pkarr_host::{
    item::{ItemError, Seq, SignedItem},
    key::{KeyPair, PublicKey},
    packet::{MAX_PUBLISHED_DNS, PacketError, SignedPacket, TtlBounds},
    zone,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    what: String,
    secret_key: String,
    public_key: String,
    public_key_hex: String,
    seq: i64,
    signature: String,
    dns: String,
    canonical: String,
    relay_payload: String,
    ttl_300_86400: u64,
    records: Vec<VectorRecord>,
}

#[derive(Deserialize)]
struct VectorRecord {
    name: String,
    ttl: u32,
    rdata: String,
}

fn vectors() -> Vec<Vector> {
    let file: File = serde_json::from_str(include_str!("vectors/packets.json")).unwrap();
    assert!(file.vectors.len() >= 25);
    file.vectors
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn pair(vector: &Vector) -> KeyPair {
    KeyPair::from_secret(&hex(&vector.secret_key).try_into().unwrap())
}

fn item(vector: &Vector) -> SignedItem {
    SignedItem::from_canonical(&hex(&vector.canonical)).unwrap()
}

#[test]
fn keys() {
    for vector in vectors() {
        let key: PublicKey = vector.public_key.parse().unwrap();
        assert_eq!(key.as_bytes()[..], hex(&vector.public_key_hex)[..]);
        assert_eq!(pair(&vector).public(), key);
        assert_eq!(key.to_string(), vector.public_key);
    }
}

#[test]
fn every_encoding_is_read_and_written_alike() {
    for vector in vectors() {
        let key: PublicKey = vector.public_key.parse().unwrap();
        let item = item(&vector);
        assert_eq!(item.key(), &key);
        assert_eq!(item.seq().get(), vector.seq);
        assert_eq!(item.signature()[..], hex(&vector.signature)[..]);
        assert_eq!(item.value(), hex(&vector.dns));
        assert_eq!(item.to_canonical(), hex(&vector.canonical));
        assert_eq!(item.to_relay_payload(), hex(&vector.relay_payload));
        let payload = hex(&vector.relay_payload);
        assert_eq!(SignedItem::from_relay_payload(key, &payload).unwrap(), item);
        let signature = hex(&vector.signature).try_into().unwrap();
        let verified = SignedItem::verify(key, signature, vector.seq, &hex(&vector.dns));
        assert_eq!(verified.unwrap(), item);
    }
}

#[test]
fn another_key_or_time_is_refused() {
    let all = vectors();
    for vector in &all {
        let other = all
            .iter()
            .find(|other| other.public_key != vector.public_key)
            .unwrap();
        let key: PublicKey = other.public_key.parse().unwrap();
        assert_eq!(
            SignedItem::from_relay_payload(key, &hex(&vector.relay_payload)),
            Err(ItemError::Signature(key))
        );
        let own: PublicKey = vector.public_key.parse().unwrap();
        let signature = hex(&vector.signature).try_into().unwrap();
        assert_eq!(
            SignedItem::verify(own, signature, vector.seq + 1, &hex(&vector.dns)),
            Err(ItemError::Signature(own))
        );
    }
}

#[test]
fn records() {
    for vector in vectors() {
        let packet = SignedPacket::try_from(item(&vector)).unwrap();
        let found: Vec<_> = packet
            .records()
            .iter()
            .map(|record| {
                (
                    record.name.to_string(),
                    record.ttl,
                    format!("{:?}", record.rdata),
                )
            })
            .collect();
        let expected: Vec<_> = vector
            .records
            .iter()
            .map(|record| (record.name.clone(), record.ttl, record.rdata.clone()))
            .collect();
        assert_eq!(found, expected, "{}", vector.what);
        let ttl = packet.ttl(TtlBounds::default()).as_secs();
        assert_eq!(ttl, vector.ttl_300_86400, "{}", vector.what);
    }
}

#[test]
fn the_same_records_give_the_same_bytes_and_signature() {
    for vector in vectors() {
        let packet = SignedPacket::try_from(item(&vector)).unwrap();
        let seq = Seq::new(vector.seq).unwrap();
        match SignedPacket::sign(&pair(&vector), seq, packet.records()) {
            Ok(again) => {
                assert_eq!(again.dns(), hex(&vector.dns), "{}", vector.what);
                assert_eq!(again, packet, "{}", vector.what);
            }
            // Others publish up to 1000 bytes; what we publish fits everywhere.
            Err(error) => {
                assert!(matches!(error, PacketError::TooLarge { .. }), "{error}");
                assert!(packet.dns().len() > MAX_PUBLISHED_DNS, "{}", vector.what);
            }
        }
    }
}

#[test]
fn records_survive_being_written_as_a_zone() {
    for vector in vectors() {
        let packet = SignedPacket::try_from(item(&vector)).unwrap();
        let text: String = packet
            .records()
            .iter()
            .map(|record| {
                format!(
                    "{}. {} {} {}\n",
                    zone::name_text(record),
                    record.ttl,
                    zone::type_name(record),
                    zone::value_text(record)
                )
            })
            .collect();
        let read = zone::parse(&text, packet.key()).unwrap();
        assert_eq!(read, packet.records(), "{}\n{text}", vector.what);
    }
}
