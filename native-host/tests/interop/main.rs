//! Publishing and resolving in networks of nodes that others wrote.
//!
//! The program is run as people run it, and the other side is libtorrent or bittorrent-dht, which know nothing of
//! pkarr: what they are given are bytes, a time and a signature. These tests need Debian's python3-libtorrent, Node and
//! the modules of `tests/interop`, so that they run only when asked for: `./tests/run interop`.

#![allow(clippy::unwrap_used)]

mod foreign;
#[path = "../support/seeker.rs"]
mod seeker;
mod serving;

use std::{
    net::Ipv4Addr,
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use foreign::{Foreign, Kind, holders};
use pkarr_host::{
    item::{Seq, SignedItem},
    key::KeyPair,
    packet::{MAX_PUBLISHED_DNS, Record, SignedPacket},
    zone,
};
use serde::Deserialize;
use serde_json::Value;

/// All of them are among the eight closest, at which libtorrent stores.
const NODES: usize = 6;

// --- what both do ----------------------------------------------------------------------------------------------------

#[test]
#[ignore = "./tests/run interop"]
fn what_libtorrent_publishes_is_resolved() {
    theirs_is_resolved(Kind::Libtorrent);
}

#[test]
#[ignore = "./tests/run interop"]
fn what_bittorrent_dht_publishes_is_resolved() {
    theirs_is_resolved(Kind::BittorrentDht);
}

#[test]
#[ignore = "./tests/run interop"]
fn what_is_published_libtorrent_finds() {
    ours_is_found(Kind::Libtorrent);
}

#[test]
#[ignore = "./tests/run interop"]
fn what_is_published_bittorrent_dht_finds() {
    ours_is_found(Kind::BittorrentDht);
}

#[test]
#[ignore = "./tests/run interop"]
fn the_largest_packet_fits_into_libtorrent_and_no_larger_one_is_sent() {
    largest_is_stored(Kind::Libtorrent);
}

#[test]
#[ignore = "./tests/run interop"]
fn the_largest_packet_fits_into_bittorrent_dht_and_no_larger_one_is_sent() {
    largest_is_stored(Kind::BittorrentDht);
}

fn theirs_is_resolved(kind: Kind) {
    let mut network = Foreign::start(kind, NODES, &[]);
    let stored = vectors().map(|vector| {
        let pair = vector.pair();
        assert_eq!(network.get(pair.public(), None), None);
        let put = network.put(&pair, vector.seq, &hex(&vector.dns));
        assert_eq!(put.stored, NODES as u64);
        match kind {
            Kind::Libtorrent => assert_eq!(put.item.seq().get(), 1),
            // The same time gives the same signature as in the vector.
            Kind::BittorrentDht => assert_eq!(put.item.signature()[..], hex(&vector.signature)),
        }
        (pair, put.item)
    });
    for (pair, item) in stored {
        shows(&resolve(&pair, &network.nodes), &item);
    }
}

fn ours_is_found(kind: Kind) {
    let mut network = Foreign::start(kind, NODES, &[]);
    let [first, second, ..] = vectors();
    // What we add to what they wrote, and what is ours alone.
    let theirs = network.put(&first.pair(), first.seq, &hex(&first.dns)).item;
    let published = publish(&first.pair(), "_added TXT ours", &network.nodes);
    assert_eq!(published["kept"], first.packet().records().len());
    let merged = found(&mut network, &first.pair(), &published);
    assert!(merged.seq() > theirs.seq());
    let (added, kept) = merged.records().split_first().unwrap();
    assert_eq!(zone::value_text(added), "\"ours\"");
    assert_eq!(kept, first.packet().records());

    let records = second.packet().records().to_vec();
    let published = publish(&second.pair(), &zone_text(&records), &network.nodes);
    let alone = found(&mut network, &second.pair(), &published);
    assert_eq!(alone.records(), records);
}

/// The packet as the other side finds it, which is the one published, and on every node.
fn found(network: &mut Foreign, pair: &KeyPair, published: &Value) -> SignedPacket {
    assert_eq!(published["storedNodes"], NODES);
    let seq = Seq::new(published["seq"].as_str().unwrap().parse().unwrap()).unwrap();
    let item = network.get(pair.public(), Some(seq)).unwrap();
    assert_eq!(item.seq(), seq);
    assert_eq!(published["size"], item.value().len());
    assert_eq!(holders(&network.nodes, &item), network.nodes);
    SignedPacket::try_from(item).unwrap()
}

fn largest_is_stored(kind: Kind) {
    let mut network = Foreign::start(kind, NODES, &[]);
    let pair = KeyPair::from_secret(&[1; 32]);
    let zone = zone_of_size(MAX_PUBLISHED_DNS + 1);
    let refused = attempt_publish(&pair, &zone, &network.nodes);
    assert_eq!(refused.status.code(), Some(1));
    let refused = json(&refused);
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("997 bytes, 996 are allowed"), "{message}");
    assert_eq!(network.get(pair.public(), None), None);

    let published = publish(&pair, &zone_of_size(MAX_PUBLISHED_DNS), &network.nodes);
    let packet = found(&mut network, &pair, &published);
    assert_eq!(packet.dns().len(), MAX_PUBLISHED_DNS);
    shows(&resolve(&pair, &network.nodes), packet.item());
}

