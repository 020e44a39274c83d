//! What `PUT` takes, and what it refuses.

use futures_util::future::join_all;
use pkarr_host::{item::SignedItem, key::KeyPair, resolver::Policy};
use reqwest::{Method, Response, StatusCode};

use crate::{
    signed, signed_after,
    support::{
        pair, publish, resolver,
        serve::{Serve, header},
        testnet,
    },
};

async fn put_if(serve: &Serve, item: &SignedItem, name: &str, value: &str) -> Response {
    serve
        .request(Method::PUT, &format!("/{}", item.key()))
        .header(name, value)
        .body(item.to_relay_payload())
        .send()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_is_in_the_dht_and_says_on_how_many_nodes() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let item = signed(&pair(1), "@ A 1.2.3.4");
    let answer = serve.put(&item).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let nodes: u32 = header(&answer, "pkarr-dht-stored-nodes").parse().unwrap();
    assert!((1..=5).contains(&nodes), "{nodes}");
    let found = resolver(net.bootstrap())
        .resolve(item.key(), Policy::NetworkOnly)
        .await
        .unwrap();
    assert_eq!(found.packet.item(), &item);
    // Once more is no mistake.
    let again = serve.put(&item).await;
    assert_eq!(
        again.status(),
        StatusCode::NO_CONTENT,
        "{}",
        again.text().await.unwrap()
    );
    // By the other path, as iroh's nodes do.
    let node = signed(&pair(2), "_iroh TXT relay=https://relay.example./");
    let answer = serve
        .request(Method::PUT, &format!("/pkarr/{}", node.key()))
        .body(node.to_relay_payload())
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
    let payload = serve.get(&format!("/pkarr/{}", node.key())).await;
    assert_eq!(payload.bytes().await.unwrap(), node.to_relay_payload());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_packet_of_the_key_is_refused() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let item = signed(&pair(1), "@ A 1.2.3.4");
    let put = |key: String, body: Vec<u8>| {
        let request = serve.request(Method::PUT, &format!("/{key}")).body(body);
        async move { request.send().await.unwrap() }
    };
    let key = item.key().to_string();
    let payload = item.to_relay_payload();
    let mut forged = payload.clone();
    *forged.last_mut().unwrap() ^= 1;
    let not_dns = SignedItem::sign(&pair(1), item.seq(), b"not dns at all").unwrap();
    let negative = [&payload[..64], &(-1_i64).to_be_bytes(), &payload[72..]].concat();
    for (key, body, said) in [
        (key.clone(), forged, "signature"),
        (pair(2).public().to_string(), payload.clone(), "signature"),
        (key.clone(), not_dns.to_relay_payload(), "not a DNS packet"),
        (key.clone(), negative, "sequence number"),
        (key.clone(), payload[..71].to_vec(), "bytes"),
        (key.clone(), Vec::new(), "bytes"),
        (key[..51].to_owned(), payload.clone(), "not a key"),
    ] {
        let answer = put(key, body).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{said}");
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        let reason = answer.text().await.unwrap();
        assert!(reason.contains(said), "{said}: {reason}");
        assert_eq!(reason.lines().count(), 1);
    }
    let answer = put(key.clone(), vec![0; 1073]).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Where the length is not told beforehand.
    let chunks = futures_util::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(vec![0; 100])));
    let answer = serve
        .request(Method::PUT, &format!("/{key}"))
        .body(reqwest::Body::wrap(http_body_util::StreamBody::new(
            futures_util::StreamExt::map(chunks, |chunk| {
                chunk.map(|bytes| hyper::body::Frame::data(bytes::Bytes::from(bytes)))
            }),
        )))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(serve.metric("pkarr_puts_total").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_older_replaces_what_is_known() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let older = signed(&pair(1), "@ A 1.2.3.4");
    let newer = signed_after(&pair(1), Some(&older), "@ A 1.2.3.5");
    assert_eq!(serve.put(&newer).await.status(), StatusCode::NO_CONTENT);
    let answer = serve.put(&older).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(answer.text().await.unwrap().contains("newer"));
    let there = serve.packet(newer.key()).await.bytes().await.unwrap();
    assert_eq!(there, newer.to_relay_payload());

    // What only the DHT knows yet.
    let older = signed(&pair(2), "@ A 1.2.3.4");
    let elsewhere = publish(net.bootstrap(), &pair(2), "@ A 1.2.3.5").await;
    let answer = serve.put(&older).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let there = serve.packet(older.key()).await.bytes().await.unwrap();
    assert_eq!(there, elsewhere.packet.item().to_relay_payload());
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_protect_what_others_wrote() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let first = signed(&pair(1), "@ A 1.2.3.4");
    // There is nothing to be replaced.
    for (name, value) in [("if-match", "*"), ("if-match", "\"tag\"")] {
        let answer = put_if(&serve, &first, name, value).await;
        assert_eq!(answer.status(), StatusCode::PRECONDITION_FAILED, "{value}");
    }
    assert_eq!(serve.put(&first).await.status(), StatusCode::NO_CONTENT);
    let tag = header(&serve.packet(first.key()).await, "etag").to_owned();
    let number = first.seq().get();
    let second = signed_after(&pair(1), Some(&first), "@ A 1.2.3.5");
    let long_ago = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (name, value, status) in [
        ("if-match", (number - 1).to_string(), 412),
        ("if-match", "\"other\"".to_owned(), 412),
        ("if-unmodified-since", long_ago.to_owned(), 412),
        ("if-match", "nonsense".to_owned(), 400),
        ("if-match", "-5".to_owned(), 400),
        ("if-unmodified-since", "yesterday".to_owned(), 400),
    ] {
        let answer = put_if(&serve, &second, name, &value).await;
        assert_eq!(answer.status(), status, "{name}: {value}");
        assert!(!answer.text().await.unwrap().is_empty());
    }
    let unchanged = serve.packet(first.key()).await.bytes().await.unwrap();
    assert_eq!(unchanged, first.to_relay_payload());
    // As the clients of relays write it, and as HTTP does.
    let answer = put_if(&serve, &second, "if-match", &number.to_string()).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let stale = put_if(
        &serve,
        &signed_after(&pair(1), Some(&second), "@ A 1.2.3.6"),
        "if-match",
        &tag,
    )
    .await;
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
    let tag = header(&serve.packet(first.key()).await, "etag").to_owned();
    let third = signed_after(&pair(1), Some(&second), "@ A 1.2.3.7");
    let answer = put_if(&serve, &third, "if-match", &tag).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let date = httpdate::fmt_http_date(third.seq().time().unwrap());
    let fourth = signed_after(&pair(1), Some(&third), "@ A 1.2.3.8");
    let answer = put_if(&serve, &fourth, "if-unmodified-since", &date).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_write_one_key_at_once_the_newest_wins() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let now = signed(&pair(1), "@ A 1.2.3.4").seq().get();
    let items: Vec<SignedItem> = (0..8)
        .map(|number| crate::support::item(1, now + number))
        .collect();
    let answers = join_all(items.iter().map(|item| serve.put(item))).await;
    for answer in &answers {
        let known = [StatusCode::NO_CONTENT, StatusCode::CONFLICT];
        assert!(known.contains(&answer.status()), "{answer:?}");
    }
    let newest = items.last().unwrap();
    assert_eq!(answers.last().unwrap().status(), StatusCode::NO_CONTENT);
    let there = serve.packet(newest.key()).await.bytes().await.unwrap();
    assert_eq!(there, newest.to_relay_payload());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_many_keys_is_taken_in_whole() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let items: Vec<SignedItem> = (0..64)
        .map(|_| signed(&KeyPair::generate().unwrap(), "@ A 1.2.3.4"))
        .collect();
    let answers = join_all(items.iter().map(|item| serve.put(item))).await;
    for answer in answers {
        let status = answer.status();
        let reason = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::NO_CONTENT, "{reason}");
    }
    let found = join_all(items.iter().map(|item| serve.packet(item.key()))).await;
    for (item, answer) in items.iter().zip(found) {
        assert_eq!(answer.bytes().await.unwrap(), item.to_relay_payload());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_dht_nobody_is_told_that_it_is_stored() {
    let (_socket, bootstrap) = crate::support::silent();
    let serve = Serve::start(&bootstrap);
    let item = signed(&pair(1), "@ A 1.2.3.4");
    let answer = serve.put(&item).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(header(&answer, "retry-after").parse::<u64>().unwrap() > 0);
    let unknown = serve.packet(&pair(2).public()).await;
    assert_eq!(unknown.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(unknown.headers().contains_key("retry-after"));
    let ready = serve.get("/readyz").await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(serve.get("/healthz").await.status(), StatusCode::OK);
}
