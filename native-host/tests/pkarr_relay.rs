//! The relay that others run, `pkarr-relay`: we find what it publishes, and it what we do.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, SystemTime};

use pkarr_host::{
    item::{Seq, SignedItem},
    key::PublicKey,
    relays::{RelayAnswer, RelayError, RelayLimits, RelayPolicy, Relays},
};
use support::{dht, item, pair, publish, seq, testnet};
use url::Url;

fn key() -> PublicKey {
    pair(1).public()
}

/// A relay on this DHT, and us as its client.
async fn relay_on(bootstrap: &[String]) -> (pkarr_relay::Relay, Relays, Url) {
    let relay = pkarr_relay::Relay::run_test(bootstrap).await.unwrap();
    let url: Url = format!("http://127.0.0.1:{}/", relay.relay_address().port())
        .parse()
        .unwrap();
    let relays = Relays::new(vec![url.clone()], RelayLimits::default()).unwrap();
    (relay, relays, url)
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    windows,
    ignore = "wine maps no more of a file than there is, and that relay’s LMDB does"
)]
async fn the_relay_of_others_finds_what_we_publish() {
    let net = testnet().await;
    let published = publish(net.bootstrap(), &pair(1), "@ A 1.2.3.4\n_x TXT y").await;
    let (relay, relays, url) = relay_on(net.bootstrap()).await;
    for policy in [RelayPolicy::NetworkOnly, RelayPolicy::CacheFirst] {
        let answer = relays.get(&url, &key(), None, policy).await.unwrap();
        let RelayAnswer::Item { item, seen } = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(&item, published.packet.item());
        assert!(seen.unwrap().elapsed().unwrap() < Duration::from_secs(60));
    }
    let known = published.packet.seq();
    let same = relays
        .get(&url, &key(), Some(known), RelayPolicy::CacheFirst)
        .await;
    assert!(matches!(same, Ok(RelayAnswer::Item { .. })));
    let later = Some(seq(known.get() + 2_000_000));
    let answer = relays
        .get(&url, &key(), later, RelayPolicy::CacheFirst)
        .await;
    assert_eq!(answer, Ok(RelayAnswer::NotModified));
    let other = pair(2).public();
    let answer = relays
        .get(&url, &other, None, RelayPolicy::CacheFirst)
        .await;
    assert_eq!(
        answer,
        Ok(RelayAnswer::Absent {
            newer_invalid: None
        })
    );

    // An owner who wrote something else than a packet.
    let value = b"not dns at all";
    let odd = SignedItem::sign(
        &pair(3),
        Seq::after(None, SystemTime::now()).unwrap(),
        value,
    );
    let odd = odd.unwrap();
    dht(net.bootstrap()).put(&odd, None).await.unwrap();
    let answer = relays
        .get(&url, odd.key(), None, RelayPolicy::NetworkOnly)
        .await;
    let newer_invalid = Some(odd.seq());
    assert_eq!(answer, Ok(RelayAnswer::Absent { newer_invalid }));
    relay.shutdown();
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    windows,
    ignore = "wine maps no more of a file than there is, and that relay’s LMDB does"
)]
async fn we_find_what_the_relay_of_others_publishes() {
    let net = testnet().await;
    let (relay, relays, url) = relay_on(net.bootstrap()).await;
    let now = Seq::after(None, SystemTime::now()).unwrap();
    let older = item(1, now.get() - 1);
    let newest = item(1, now.get());
    let put = relays.put(&url, &older, None).await.unwrap();
    assert!(put.stored > 1, "{put:?}");
    relays.put(&url, &newest, Some(older.seq())).await.unwrap();
    let found = support::resolver(net.bootstrap())
        .resolve(&key(), pkarr_host::resolver::Policy::NetworkOnly)
        .await
        .unwrap();
    assert_eq!(found.packet.item(), &newest);
    assert_eq!(
        relays.put(&url, &older, None).await,
        Err(RelayError::Conflict)
    );
    let bytes = SignedItem::sign(&pair(1), seq(now.get() + 1), b"not dns at all").unwrap();
    let answer = relays.put(&url, &bytes, None).await;
    assert!(
        matches!(answer, Err(RelayError::Refused { .. })),
        "{answer:?}"
    );
    assert_eq!(relays.statuses()[0].failures, 0);
    relay.shutdown();
}
