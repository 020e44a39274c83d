//! The `pkarr` crate as the other side: what one publishes the other resolves, and both see the same in it.
//!
//! Where the two differ on purpose, a test says how: our rules are the wire rules, and theirs are what others live by.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::Ipv4Addr;

use pkarr_crate::{
    Client, Keypair, ResolvePolicy, SignedPacket as TheirPacket,
    dns::{
        CharacterString, Name,
        rdata::{HTTPS, RData, SVCB, TXT},
    },
};
use pkarr_host::{
    endpoint::{Endpoint, Target},
    key::{KeyHost, KeyPair},
    packet::SignedPacket,
    resolver::{Policy, Priority},
    zone,
};
use support::{pair, publish, resolver, testnet};

/// A client of the crate that asks these nodes only.
fn client(bootstrap: &[String]) -> Client {
    Client::builder()
        .no_default_network()
        .bootstrap(bootstrap)
        .dht(|config| {
            config.bind_address = Some(Ipv4Addr::LOCALHOST);
            config
        })
        .build()
        .unwrap()
}

fn theirs(pair: &KeyPair) -> Keypair {
    Keypair::from_secret_key(&pair.secret())
}

fn their_key(pair: &KeyPair) -> pkarr_crate::PublicKey {
    theirs(pair).public_key()
}

fn name(text: &str) -> Name<'static> {
    Name::new(text).unwrap().into_owned()
}

/// Names, times to live and data, told in the same words by both versions of the DNS library.
fn ours_in_words(packet: &SignedPacket) -> Vec<String> {
    packet
        .records()
        .iter()
        .map(|record| format!("{} {} {:?}", record.name, record.ttl, record.rdata))
        .collect()
}

fn theirs_in_words(packet: &TheirPacket) -> Vec<String> {
    packet
        .all_resource_records()
        .map(|record| format!("{} {} {:?}", record.name, record.ttl, record.rdata))
        .collect()
}

fn assert_same(ours: &SignedPacket, theirs: &TheirPacket) {
    assert_eq!(ours.key().to_string(), theirs.public_key().to_z32());
    assert_eq!(
        ours.seq().get(),
        i64::try_from(theirs.timestamp().as_u64()).unwrap()
    );
    assert_eq!(ours.item().to_canonical(), theirs.as_bytes()[..]);
    assert_eq!(ours_in_words(ours), theirs_in_words(theirs));
}

/// One of each that sites use.
const ZONE: &str = "\
@ 300 A 203.0.113.7
@ 300 AAAA 2001:db8::7
@ 3600 HTTPS 1 . alpn=h2 port=8443
www CNAME @
*.blog 60 A 203.0.113.8
_note TXT \"hello, world\" second
_foo SVCB 2 svc.example.com. port=99
";

#[tokio::test(flavor = "multi_thread")]
async fn what_we_publish_the_crate_resolves() {
    let net = testnet().await;
    let published = publish(net.bootstrap(), &pair(31), ZONE).await;
    let found = client(net.bootstrap())
        .resolve(&their_key(&pair(31)), ResolvePolicy::CacheFirst)
        .await
        .unwrap();
    assert_eq!(published.packet.records().len(), 7);
    assert_same(&published.packet, &found);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_crate_publishes_we_resolve_and_add_to() {
    let net = testnet().await;
    let writer = client(net.bootstrap());
    let mut https = SVCB::new(1, name("."));
    https.set_port(8443);
    let packet = TheirPacket::builder()
        .address(name("."), "203.0.113.7".parse().unwrap(), 300)
        .address(name("www"), "2001:db8::7".parse().unwrap(), 60)
        .https(name("."), https, 3600)
        .cname(name("alias"), name("example.com"), 30)
        .txt(name("_note"), TXT::new().with_string("hello").unwrap(), 5)
        .sign(&theirs(&pair(32)))
        .unwrap();
    writer.publish(&packet).await.unwrap();
    let key = pair(32).public();
    let answer = resolver(net.bootstrap())
        .resolve(&key, Policy::CacheFirst)
        .await
        .unwrap();
    assert_same(&answer.packet, &packet);

    // Both write in turn, each over what the other wrote.
    let added = publish(net.bootstrap(), &pair(32), "_added TXT ours").await;
    assert_eq!(added.kept, 5);
    let found = client(net.bootstrap())
        .resolve(&their_key(&pair(32)), ResolvePolicy::CacheFirst)
        .await
        .unwrap();
    assert_same(&added.packet, &found);
    let last = TheirPacket::builder().sign(&theirs(&pair(32))).unwrap();
    writer.publish(&last).await.unwrap();
    let answer = resolver(net.bootstrap())
        .resolve(&key, Policy::CacheFirst)
        .await
        .unwrap();
    assert_same(&answer.packet, &last);
}

/// The crate fills all 1000 bytes, of which libtorrent's nodes take 996: we publish no such packet, and read it.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_packet_of_the_crate_is_resolved() {
    let net = testnet().await;
    let sized = |text: usize| {
        let mut txt = TXT::new();
        for part in "x".repeat(text).as_bytes().chunks(255) {
            txt.add_char_string(CharacterString::new(part).unwrap().into_owned());
        }
        TheirPacket::builder()
            .txt(name("."), txt.into_owned(), 300)
            .sign(&theirs(&pair(33)))
    };
    // Header 12, name 54, type, class, TTL and length 10, a byte before each 255 of text.
    let most = 1000 - 12 - 54 - 10 - 4;
    assert!(sized(most + 1).is_err());
    let packet = sized(most).unwrap();
    client(net.bootstrap()).publish(&packet).await.unwrap();
    let answer = resolver(net.bootstrap())
        .resolve(&pair(33).public(), Policy::CacheFirst)
        .await
        .unwrap();
    assert_eq!(answer.packet.dns().len(), 1000);
    assert_same(&answer.packet, &packet);
}

