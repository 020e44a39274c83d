//! Clients, ours and in the way of others. The `pkarr` crate’s own relay client is in `tests/clients`: it brings
//! a library for TLS that this program does without.

use std::time::{Duration, SystemTime};

use pkarr_crate::{Keypair, SignedPacket as TheirPacket};
use pkarr_host::{
    item::{Seq, SignedItem},
    relays::{RelayAnswer, RelayError, RelayLimits, RelayPolicy, Relays},
};
use reqwest::{Method, StatusCode};
use url::Url;

use crate::{
    signed, signed_after,
    support::{dht, pair, serve::Serve, testnet},
};

#[tokio::test(flavor = "multi_thread")]
async fn our_own_client_understands_every_answer() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let url: Url = serve.url("/").parse().unwrap();
    let limits = RelayLimits {
        total: Duration::from_secs(60),
        ..RelayLimits::default()
    };
    let relays = Relays::new(vec![url.clone()], limits).unwrap();
    let key = pair(1).public();
    let first = signed(&pair(1), "@ A 1.2.3.4");
    let put = relays.put(&url, &first, None).await.unwrap();
    assert!(put.stored >= 1);
    for policy in [RelayPolicy::CacheFirst, RelayPolicy::NetworkOnly] {
        let answer = relays.get(&url, &key, None, policy).await.unwrap();
        let RelayAnswer::Item { item, seen } = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(item, first);
        assert!(seen.unwrap() <= SystemTime::now());
    }
    let known = Seq::new(first.seq().get() + 2_000_000).unwrap();
    let answer = relays
        .get(&url, &key, Some(known), RelayPolicy::CacheFirst)
        .await;
    assert_eq!(answer, Ok(RelayAnswer::NotModified));
    let second = signed_after(&pair(1), Some(&first), "@ A 1.2.3.5");
    relays.put(&url, &second, Some(first.seq())).await.unwrap();
    let refused = relays.put(&url, &first, None).await;
    assert_eq!(refused, Err(RelayError::Conflict));
    let third = signed_after(&pair(1), Some(&second), "@ A 1.2.3.6");
    let refused = relays.put(&url, &third, Some(first.seq())).await;
    assert_eq!(refused, Err(RelayError::Conflict));
    let nobody = pair(9).public();
    let answer = relays
        .get(&url, &nobody, None, RelayPolicy::CacheFirst)
        .await;
    let newer_invalid = None;
    assert_eq!(answer, Ok(RelayAnswer::Absent { newer_invalid }));
    let seq = Seq::after(None, SystemTime::now()).unwrap();
    let odd = SignedItem::sign(&pair(3), seq, b"not dns at all").unwrap();
    dht(net.bootstrap()).put(&odd, None).await.unwrap();
    let answer = relays
        .get(&url, odd.key(), None, RelayPolicy::CacheFirst)
        .await;
    let newer_invalid = Some(seq);
    assert_eq!(answer, Ok(RelayAnswer::Absent { newer_invalid }));
    assert_eq!(relays.statuses()[0].failures, 0);
}

/// iroh's nodes put their address as TXT records under `_iroh` to `<url>/<key>`, where the URL
/// ends in `/pkarr` by default, and get it from there.
#[tokio::test(flavor = "multi_thread")]
async fn an_iroh_node_is_found_by_its_key() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let zone = "_iroh 30 TXT relay=https://relay.example./\n_iroh 30 TXT addr=203.0.113.7:1234";
    let item = signed(&pair(1), zone);
    let path = format!("/pkarr/{}", item.key());
    let answer = serve
        .request(Method::PUT, &path)
        .body(item.to_relay_payload())
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
    let answer = serve.get(&path).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let payload = answer.bytes().await.unwrap();
    let keypair = Keypair::from_secret_key(&pair(1).secret());
    let read = TheirPacket::from_relay_payload(&keypair.public_key(), &payload).unwrap();
    let records = read.resource_records("_iroh").count();
    assert_eq!(records, 2);
}
