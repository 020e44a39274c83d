//! The resolver between sources that are silent, slow, behind or lying.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, SystemTime};

use pkarr_host::{
    cache::{Cache, Limits, Origin, Seen},
    item::SignedItem,
    key::{KeyPair, PublicKey},
    packet::{SignedPacket, TtlBounds},
    relays::{RelayLimits, Relays},
    resolver::{Policy, Priority, ResolveError, Resolver, ResolverConfig, Source, Update},
};
use support::{
    dht,
    liar::{Claim, Liar},
    packet, pair,
    relay::{FakeRelay, Reply, Sent, gate},
    silent,
};
use tokio::sync::broadcast::error::TryRecvError;

/// Longer than any lookup.
const LONG: Duration = Duration::from_secs(3600);

/// Short, for relays that never answer.
const LIMITS: RelayLimits = RelayLimits {
    connect: Duration::from_millis(1000),
    total: Duration::from_millis(1500),
};

fn holding(packet: &SignedPacket) -> Reply {
    Reply::new(200, packet.item().to_relay_payload())
}

fn absent() -> Reply {
    Reply::new(404, "")
}

fn relays(relay: &FakeRelay) -> Option<Relays> {
    Some(Relays::new(vec![relay.url.clone()], RelayLimits::default()).unwrap())
}

fn asking_relays_after(relay_delay: Duration) -> ResolverConfig {
    ResolverConfig {
        relay_delay,
        ..ResolverConfig::default()
    }
}

/// Every packet expires at once, and a stale one is given without a wait.
fn nothing_is_fresh() -> ResolverConfig {
    ResolverConfig {
        ttl: TtlBounds {
            least: Duration::ZERO,
            most: Duration::ZERO,
        },
        stale_after: Duration::ZERO,
        relay_delay: Duration::ZERO,
        ..ResolverConfig::default()
    }
}

/// A resolver that asks one node and one relay.
fn between(node: &str, relay: &FakeRelay, config: ResolverConfig) -> Resolver {
    let dht = dht(&[node.to_owned()]);
    Resolver::with(dht, relays(relay), Cache::memory(), config)
}

/// A resolver that asks one node and remembers in this cache.
fn remembering(node: &str, cache: Cache, config: ResolverConfig) -> Resolver {
    Resolver::with(dht(&[node.to_owned()]), None, cache, config)
}

fn kept(packet: &SignedPacket, at: SystemTime) -> Cache {
    let cache = Cache::memory();
    cache.keep(packet.item().clone(), Seen::in_dht(at)).unwrap();
    cache
}

fn claims(liar: &Liar, packet: &SignedPacket) {
    liar.claims(Claim::from(packet.item()));
}

fn broken(packet: &SignedPacket) -> Vec<u8> {
    let mut payload = packet.item().to_relay_payload();
    payload[7] ^= 1;
    payload
}