// --- what each does --------------------------------------------------------------------------------------------------

/// Why 996: BEP 44 counts the length prefix too, and libtorrent does.
#[tokio::test]
#[ignore = "./tests/run interop"]
async fn libtorrent_refuses_a_byte_more() {
    let network = Foreign::start(Kind::Libtorrent, NODES, &[]);
    let dht = seeker::client(&network.nodes);
    for (number, size, stored) in [(3, MAX_PUBLISHED_DNS, NODES), (4, MAX_PUBLISHED_DNS + 1, 0)] {
        let pair = KeyPair::from_secret(&[number; 32]);
        let seq = Seq::at(SystemTime::now());
        let item = SignedItem::sign(&pair, seq, &dns_of_size(&pair, size)).unwrap();
        assert_eq!(dht.put(&item, None).await.is_ok(), stored > 0, "{size}");
        assert_eq!(holders(&network.nodes, &item).len(), stored, "{size}");
    }
}

/// Others publish larger packets than we do where nodes store them.
#[test]
#[ignore = "./tests/run interop"]
fn what_only_bittorrent_dht_stores_is_resolved() {
    let mut network = Foreign::start(Kind::BittorrentDht, NODES, &[]);
    let pair = KeyPair::from_secret(&[5; 32]);
    let dns = dns_of_size(&pair, 999);
    let put = network.put(&pair, 1_700_000_000_000_000, &dns);
    assert_eq!(put.stored, NODES as u64);
    shows(&resolve(&pair, &network.nodes), &put.item);
}

// --- all in one ------------------------------------------------------------------------------------------------------

/// Four implementations in one DHT. Nodes of `mainline` don't answer libtorrent and bittorrent-dht, whose transaction
/// ids have two bytes; they join by asking. We meet them all from whichever node we begin, and are met.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "./tests/run interop"]
async fn a_network_of_all_implementations_is_one() {
    let mut bittorrent_dht = Foreign::start(Kind::BittorrentDht, 3, &[]);
    let mut libtorrent = Foreign::start(Kind::Libtorrent, 3, &bittorrent_dht.nodes);
    let [first, second, third, ..] = vectors();
    let by_libtorrent = libtorrent.put(&first.pair(), 1, &hex(&first.dns)).item;
    let by_bittorrent_dht = bittorrent_dht
        .put(&second.pair(), second.seq, &hex(&second.dns))
        .item;
    let mut all = [&libtorrent.nodes[..], &bittorrent_dht.nodes].concat();
    assert_eq!(holders(&all, &by_libtorrent), all);
    assert_eq!(holders(&all, &by_bittorrent_dht), all);

    let mut mainline = Vec::new();
    for _ in 0..2 {
        mainline.push(mainline_node(&all).await);
    }
    for node in &mainline {
        all.push(node.info().await.local_addr().to_string());
    }
    // Ours are the last to come.
    let (_ours, places) = serving::our_nodes(2, &all).await;
    all.extend(places);
    assert_eq!(all.len(), 10);
    shows(&resolve(&first.pair(), &all[8..]), &by_libtorrent);
    shows(&resolve(&second.pair(), &all[8..]), &by_bittorrent_dht);

    let pair = third.pair();
    let published = publish(&pair, "@ A 203.0.113.7", &all[..1]);
    assert_eq!(published["storedNodes"], all.len());
    let seq = Seq::new(published["seq"].as_str().unwrap().parse().unwrap()).unwrap();
    let item = libtorrent.get(pair.public(), Some(seq)).unwrap();
    assert_eq!(item.seq(), seq);
    assert_eq!(
        bittorrent_dht.get(pair.public(), Some(seq)),
        Some(item.clone())
    );
    assert_eq!(holders(&all, &item), all);
    for node in [&all[0], &all[3], &all[6], &all[9]] {
        shows(&resolve(&pair, std::slice::from_ref(node)), &item);
    }
}

/// A node of the crate that the `pkarr` crate is made of, joined to a network.
async fn mainline_node(network: &[String]) -> mainline::async_dht::AsyncDht {
    let network = network.to_vec();
    let node = tokio::task::spawn_blocking(move || {
        mainline::Dht::builder()
            .server_mode()
            .bind_address(Ipv4Addr::LOCALHOST)
            .port(0)
            .bootstrap(&network)
            .build()
    });
    let node = node.await.unwrap().unwrap().as_async();
    let joined = tokio::time::timeout(Duration::from_secs(20), node.bootstrapped());
    assert!(joined.await.unwrap(), "mainline did not join");
    node
}

// --- the program -----------------------------------------------------------------------------------------------------

