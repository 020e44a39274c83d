//! Resolver and publisher against real nodes on loopback, and against a node that lies.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::SystemTime;

use pkarr_host::{
    cache::{Cache, Limits, Seen},
    item::{Seq, SignedItem},
    packet::SignedPacket,
    publisher::{Changes, Existing, PublishError, Publisher},
    resolver::{Policy, ResolveError, Resolver, ResolverConfig, Source},
    zone,
};
use support::{
    dht,
    liar::{Claim, Liar},
    pair, publish, resolver, testnet,
};

fn names(packet: &SignedPacket) -> Vec<String> {
    let key = packet.key().to_string();
    packet
        .records()
        .iter()
        .map(|record| {
            let name = zone::name_text(record).replace(&key, "@");
            format!(
                "{name} {} {}",
                zone::type_name(record),
                zone::value_text(record)
            )
        })
        .collect()
}

fn claim(item: &SignedItem) -> Claim {
    Claim {
        key: *item.key().as_bytes(),
        signature: *item.signature(),
        seq: item.seq().get(),
        value: item.value().to_vec(),
    }
}

fn packet(number: u8, seq: i64, text: &str) -> SignedPacket {
    let pair = pair(number);
    let records = zone::parse(text, &pair.public()).unwrap();
    SignedPacket::sign(&pair, Seq::new(seq).unwrap(), &records).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_resolved() {
    let net = testnet().await;
    let published = publish(net.bootstrap(), &pair(1), "@ A 1.2.3.4").await;
    assert!(published.stored.nodes() >= 4, "{published:?}");
    let resolver = resolver(net.bootstrap());
    let key = pair(1).public();
    let answer = resolver.resolve(&key, Policy::CacheFirst).await.unwrap();
    assert_eq!(answer.packet, published.packet);
    assert!(matches!(answer.source, Source::Dht { .. }));
    let again = resolver.resolve(&key, Policy::CacheFirst).await.unwrap();
    assert!(matches!(again.source, Source::Cache { .. }));
    assert!(resolver.resolve(&key, Policy::CacheOnly).await.is_ok());
    let other = pair(2).public();
    assert_eq!(
        resolver
            .resolve(&other, Policy::CacheOnly)
            .await
            .unwrap_err(),
        ResolveError::NotCached(other)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_keeps_what_others_wrote() {
    let net = testnet().await;
    let first = publish(
        net.bootstrap(),
        &pair(3),
        "@ A 1.1.1.1\n_pubky TXT a\n_pubky TXT b",
    )
    .await;
    let second = publish(net.bootstrap(), &pair(3), "@ A 2.2.2.2\nwww A 3.3.3.3").await;
    assert_eq!(
        names(&second.packet),
        [
            "@ A 2.2.2.2",
            "www.@ A 3.3.3.3",
            "_pubky.@ TXT \"a\"",
            "_pubky.@ TXT \"b\""
        ]
    );
    assert_eq!(second.kept, 2);
    assert!(second.packet.seq() > first.packet.seq());

    let dht = dht(net.bootstrap());
    let records = zone::parse("@ A 4.4.4.4", &pair(3).public()).unwrap();
    let third = Publisher::new(dht.clone(), None, Resolver::new(dht))
        .publish(
            &pair(3),
            &Changes {
                existing: Existing::Drop,
                ..Changes::set(records)
            },
        )
        .await
        .unwrap();
    assert_eq!(names(&third.packet), ["@ A 4.4.4.4"]);
    let newest = resolver(net.bootstrap())
        .resolve(&pair(3).public(), Policy::NetworkOnly)
        .await
        .unwrap();
    assert_eq!(newest.packet, third.packet);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_item_that_is_no_packet_supersedes() {
    let liar = Liar::start();
    let bootstrap = [liar.address.clone()];
    let key = pair(4).public();
    let value = b"not dns at all";
    let seq = 2_000_000;
    let item = SignedItem::sign(&pair(4), Seq::new(seq).unwrap(), value).unwrap();
    liar.claims(claim(&item));
    let resolver = resolver(&bootstrap);
    let superseded = ResolveError::NotAPacket {
        key,
        seq: Seq::new(seq).unwrap(),
    };
    let found = resolver.resolve(&key, Policy::NetworkOnly).await;
    assert_eq!(found.unwrap_err(), superseded);
    // An older packet that turns up later changes nothing.
    liar.claims(claim(packet(4, seq - 1, "@ A 1.1.1.1").item()));
    let found = resolver.resolve(&key, Policy::NetworkOnly).await;
    assert_eq!(found.unwrap_err(), superseded);
    // What can't be read is not written over, unless that is what is asked for.
    let publisher = Publisher::new(dht(&bootstrap), None, resolver);
    assert!(matches!(
        publisher.publish(&pair(4), &Changes::default()).await,
        Err(PublishError::Read(ResolveError::NotAPacket { .. }))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_older_is_given_once_newer_was_seen() {
    let liar = Liar::start();
    let resolver = resolver(std::slice::from_ref(&liar.address));
    let key = pair(5).public();
    let newer = packet(5, 20, "@ A 2.2.2.2");
    liar.claims(claim(newer.item()));
    let found = resolver.resolve(&key, Policy::NetworkOnly).await.unwrap();
    assert!(matches!(found.source, Source::Dht { .. }));
    liar.claims(claim(packet(5, 10, "@ A 1.1.1.1").item()));
    let found = resolver.resolve(&key, Policy::NetworkOnly).await.unwrap();
    assert_eq!(found.packet, newer);
    assert!(matches!(found.source, Source::Cache { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_items_are_told_apart_from_none() {
    let liar = Liar::start();
    let resolver = resolver(std::slice::from_ref(&liar.address));
    let nothing = pair(6).public();
    let found = resolver.resolve(&nothing, Policy::CacheFirst).await;
    assert_eq!(found.unwrap_err(), ResolveError::NoRecord(nothing));

    let key = pair(7).public();
    let mut forged = claim(packet(7, 1, "@ A 1.1.1.1").item());
    forged.signature[5] ^= 1;
    liar.claims(forged);
    let found = resolver.resolve(&key, Policy::CacheFirst).await;
    assert_eq!(
        found.unwrap_err(),
        ResolveError::BadSignature { key, sources: 1 }
    );

    // A genuine packet of another key is no answer either.
    let other = pair(8).public();
    liar.claims(claim(packet(7, 1, "@ A 1.1.1.1").item()));
    assert!(resolver.resolve(&other, Policy::CacheFirst).await.is_err());
}

/// On one thread all have asked before the first is answered, however quick that is.
#[tokio::test]
async fn however_many_ask_the_network_is_asked_once() {
    let liar = Liar::start();
    let resolver = resolver(std::slice::from_ref(&liar.address));
    let key = pair(9).public();
    liar.claims(claim(packet(9, 1, "@ A 1.1.1.1").item()));
    // The first lookup of all also joins the network.
    _ = resolver
        .resolve(&pair(10).public(), Policy::CacheFirst)
        .await;
    let before = liar.gets();
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let resolver = resolver.clone();
            tokio::spawn(async move { resolver.resolve(&key, Policy::NetworkOnly).await })
        })
        .collect();
    for asked in asking {
        assert!(asked.await.unwrap().is_ok());
    }
    // A node that takes long to answer, on a busy machine, is asked a second time.
    assert!(liar.gets() - before <= 2, "{}", liar.gets() - before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_far_ahead_is_called_to_attention_and_not_signed_after() {
    let liar = Liar::start();
    let bootstrap = [liar.address.clone()];
    let ahead = Seq::at(SystemTime::now()).get() + 3 * 3600 * 1_000_000;
    liar.claims(claim(packet(11, ahead, "@ A 1.1.1.1").item()));
    let resolver = resolver(&bootstrap);
    let key = pair(11).public();
    let found = resolver.resolve(&key, Policy::CacheFirst).await.unwrap();
    assert!(found.future_seq);
    let publisher = Publisher::new(dht(&bootstrap), None, resolver);
    assert!(matches!(
        publisher.publish(&pair(11), &Changes::default()).await,
        Err(PublishError::Date(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_said_so() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let bootstrap = [silent.local_addr().unwrap().to_string()];
    let key = pair(12).public();
    let found = resolver(&bootstrap).resolve(&key, Policy::CacheFirst).await;
    assert_eq!(found.unwrap_err(), ResolveError::Unreachable);
    // A name of a first node that does not exist (RFC 6761) is nobody, too.
    let found = resolver(&["nobody.invalid:6881".to_owned()])
        .resolve(&key, Policy::CacheFirst)
        .await;
    assert_eq!(found.unwrap_err(), ResolveError::Unreachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_resolved_the_next_remembers() {
    let net = testnet().await;
    let published = publish(net.bootstrap(), &pair(1), "@ A 1.2.3.4").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let key = pair(1).public();
    let start = || {
        let cache = Cache::open(&path, Limits::default());
        Resolver::with(dht(net.bootstrap()), None, cache, ResolverConfig::default())
    };
    let first = start();
    first.resolve(&key, Policy::NetworkOnly).await.unwrap();
    // The end of the search may still be on its way.
    first.cache().flush().await.unwrap();
    drop(first);
    let answer = start().resolve(&key, Policy::CacheFirst).await.unwrap();
    assert!(matches!(answer.source, Source::Cache { .. }));
    assert_eq!(answer.packet, published.packet);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cleared_cache_still_believes_nothing_older() {
    let net = testnet().await;
    let published = publish(net.bootstrap(), &pair(1), "@ A 1.2.3.4").await;
    let found = published.packet.seq();
    let newer = packet(1, found.get() + 1, "@ A 5.6.7.8");
    let cache = Cache::memory();
    let seen = Seen::in_dht(SystemTime::now());
    cache.keep(newer.item().clone(), seen).unwrap();
    cache.clear().await.unwrap();
    let resolver = Resolver::with(dht(net.bootstrap()), None, cache, ResolverConfig::default());
    let key = pair(1).public();
    let seen = newer.seq();
    for policy in [Policy::CacheFirst, Policy::NetworkOnly] {
        let outcome = resolver.resolve(&key, policy).await;
        let outdated = ResolveError::Outdated { key, found, seen };
        assert_eq!(outcome.unwrap_err(), outdated);
    }
}
