//! Readers who want no answer rather than one past its time.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, SystemTime};

use pkarr_host::{
    cache::{Cache, Seen},
    packet::TtlBounds,
    publisher::{Changes, Publisher},
    relays::{RelayLimits, Relays},
    resolver::{Policy, ResolveError, Resolver, ResolverConfig},
    zone,
};
use support::{
    dht, packet, pair,
    relay::{FakeRelay, Reply},
    silent, testnet,
};

fn only_current() -> ResolverConfig {
    ResolverConfig {
        ttl: TtlBounds {
            least: Duration::from_secs(60),
            most: Duration::from_secs(60),
        },
        relay_delay: Duration::ZERO,
        stale: false,
        ..ResolverConfig::default()
    }
}

/// A cache that saw the packet of this pair so long ago.
fn seen(number: u8, text: &str, ago: Duration) -> Cache {
    let cache = Cache::memory();
    let packet = packet(&pair(number), 10, text);
    let at = SystemTime::now() - ago;
    cache.keep(packet.item().clone(), Seen::in_dht(at)).unwrap();
    cache
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_packet_is_not_given_to_them() {
    let (_socket, bootstrap) = silent();
    let key = pair(50).public();
    let old = seen(50, "@ A 192.0.2.1", Duration::from_secs(61));
    let resolver = Resolver::with(dht(&bootstrap), None, old, only_current());
    for policy in [Policy::CacheFirst, Policy::NetworkOnly] {
        let error = resolver.resolve(&key, policy).await.unwrap_err();
        assert_eq!(error, ResolveError::Unreachable);
    }
    // Who asks for what is remembered gets it, and what is fresh is fresh.
    assert!(
        resolver
            .resolve(&key, Policy::CacheOnly)
            .await
            .unwrap()
            .stale
    );
    let new = seen(50, "@ A 192.0.2.1", Duration::from_secs(1));
    let resolver = Resolver::with(dht(&bootstrap), None, new, only_current());
    let answer = resolver.resolve(&key, Policy::CacheFirst).await.unwrap();
    assert!(!answer.stale);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_told_why_there_is_none() {
    let (_socket, bootstrap) = silent();
    let relay = FakeRelay::always(Reply::new(404, "")).await;
    let relays = Relays::new(vec![relay.url.clone()], RelayLimits::default()).unwrap();
    let key = pair(51).public();
    let old = seen(51, "@ A 192.0.2.1", Duration::from_secs(61));
    let resolver = Resolver::with(dht(&bootstrap), Some(relays), old, only_current());
    let error = resolver
        .resolve(&key, Policy::CacheFirst)
        .await
        .unwrap_err();
    assert_eq!(error, ResolveError::NoRecord(key));
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_keeps_what_was_known_all_the_same() {
    let net = testnet().await;
    let old = seen(52, "@ TXT \"kept\"", Duration::from_secs(61));
    let resolver = Resolver::with(dht(net.bootstrap()), None, old, only_current());
    let publisher = Publisher::new(dht(net.bootstrap()), None, resolver);
    let records = zone::parse("www A 192.0.2.1", &pair(52).public()).unwrap();
    let published = publisher
        .publish(&pair(52), &Changes::set(records))
        .await
        .unwrap();
    assert_eq!(published.packet.records().len(), 2);
}