fn key(pair: &KeyPair) -> PublicKey {
    pair.public()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_answers_while_the_dht_is_silent() {
    let (_socket, bootstrap) = silent();
    let held = packet(&pair(1), 10, "@ A 1.1.1.1");
    let relay = FakeRelay::always(holding(&held)).await;
    for delay in [Duration::ZERO, Duration::from_millis(50)] {
        let resolver = between(&bootstrap[0], &relay, asking_relays_after(delay));
        let key = key(&pair(1));
        let all = resolver.clone();
        let all = tokio::spawn(async move { all.resolve(&key, Policy::NetworkOnly).await });
        relay.was_asked(1).await;
        let answer = resolver.resolve(&key, Policy::CacheFirst).await.unwrap();
        assert_eq!(answer.packet, held);
        let url = relay.url.to_string();
        assert!(!all.is_finished(), "the DHT has not yet been given up");
        // Who wants the newest of all hears that half of the network was silent.
        let answer = all.await.unwrap().unwrap();
        assert_eq!(answer.source, Source::Relay { url });
        assert_eq!(answer.failures[0].source, "dht", "{:?}", answer.failures);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_are_left_alone_when_the_dht_is_quick() {
    let held = packet(&pair(1), 10, "@ A 1.1.1.1");
    let liar = Liar::start();
    claims(&liar, &held);
    let relay = FakeRelay::always(absent()).await;
    let resolver = between(&liar.address, &relay, asking_relays_after(LONG));
    let key = key(&pair(1));
    let answer = resolver.resolve(&key, Policy::CacheFirst).await.unwrap();
    assert_eq!(answer.source, Source::Dht { nodes: 1 });
    // Who wants the newest of all waits for the relay, too: the first time that it is asked.
    resolver.resolve(&key, Policy::NetworkOnly).await.unwrap();
    assert_eq!(relay.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_delay_relays_are_asked_at_once() {
    let held = packet(&pair(1), 10, "@ A 1.1.1.1");
    let liar = Liar::start();
    claims(&liar, &held);
    let relay = FakeRelay::always(holding(&held)).await;
    let resolver = between(&liar.address, &relay, asking_relays_after(Duration::ZERO));
    let answer = resolver.resolve(&key(&pair(1)), Policy::CacheFirst).await;
    assert_eq!(answer.unwrap().packet, held);
    relay.was_asked(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dht_that_has_nothing_is_not_waited_for() {
    let liar = Liar::start();
    let held = packet(&pair(1), 10, "@ A 1.1.1.1");
    let relay = FakeRelay::always(holding(&held)).await;
    let resolver = between(&liar.address, &relay, asking_relays_after(LONG));
    let answer = resolver.resolve(&key(&pair(1)), Policy::CacheFirst).await;
    assert_eq!(answer.unwrap().packet, held);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lying_relay_says_changes_no_answer() {
    let held = packet(&pair(1), 20, "@ A 2.2.2.2");
    let older = packet(&pair(1), 10, "@ A 1.1.1.1");
    let other = packet(&pair(2), 30, "@ A 3.3.3.3");
    let liar = Liar::start();
    claims(&liar, &held);
    for (reply, fails) in [
        (holding(&older), false),
        (holding(&other), true),
        (Reply::new(200, broken(&held)), true),
        (Reply::sent(200, Sent::Endless), true),
        (Reply::sent(200, Sent::BrokenOff(broken(&held))), true),
        (Reply::sent(200, Sent::Never), true),
        (Reply::new(500, "no"), true),
    ] {
        let what = format!("{reply:?}");
        let relay = FakeRelay::always(reply).await;
        let relays = Relays::new(vec![relay.url.clone()], LIMITS).unwrap();
        let node = dht(std::slice::from_ref(&liar.address));
        let config = ResolverConfig::default();
        let resolver = Resolver::with(node, Some(relays), Cache::memory(), config);
        let answer = resolver.resolve(&key(&pair(1)), Policy::NetworkOnly).await;
        let answer = answer.unwrap();
        assert_eq!(answer.packet, held, "{what}");
        assert_eq!(answer.source, Source::Dht { nodes: 1 }, "{what}");
        let failed: Vec<_> = answer.failures.iter().map(|at| &at.source).collect();
        let expected = fails.then(|| relay.url.to_string());
        assert_eq!(failed, expected.iter().collect::<Vec<_>>(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_relay_alone_is_no_source() {
    let seen = packet(&pair(1), 20, "@ A 2.2.2.2");
    let older = packet(&pair(1), 10, "@ A 1.1.1.1");
    let other = packet(&pair(2), 30, "@ A 3.3.3.3");
    let empty = Liar::start();
    let (_socket, nobody) = silent();
    let key = key(&pair(1));
    let forged = || ResolveError::BadSignature { key, sources: 1 };
    let outdated = ResolveError::Outdated {
        key,
        found: older.seq(),
        seen: seen.seq(),
    };
    let endless = || Reply::sent(200, Sent::Endless);
    let never = || Reply::sent(200, Sent::Never);
    for (node, reply, error) in [
        (&empty.address, holding(&older), outdated.clone()),
        (&empty.address, holding(&other), forged()),
        (&empty.address, Reply::new(200, broken(&seen)), forged()),
        (&empty.address, endless(), ResolveError::NoRecord(key)),
        (&empty.address, never(), ResolveError::NoRecord(key)),
        (&nobody[0], holding(&older), outdated),
        (&nobody[0], holding(&other), ResolveError::Unreachable),
        (&nobody[0], endless(), ResolveError::Unreachable),
        (&nobody[0], never(), ResolveError::Unreachable),
    ] {
        let what = format!("{reply:?} {error:?}");
        let relay = FakeRelay::always(reply).await;
        let relays = Relays::new(vec![relay.url.clone()], LIMITS).unwrap();
        let cache = kept(&seen, SystemTime::now());
        cache.clear().await.unwrap();
        let config = ResolverConfig::default();
        let node = dht(std::slice::from_ref(node));
        let resolver = Resolver::with(node, Some(relays), cache, config);
        let found = resolver.resolve(&key, Policy::CacheFirst).await;
        assert_eq!(found.unwrap_err(), error, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_later_and_is_newer_is_announced() {
    let first = packet(&pair(1), 10, "@ A 1.1.1.1");
    let newer = packet(&pair(1), 20, "@ A 2.2.2.2");
    let key = key(&pair(1));
    let liar = Liar::start();
    claims(&liar, &first);
    let gate = gate();
    let payload = newer.item().to_relay_payload();
    let relay = FakeRelay::always(Reply::sent(200, Sent::Held(payload, gate.clone()))).await;
    let resolver = between(&liar.address, &relay, asking_relays_after(Duration::ZERO));
    let (mut one, mut another) = (resolver.updates(), resolver.updates());
    let answer = resolver.resolve(&key, Policy::CacheFirst).await.unwrap();
    assert_eq!(answer.packet, first);

    gate.add_permits(1);
    let seq = newer.seq();
    for subscriber in [&mut one, &mut another] {
        assert_eq!(subscriber.recv().await.unwrap(), Update { key, seq });
        let answer = resolver.resolve(&key, Policy::CacheOnly).await.unwrap();
        assert_eq!(answer.packet, newer);
        assert!(!answer.stale);
        let origin = Origin::Relay(relay.url.to_string());
        assert_eq!(answer.source, Source::Cache { origin });
    }
    // Neither the older one again nor the same one is news.
    for reply in [holding(&first), holding(&newer)] {
        relay.now_answers(reply);
        let answer = resolver.resolve(&key, Policy::NetworkOnly).await.unwrap();
        assert_eq!(answer.packet, newer);
        assert_eq!(one.try_recv(), Err(TryRecvError::Empty));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_can_be_had_is_announced() {
    let seen = packet(&pair(1), 20, "@ A 2.2.2.2");
    let older = packet(&pair(1), 10, "@ A 1.1.1.1");
    let key = key(&pair(1));
    let liar = Liar::start();
    let cache = kept(&seen, SystemTime::now());
    cache.clear().await.unwrap();
    let resolver = remembering(&liar.address, cache, ResolverConfig::default());
    let mut updates = resolver.updates();
    let found = resolver.resolve(&key, Policy::CacheFirst).await;
    assert_eq!(found.unwrap_err(), ResolveError::NoRecord(key));
    // The first packet of all is news to whoever was told that there is nothing.
    let stranger = pair(2).public();
    let first = packet(&pair(2), 1, "@ A 3.3.3.3");
    let found = resolver.resolve(&stranger, Policy::CacheFirst).await;
    assert_eq!(found.unwrap_err(), ResolveError::NoRecord(stranger));
    claims(&liar, &first);
    resolver
        .resolve(&stranger, Policy::NetworkOnly)
        .await
        .unwrap();
    let seq = first.seq();
    assert_eq!(updates.try_recv(), Ok(Update { key: stranger, seq }));
    // One that is below the floor is none that they could have.
    claims(&liar, &older);
    let found = resolver.resolve(&key, Policy::NetworkOnly).await;
    assert!(matches!(found, Err(ResolveError::Outdated { .. })));
    assert_eq!(updates.try_recv(), Err(TryRecvError::Empty));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_packet_bridges_a_slow_network() {
    let last = packet(&pair(1), 10, "@ A 1.1.1.1");
    let newer = packet(&pair(1), 20, "@ A 2.2.2.2");
    let key = key(&pair(1));
    let (_socket, bootstrap) = silent();
    let gate = gate();
    let payload = newer.item().to_relay_payload();
    let relay = FakeRelay::always(Reply::sent(200, Sent::Held(payload, gate.clone()))).await;
    let cache = kept(&last, SystemTime::now());
    let resolver = Resolver::with(dht(&bootstrap), relays(&relay), cache, nothing_is_fresh());
    let mut updates = resolver.updates();
    let answer = resolver.resolve(&key, Policy::CacheFirst).await.unwrap();
    assert_eq!(answer.packet, last);
    assert!(answer.stale);
    let origin = Origin::Dht;
    assert_eq!(answer.source, Source::Cache { origin });
    let answer = resolver.resolve(&key, Policy::CacheOnly).await.unwrap();
    assert!(answer.stale);

    gate.add_permits(1);
    assert_eq!(updates.recv().await.unwrap().seq, newer.seq());
    let answer = resolver.resolve(&key, Policy::CacheOnly).await.unwrap();
    assert_eq!(answer.packet, newer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_of_last_month_waits_for_the_network() {
    let last = packet(&pair(1), 10, "@ A 1.1.1.1");
    let newer = packet(&pair(1), 20, "@ A 2.2.2.2");
    let key = key(&pair(1));
    let last_month = SystemTime::now() - Duration::from_secs(30 * 24 * 60 * 60);
    let (_socket, nobody) = silent();
    let (empty, full) = (Liar::start(), Liar::start());
    claims(&full, &newer);
    for (node, expected, stale) in [
        (&full.address, &newer, false),
        // The newest there ever was, if nobody has anything.
        (&empty.address, &last, true),
        (&nobody[0], &last, true),
    ] {
        let cache = kept(&last, last_month);
        let resolver = remembering(node, cache, nothing_is_fresh());
        let answer = resolver.resolve(&key, Policy::CacheFirst).await.unwrap();
        assert_eq!(&answer.packet, expected);
        assert_eq!(answer.stale, stale);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_resolver_saw_the_other_does_not_fall_behind() {
    let seen = packet(&pair(1), 20, "@ A 2.2.2.2");
    let older = packet(&pair(1), 10, "@ A 1.1.1.1");
    let newer = packet(&pair(1), 30, "@ A 3.3.3.3");
    let key = key(&pair(1));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let (first, second) = (Liar::start(), Liar::start());
    let start = |liar: &Liar| {
        let cache = Cache::open(&path, Limits::default());
        remembering(&liar.address, cache, ResolverConfig::default())
    };
    let (one, other) = (start(&first), start(&second));
    claims(&first, &seen);
    claims(&second, &older);
    one.resolve(&key, Policy::NetworkOnly).await.unwrap();
    one.cache().clear().await.unwrap();
    let found = other.resolve(&key, Policy::NetworkOnly).await;
    let outdated = ResolveError::Outdated {
        key,
        found: older.seq(),
        seen: seen.seq(),
    };
    assert_eq!(found.unwrap_err(), outdated);
    for packet in [&seen, &newer] {
        claims(&second, packet);
        let answer = other.resolve(&key, Policy::NetworkOnly).await.unwrap();
        assert_eq!(&answer.packet, packet);
        other.cache().flush().await.unwrap();
        let answer = one.resolve(&key, Policy::CacheOnly).await.unwrap();
        assert_eq!(&answer.packet, packet);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_up_waiting_stops_nobody_else() {
    let held = packet(&pair(1), 10, "@ A 1.1.1.1");
    let key = key(&pair(1));
    let (_socket, bootstrap) = silent();
    let gate = gate();
    let payload = held.item().to_relay_payload();
    let relay = FakeRelay::always(Reply::sent(200, Sent::Held(payload, gate.clone()))).await;
    let resolver = between(&bootstrap[0], &relay, asking_relays_after(Duration::ZERO));
    let ask = |number: usize| {
        let resolver = resolver.clone();
        let priority = match number % 2 {
            0 => Priority::Part,
            _ => Priority::Page,
        };
        tokio::spawn(async move {
            let policy = Policy::CacheFirst;
            resolver.resolve_for(&key, policy, priority).await
        })
    };
    let first = ask(0);
    relay.was_asked(1).await;
    let rest: Vec<_> = (1..100).map(ask).collect();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    for asked in rest {
        assert_eq!(asked.await.unwrap().unwrap().packet, held);
    }
    assert_eq!(relay.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_after_all_was_forgotten_is_not_remembered() {
    let held = packet(&pair(1), 10, "@ A 1.1.1.1");
    let key = key(&pair(1));
    let (_socket, bootstrap) = silent();
    let gate = gate();
    let payload = held.item().to_relay_payload();
    let relay = FakeRelay::always(Reply::sent(200, Sent::Held(payload, gate.clone()))).await;
    let resolver = between(&bootstrap[0], &relay, asking_relays_after(Duration::ZERO));
    let ask = || {
        let resolver = resolver.clone();
        tokio::spawn(async move { resolver.resolve(&key, Policy::CacheFirst).await })
    };
    let before = ask();
    relay.was_asked(1).await;
    resolver.forget().await.unwrap();
    gate.add_permits(1);
    assert_eq!(before.await.unwrap().unwrap().packet, held);
    let remembered = resolver.resolve(&key, Policy::CacheOnly).await;
    assert_eq!(remembered.unwrap_err(), ResolveError::NotCached(key));
    // Who asks after that does not join the search that began before.
    let after = ask();
    relay.was_asked(2).await;
    assert_eq!(after.await.unwrap().unwrap().packet, held);
    let remembered = resolver.resolve(&key, Policy::CacheOnly).await;
    assert_eq!(remembered.unwrap().packet, held);
}

/// So many keys of which nobody has heard.
fn strangers(count: u32) -> impl Iterator<Item = PublicKey> {
    (0..count).map(|number| {
        let mut secret = [99; 32];
        secret[..4].copy_from_slice(&number.to_be_bytes());
        KeyPair::from_secret(&secret).public()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_keys_at_once_are_all_answered() {
    let liar = Liar::start();
    let resolver = remembering(&liar.address, Cache::memory(), ResolverConfig::default());
    let asking: Vec<_> = strangers(300)
        .enumerate()
        .map(|(number, key)| {
            let resolver = resolver.clone();
            let priority = match number % 4 {
                0 => Priority::Page,
                _ => Priority::Part,
            };
            tokio::spawn(async move {
                let outcome = resolver.resolve_for(&key, Policy::CacheFirst, priority);
                (key, outcome.await)
            })
        })
        .collect();
    for asked in asking {
        let (key, outcome) = asked.await.unwrap();
        assert_eq!(outcome.unwrap_err(), ResolveError::NoRecord(key));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_does_not_queue_behind_parts_of_pages() {
    let held = packet(&pair(1), 10, "@ A 1.1.1.1");
    let wanted = key(&pair(1));
    let (_socket, bootstrap) = silent();
    let reply = holding(&held);
    let path = format!("/{wanted}");
    let relay = FakeRelay::start(move |asked| {
        if asked.path == path {
            reply.clone()
        } else {
            Reply::sent(200, Sent::Never)
        }
    })
    .await;
    let resolver = between(&bootstrap[0], &relay, asking_relays_after(Duration::ZERO));
    let ask = |key: PublicKey, priority| {
        let resolver = resolver.clone();
        tokio::spawn(async move {
            let policy = Policy::CacheFirst;
            resolver.resolve_for(&key, policy, priority).await
        })
    };
    // More parts than may be looked up at once, and as the last of them the key a page wants.
    let parts: Vec<_> = strangers(48).map(|key| ask(key, Priority::Part)).collect();
    relay.was_asked(48).await;
    let part = ask(wanted, Priority::Part);
    let queued = ask(strangers(49).last().unwrap(), Priority::Part);
    let page = ask(wanted, Priority::Page).await.unwrap().unwrap();
    assert_eq!(page.packet, held);
    assert_eq!(part.await.unwrap().unwrap().packet, held);
    assert!(!parts.iter().any(tokio::task::JoinHandle::is_finished));
    assert!(!queued.is_finished());
    assert_eq!(relay.asked().len(), 49);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_comes_later_is_found() {
    let (socket, bootstrap) = silent();
    let address = socket.local_addr().unwrap();
    let key = key(&pair(1));
    let resolver = support::resolver(&bootstrap);
    let found = resolver.resolve(&key, Policy::CacheFirst).await;
    assert_eq!(found.unwrap_err(), ResolveError::Unreachable);
    drop(socket);
    let found = resolver.resolve(&key, Policy::CacheFirst).await;
    assert_eq!(found.unwrap_err(), ResolveError::Unreachable);

    let held = packet(&pair(1), 10, "@ A 1.1.1.1");
    let liar = Liar::at(address);
    claims(&liar, &held);
    let answer = resolver.resolve(&key, Policy::CacheFirst).await.unwrap();
    assert_eq!(answer.packet, held);

    // Gone again, and back with something new.
    liar.stop();
    let found = resolver.resolve(&key, Policy::NetworkOnly).await.unwrap();
    assert!(found.stale);
    assert_eq!(found.failures[0].source, "dht");
    let newer: SignedItem = packet(&pair(1), 20, "@ A 2.2.2.2").item().clone();
    let liar = Liar::at(address);
    liar.claims(Claim::from(&newer));
    let answer = resolver.resolve(&key, Policy::NetworkOnly).await.unwrap();
    assert_eq!(answer.packet.item(), &newer);
    assert!(!answer.stale);
}
