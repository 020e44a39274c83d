//! The keeper: what is put again, when, and by whom.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    net::Ipv4Addr,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use pkarr_host::{
    cache::{Cache, Kept, Limits, Whose},
    item::Seq,
    key::{KeyPair, PublicKey},
    keystore,
    packet::SignedPacket,
    publisher::{
        Publisher,
        keeper::{Keeper, Republished},
    },
    resolver::{Policy, Resolver, ResolverConfig},
    zone::{self, External},
};
use support::{dht, packet, pair, testnet};
use tokio::{sync::mpsc, time::timeout};

fn keeper(bootstrap: &[String], cache: Cache, v4: Option<Ipv4Addr>) -> Keeper {
    let dht = dht(bootstrap);
    let resolver = Resolver::with(dht.clone(), None, cache, ResolverConfig::default());
    let publisher = Publisher::new(dht, None, resolver);
    Keeper::new(publisher, External { v4, v6: None })
}

/// A packet that is dated so many seconds ago.
fn dated(pair: &KeyPair, seconds: i64, text: &str) -> SignedPacket {
    packet(
        pair,
        Seq::at(SystemTime::now()).get() - seconds * 1_000_000,
        text,
    )
}

/// Lets the keeper work once, and gives the keys that were put and whether they were signed anew.
async fn round(keeper: &Keeper) -> Vec<(PublicKey, bool)> {
    let mut all = Vec::new();
    let mut done = |put: &Republished| {
        assert!(put.outcome.is_ok(), "{put:?}");
        all.push((put.key, put.renewed));
    };
    keeper.round(SystemTime::now(), &mut done).await;
    all
}

async fn found(bootstrap: &[String], pair: &KeyPair) -> Option<SignedPacket> {
    let resolver = support::resolver(bootstrap);
    let answer = resolver.resolve(&pair.public(), Policy::NetworkOnly).await;
    answer.ok().map(|answer| answer.packet)
}

fn kept(cache: &Cache, pair: &KeyPair) -> Kept {
    let mut kept = cache.kept().unwrap().into_iter();
    kept.find(|kept| *kept.item.key() == pair.public()).unwrap()
}

