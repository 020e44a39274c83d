//! The publisher among nodes that are behind, dead, or asked by somebody else at the same time.

#![allow(clippy::unwrap_used)]

mod support;

use std::{net::Ipv4Addr, sync::Arc, time::SystemTime};

use pkarr_host::{
    cache::Cache,
    item::Seq,
    key::KeyPair,
    packet::SignedPacket,
    publisher::{Changes, PublishError, Published, Publisher},
    relays::{RelayLimits, Relays},
    resolver::{Policy, ResolveError, Resolver, ResolverConfig},
    zone,
};
use support::{
    dht, nodes, packet, pair,
    relay::{FakeRelay, Reply, Sent, gate},
    silent,
};

fn publisher(bootstrap: &[String], relays: Option<Relays>) -> Publisher {
    let dht = dht(bootstrap);
    let (cache, config) = (Cache::memory(), ResolverConfig::default());
    let resolver = Resolver::with(dht.clone(), relays.clone(), cache, config);
    Publisher::new(dht, relays, resolver)
}

async fn publish(
    publisher: &Publisher,
    pair: &KeyPair,
    text: &str,
) -> Result<Published, PublishError> {
    let records = zone::parse(text, &pair.public()).unwrap();
    publisher.publish(pair, &Changes::set(records)).await
}

async fn newest(bootstrap: &[String], pair: &KeyPair) -> SignedPacket {
    let resolver = support::resolver(bootstrap);
    let answer = resolver.resolve(&pair.public(), Policy::NetworkOnly).await;
    answer.unwrap().packet
}

/// A packet that is dated so many seconds ago.
fn dated(pair: &KeyPair, seconds: i64, text: &str) -> SignedPacket {
    packet(
        pair,
        Seq::at(SystemTime::now()).get() - seconds * 1_000_000,
        text,
    )
}

fn has(packet: &SignedPacket, text: &str) -> bool {
    let records = zone::parse(text, packet.key()).unwrap();
    records
        .iter()
        .all(|record| packet.records().contains(record))
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_the_nodes_may_die() {
    let mut net = tokio::task::spawn_blocking(|| {
        let mut builder = mainline::Testnet::builder(10);
        builder.bind_address(Ipv4Addr::LOCALHOST).build().unwrap()
    })
    .await
    .unwrap();
    let publisher = publisher(&net.bootstrap, None);
    let pair = pair(1);
    publish(&publisher, &pair, "@ A 1.1.1.1").await.unwrap();
    let resolver = support::resolver(&net.bootstrap);
    let key = pair.public();
    resolver.resolve(&key, Policy::NetworkOnly).await.unwrap();

    net.nodes.truncate(5);
    let answer = resolver.resolve(&key, Policy::NetworkOnly).await.unwrap();
    assert!(!answer.stale);
    let second = publish(&publisher, &pair, "www A 2.2.2.2").await.unwrap();
    assert_eq!(second.kept, 1);
    let answer = resolver.resolve(&key, Policy::NetworkOnly).await.unwrap();
    assert_eq!(answer.packet, second.packet);
}

/// What is published is merged with what is there. A relay that lies where the DHT is silent does not
/// say that there is nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_lies_does_not_speak_for_the_dht() {
    let (_socket, nobody) = silent();
    let other = packet(&pair(2), 30, "@ A 3.3.3.3");
    let lie = Reply::new(200, other.item().to_relay_payload());
    let relay = FakeRelay::always(lie).await;
    let relays = Relays::new(vec![relay.url.clone()], RelayLimits::default()).unwrap();
    let publisher = publisher(&nobody, Some(relays));
    let published = publish(&publisher, &pair(1), "@ A 1.1.1.1").await;
    assert!(
        matches!(
            published,
            Err(PublishError::Read(ResolveError::Unreachable))
        ),
        "{published:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_missed_the_last_put_hold_nobody_up() {
    let (_nodes, addresses) = nodes::strangers(5).await;
    let pair = pair(1);
    let old = dated(&pair, 20, "@ A 1.1.1.1\nwww A 1.1.1.1");
    let newer = dated(&pair, 10, "@ A 2.2.2.2");
    nodes::put(old.item(), &addresses[..4]).await;
    nodes::put(newer.item(), &addresses[4..]).await;
    let publisher = publisher(&addresses, None);
    let published = publish(&publisher, &pair, "a A 3.3.3.3").await.unwrap();
    assert_eq!(published.stored.nodes(), 5);
    assert!(has(&published.packet, "@ A 2.2.2.2\na A 3.3.3.3"));
    // What the last packet had given up does not come back.
    assert_eq!(published.packet.records().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_wrote_meanwhile_is_kept() {
    let (_nodes, addresses) = nodes::strangers(5).await;
    let pair = pair(1);
    let before = dated(&pair, 20, "@ A 1.1.1.1");
    nodes::put(before.item(), &addresses).await;
    // A relay that answers late holds the publisher between reading and writing.
    let gate = gate();
    let late = Sent::Held(before.item().to_relay_payload(), Arc::clone(&gate));
    let relay = FakeRelay::always(Reply::sent(200, late)).await;
    let relays = Relays::new(vec![relay.url.clone()], RelayLimits::default()).unwrap();
    let publisher = publisher(&addresses, Some(relays));
    let own = pair.clone();
    let publishing = tokio::spawn(async move { publish(&publisher, &own, "a A 2.2.2.2").await });
    relay.was_asked(1).await;
    // Dated before what is going to be published, and on more than half of the nodes.
    let rival = dated(&pair, 10, "@ A 1.1.1.1\nb A 3.3.3.3");
    nodes::put(rival.item(), &addresses[2..]).await;
    gate.add_permits(1);
    let published = publishing.await.unwrap().unwrap();
    let all = "@ A 1.1.1.1\na A 2.2.2.2\nb A 3.3.3.3";
    assert!(has(&published.packet, all), "{published:?}");
    assert!(has(&newest(&addresses, &pair).await, all));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_publish_at_once_nobody_is_dropped_unheard() {
    let net = support::testnet().await;
    let (one, another) = (
        publisher(net.bootstrap(), None),
        publisher(net.bootstrap(), None),
    );
    let pair = pair(1);
    let (first, second) = tokio::join!(
        publish(&one, &pair, "a A 1.1.1.1"),
        publish(&another, &pair, "b A 2.2.2.2"),
    );
    assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
    for outcome in [&first, &second] {
        assert!(
            matches!(outcome, Ok(_) | Err(PublishError::Contested)),
            "{outcome:?}"
        );
    }
    // Where there was nothing to compare with, the one who was later may not have seen the other;
    // from then on nothing is lost.
    let third = publish(&one, &pair, "a A 1.1.1.1").await.unwrap();
    let fourth = publish(&another, &pair, "b A 2.2.2.2").await.unwrap();
    assert!(fourth.packet.seq() > third.packet.seq());
    assert!(has(
        &newest(net.bootstrap(), &pair).await,
        "a A 1.1.1.1\nb A 2.2.2.2"
    ));
}