async fn our_endpoints(bootstrap: &[String], host: &str) -> Vec<Endpoint> {
    resolver(bootstrap)
        .route(
            &KeyHost::parse(host).unwrap(),
            "https",
            Policy::CacheFirst,
            Priority::Page,
        )
        .await
        .unwrap()
        .endpoints
}

/// Where both have an endpoint, it is the same: addresses, port, and the key to expect.
fn assert_same_endpoint(ours: &Endpoint, theirs: &pkarr_crate::extra::endpoints::Endpoint) {
    match &ours.target {
        Target::Addresses(addresses) => {
            assert_eq!(theirs.target(), ".");
            let mut found: Vec<_> = theirs.to_socket_addrs().iter().map(|at| at.ip()).collect();
            let mut addresses = addresses.clone();
            found.sort();
            addresses.sort();
            assert_eq!(addresses, found);
        }
        Target::Icann(name) => assert_eq!(theirs.domain(), Some(name.as_str())),
        other => panic!("{other:?}"),
    }
    assert_eq!(ours.port, theirs.port());
    assert_eq!(ours.key.as_bytes(), theirs.public_key().as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn both_come_to_the_same_endpoints() {
    let net = testnet().await;
    let (site, server, hosted) = (pair(34), pair(35), pair(36));
    let zones = [
        format!("{ZONE}_pubky HTTPS 1 {}.", server.public()),
        "@ A 203.0.113.9\n@ HTTPS 1 . port=6287\n@ HTTPS 10 home.example.com. port=443".to_owned(),
        format!("@ HTTPS 0 {}.", server.public()),
    ];
    tokio::join!(
        publish(net.bootstrap(), &site, &zones[0]),
        publish(net.bootstrap(), &server, &zones[1]),
        publish(net.bootstrap(), &hosted, &zones[2]),
    );
    let client = client(net.bootstrap());
    let (site, hosted) = (site.public(), hosted.public());
    // A target of its own, one over another key, and an alias of a whole key.
    for host in [
        site.to_string(),
        format!("_pubky.{site}"),
        hosted.to_string(),
    ] {
        let ours = our_endpoints(net.bootstrap(), &host).await;
        let theirs = client.resolve_https_endpoint(&host).await.unwrap();
        assert_same_endpoint(&ours[0], &theirs);
    }
    let ours = our_endpoints(net.bootstrap(), &hosted.to_string()).await;
    assert_eq!(ours[1].target, Target::Icann("home.example.com".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_seen_alike() {
    let net = testnet().await;
    let published = publish(net.bootstrap(), &pair(37), ZONE).await;
    let key = pair(37).public();
    let found = client(net.bootstrap())
        .resolve(&their_key(&pair(37)), ResolvePolicy::CacheFirst)
        .await
        .unwrap();
    // What the crate has at a name, against what we wrote there.
    let kinds = |name: &str| {
        found
            .resource_records(name)
            .map(|record| match &record.rdata {
                RData::A(_) => "A",
                RData::AAAA(_) => "AAAA",
                RData::HTTPS(HTTPS(_)) => "HTTPS",
                RData::CNAME(_) => "CNAME",
                RData::TXT(_) => "TXT",
                RData::SVCB(_) => "SVCB",
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    for apex in ["@", ".", "", &key.to_string(), &format!("{key}.")] {
        assert_eq!(kinds(apex), ["A", "AAAA", "HTTPS"], "{apex:?}");
    }
    for below in [
        "www".to_owned(),
        format!("www.{key}"),
        format!("www.{key}."),
    ] {
        assert_eq!(kinds(&below), ["CNAME"], "{below}");
    }
    assert_eq!(kinds("_note"), ["TXT"]);
    assert_eq!(kinds("_foo"), ["SVCB"]);
    assert!(kinds("absent").is_empty());
    let written: Vec<_> = published
        .packet
        .records()
        .iter()
        .map(zone::name_text)
        .collect();
    let read: Vec<_> = found
        .all_resource_records()
        .map(|record| record.name.to_string())
        .collect();
    assert_eq!(written, read);
}

/// To the crate a wildcard is part of the question, to us (as to DNS) it is part of the zone.
#[tokio::test(flavor = "multi_thread")]
async fn wildcards_are_seen_differently() {
    let net = testnet().await;
    publish(net.bootstrap(), &pair(38), ZONE).await;
    let key = pair(38).public();
    let host = format!("any.blog.{key}");
    let found = client(net.bootstrap())
        .resolve(&their_key(&pair(38)), ResolvePolicy::CacheFirst)
        .await
        .unwrap();
    assert_eq!(found.resource_records(&host).count(), 0);
    assert_eq!(found.resource_records("*.blog").count(), 1);
    let ours = our_endpoints(net.bootstrap(), &host).await;
    let address = "203.0.113.8".parse().unwrap();
    assert_eq!(ours[0].target, Target::Addresses(vec![address]));
}