/// A cache that keeps an own key published from these files; it is due.
async fn own(item: &SignedPacket, key_file: PathBuf, zone_file: PathBuf) -> Cache {
    let cache = Cache::memory();
    let whose = Whose::Own {
        key_file: Some(key_file),
        zone_file: Some(zone_file),
    };
    let item = item.item().clone();
    cache
        .keep_alive(item, whose, SystemTime::now())
        .await
        .unwrap();
    cache
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_put_and_then_is_not_due() {
    let net = testnet().await;
    let (ours, pinned, later) = (pair(1), pair(2), pair(3));
    let cache = Cache::memory();
    let files = Whose::Own {
        key_file: None,
        zone_file: None,
    };
    let now = SystemTime::now();
    let soon = now + Duration::from_secs(60);
    for (pair, whose, next_at) in [
        (&ours, files, now),
        (&pinned, Whose::Foreign, now),
        (&later, Whose::Foreign, soon),
    ] {
        let item = dated(pair, 10, "@ A 1.1.1.1").item().clone();
        cache.keep_alive(item, whose, next_at).await.unwrap();
    }
    let keeper = keeper(net.bootstrap(), cache.clone(), None);
    let mut put = round(&keeper).await;
    put.sort_by_key(|(key, _)| *key.as_bytes());
    let mut expected = [(ours.public(), false), (pinned.public(), false)];
    expected.sort_by_key(|(key, _)| *key.as_bytes());
    assert_eq!(put, expected);
    for pair in [&ours, &pinned] {
        let kept = kept(&cache, pair);
        assert_eq!(
            found(net.bootstrap(), pair).await.unwrap().item(),
            &kept.item
        );
        assert!(kept.last_put_at.is_some());
        assert!(kept.stored > Some(0));
        assert!(kept.next_at > now + Duration::from_secs(60));
    }
    assert_eq!(found(net.bootstrap(), &later).await, None);
    assert_eq!(round(&keeper).await, []);
}

// On one thread, so that the keeper rests when the test goes on.
#[tokio::test]
async fn a_key_that_is_pinned_meanwhile_is_put_at_once() {
    let net = testnet().await;
    let cache = Cache::memory();
    let keeper = keeper(net.bootstrap(), cache.clone(), None);
    let (told, mut put) = mpsc::unbounded_channel();
    let work = tokio::spawn(async move {
        keeper.run(|put| told.send(put.key).unwrap()).await;
    });
    for pair in [pair(1), pair(2)] {
        let item = dated(&pair, 10, "@ A 1.1.1.1").item().clone();
        let now = SystemTime::now();
        cache.keep_alive(item, Whose::Foreign, now).await.unwrap();
        // A round is every 30 seconds.
        let key = timeout(Duration::from_secs(20), put.recv()).await.unwrap();
        assert_eq!(key, Some(pair.public()));
    }
    work.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_packet_of_the_network_is_adopted() {
    let net = testnet().await;
    let pair = pair(1);
    let cache = Cache::memory();
    let old = dated(&pair, 20, "@ A 1.1.1.1");
    let newer = dated(&pair, 10, "@ A 2.2.2.2");
    dht(net.bootstrap()).put(newer.item(), None).await.unwrap();
    let item = old.item().clone();
    let now = SystemTime::now();
    cache.keep_alive(item, Whose::Foreign, now).await.unwrap();
    let keeper = keeper(net.bootstrap(), cache.clone(), None);
    assert_eq!(round(&keeper).await, [(pair.public(), false)]);
    assert_eq!(&kept(&cache, &pair).item, newer.item());
    assert_eq!(found(net.bootstrap(), &pair).await, Some(newer));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_is_signed_anew_unless_the_key_is_locked() {
    let net = testnet().await;
    let folder = tempfile::tempdir().unwrap();
    let text = "@ A {external_ipv4}\nwww CNAME @";
    let address = Some(Ipv4Addr::new(192, 0, 2, 7));
    for (number, passphrase) in [(1, None), (2, Some("open sesame"))] {
        let pair = pair(number);
        let key_file = folder.path().join(format!("{number}.key"));
        let zone_file = folder.path().join(format!("{number}.zone"));
        keystore::create(&key_file, &pair, passphrase).unwrap();
        fs::write(&zone_file, text).unwrap();
        let before = text.replace("{external_ipv4}", "192.0.2.1");
        let before = dated(&pair, 10, &before);
        let cache = own(&before, key_file, zone_file).await;
        let keeper = keeper(net.bootstrap(), cache.clone(), address);
        let renewed = passphrase.is_none();
        assert_eq!(round(&keeper).await, [(pair.public(), renewed)]);
        let packet = found(net.bootstrap(), &pair).await.unwrap();
        assert_eq!(packet.item(), &kept(&cache, &pair).item);
        let now = text.replace("{external_ipv4}", "192.0.2.7");
        let now = zone::parse(&now, &pair.public()).unwrap();
        assert_eq!(packet.records() == now, renewed);
        assert_eq!(packet == before, !renewed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_keepers_works_and_the_other_takes_over() {
    let net = testnet().await;
    let pair = pair(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let open = || Cache::open(&path, Limits::default());
    let start = || keeper(net.bootstrap(), open(), None);
    let (one, other) = (start(), start());
    // What a keeper that runs tells of its work.
    let run = |keeper: Keeper| {
        let (done, told) = tokio::sync::mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            keeper.run(|put| done.send(put.key).unwrap()).await;
        });
        (task, told)
    };
    let cache = open();
    let due = async || {
        let item = dated(&pair, 10, "@ A 1.1.1.1").item().clone();
        let now = SystemTime::now();
        cache.keep_alive(item, Whose::Foreign, now).await.unwrap();
    };
    due().await;
    let (task, mut told) = run(one.clone());
    assert_eq!(told.recv().await, Some(pair.public()));
    // While the first has the lease, the second does nothing, however long a key is due.
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    due().await;
    let (task, mut told) = run(other);
    let idle = tokio::time::timeout(Duration::from_millis(1500), told.recv()).await;
    assert!(idle.is_err(), "{idle:?}");
    one.release().await;
    assert_eq!(told.recv().await, Some(pair.public()));
    task.abort();
}