/// Runs the program with nothing remembered and nobody else to ask.
fn pkarr(arguments: &[&str], bootstrap: &[String]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_pkarr"))
        .args(arguments)
        .args(["--bootstrap", &bootstrap.join(",")])
        .env_remove("PKARR_BOOTSTRAP")
        .env_remove("PKARR_RELAY")
        .env("PKARR_NO_RELAYS", "1")
        .env("PKARR_DATA_DIR", folder.path())
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn attempt_publish(pair: &KeyPair, zone: &str, bootstrap: &[String]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (key, file) = (folder.path().join("key"), folder.path().join("zone"));
    std::fs::write(&key, to_hex(pair.secret().as_ref())).unwrap();
    std::fs::write(&file, zone).unwrap();
    let (key, file) = (key.to_str().unwrap(), file.to_str().unwrap());
    pkarr(&["publish", "--key", key, file, "--json"], bootstrap)
}

fn publish(pair: &KeyPair, zone: &str, bootstrap: &[String]) -> Value {
    let output = attempt_publish(pair, zone, bootstrap);
    assert!(output.status.success(), "{output:?}");
    json(&output)
}

fn resolve(pair: &KeyPair, bootstrap: &[String]) -> Value {
    let key = pair.public().to_string();
    let output = pkarr(&["resolve", &key, "--json"], bootstrap);
    assert!(output.status.success(), "{output:?}");
    json(&output)
}

/// Whether the program tells exactly what is in the item.
fn shows(resolved: &Value, item: &SignedItem) {
    assert_eq!(resolved["key"], item.key().to_string());
    assert_eq!(resolved["seq"], item.seq().to_string());
    assert_eq!(resolved["size"], item.value().len());
    assert_eq!(resolved["source"]["kind"], "dht");
    let packet = SignedPacket::try_from(item.clone()).unwrap();
    let expected: Vec<_> = packet
        .records()
        .iter()
        .map(|record| {
            serde_json::json!({
                "name": zone::name_text(record),
                "type": zone::type_name(record),
                "ttl": record.ttl,
                "value": zone::value_text(record),
                "outOfZone": !packet.in_zone(record),
            })
        })
        .collect();
    // What a record means to people is told beside it, and tested where that is worked out.
    let mut records = resolved["records"].clone();
    for record in records.as_array_mut().unwrap() {
        record.as_object_mut().unwrap().remove("meaning");
    }
    assert_eq!(records, Value::Array(expected));
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {output:?}"))
}

// --- what is published -----------------------------------------------------------------------------------------------

#[derive(Deserialize)]
struct Vector {
    what: String,
    secret_key: String,
    seq: i64,
    signature: String,
    dns: String,
}

impl Vector {
    fn pair(&self) -> KeyPair {
        KeyPair::from_secret(&hex(&self.secret_key).try_into().unwrap())
    }

    fn packet(&self) -> SignedPacket {
        let signature = hex(&self.signature).try_into().unwrap();
        let dns = hex(&self.dns);
        let item = SignedItem::verify(self.pair().public(), signature, self.seq, &dns);
        SignedPacket::try_from(item.unwrap()).unwrap()
    }
}

fn all_vectors() -> Vec<Vector> {
    #[derive(Deserialize)]
    struct File {
        vectors: Vec<Vector>,
    }
    let file: File = serde_json::from_str(include_str!("../vectors/packets.json")).unwrap();
    file.vectors
}

/// A vector of each kind, each of another key.
fn vectors() -> [Vector; 4] {
    let mut chosen: Vec<Vector> = Vec::new();
    for vector in all_vectors() {
        let alike =
            |other: &Vector| other.what == vector.what || other.secret_key == vector.secret_key;
        if vector.dns.len() / 2 <= MAX_PUBLISHED_DNS && !chosen.iter().any(alike) {
            chosen.push(vector);
        }
    }
    chosen.try_into().unwrap_or_else(|_| panic!("four kinds"))
}

fn zone_text(records: &[Record]) -> String {
    records
        .iter()
        .map(|record| {
            let (name, value) = (zone::name_text(record), zone::value_text(record));
            let kind = zone::type_name(record);
            format!("{name}. {} {kind} {value}\n", record.ttl)
        })
        .collect()
}

/// A zone whose packet takes so many bytes: header 12, name 54, type, class, TTL and length 10, then text with a byte
/// before each 255.
fn zone_of_size(size: usize) -> String {
    let text = "x".repeat(size - 12 - 54 - 10 - 4);
    let strings: Vec<_> = (0..4)
        .map(|part| {
            format!(
                "\"{}\"",
                &text[part * 255..text.len().min(part * 255 + 255)]
            )
        })
        .collect();
    format!("@ TXT {}\n", strings.join(" "))
}

fn dns_of_size(pair: &KeyPair, size: usize) -> Vec<u8> {
    let mut packet = simple_dns::Packet::new_reply(0);
    packet.answers = zone::parse(&zone_of_size(size), &pair.public()).unwrap();
    let dns = packet.build_bytes_vec_compressed().unwrap();
    assert_eq!(dns.len(), size);
    dns
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
