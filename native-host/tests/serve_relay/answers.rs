//! What `GET`, `HEAD` and `OPTIONS` answer.

use std::time::SystemTime;

use pkarr_host::{
    item::{Seq, SignedItem},
    key::KeyPair,
};
use reqwest::{Method, StatusCode};

use crate::{
    signed, signed_after,
    support::{
        dht, pair, publish,
        serve::{Serve, header},
        testnet,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_dht_is_found_with_all_that_caches_need() {
    let net = testnet().await;
    let published = publish(net.bootstrap(), &pair(1), "@ 3600 A 1.2.3.4").await;
    let serve = Serve::start(net.bootstrap());
    let key = pair(1).public();
    let payload = published.packet.item().to_relay_payload();
    for path in [format!("/{key}"), format!("/pkarr/{key}")] {
        let answer = serve.get(&path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(
            header(&answer, "content-type"),
            "application/pkarr.org/relays#payload"
        );
        let age: u64 = header(&answer, "cache-control")
            .strip_prefix("public, max-age=")
            .unwrap()
            .parse()
            .unwrap();
        assert!((3000..=3600).contains(&age), "{age}");
        let signed_at = published.packet.seq().time().unwrap();
        assert_eq!(
            header(&answer, "last-modified"),
            httpdate::fmt_http_date(signed_at)
        );
        let seen = httpdate::parse_http_date(header(&answer, "memento-datetime")).unwrap();
        assert!(seen <= SystemTime::now());
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        let exposed = header(&answer, "access-control-expose-headers").to_lowercase();
        for name in [
            "cache-control",
            "etag",
            "last-modified",
            "memento-datetime",
            "pkarr-dht-stored-nodes",
            "pkarr-invalid-signed-packet-seq",
            "retry-after",
        ] {
            assert!(exposed.contains(name), "{name}");
        }
        assert_eq!(answer.bytes().await.unwrap(), payload);
        // The same, without the body.
        let head = serve.request(Method::HEAD, &path).send().await.unwrap();
        assert_eq!(head.status(), StatusCode::OK);
        assert_eq!(header(&head, "content-length"), payload.len().to_string());
        assert!(head.headers().contains_key("etag"));
        assert!(head.bytes().await.unwrap().is_empty());
    }
    // One lookup was enough for all.
    assert_eq!(serve.metric("pkarr_lookups_total").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_it_is_told_so() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let key = pair(1).public();
    let item = signed(&pair(1), "@ A 1.2.3.4");
    assert_eq!(serve.put(&item).await.status(), StatusCode::NO_CONTENT);
    let path = format!("/{key}");
    let first = serve.get(&path).await;
    let tag = header(&first, "etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    let second = header(&first, "last-modified").to_owned();
    let later =
        httpdate::fmt_http_date(item.seq().time().unwrap() + std::time::Duration::from_secs(1));
    for (fields, status) in [
        (&[("if-none-match", tag.as_str())][..], 304),
        (&[("if-none-match", &format!("\"other\", W/{tag}"))], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"other\"")], 200),
        (&[("if-modified-since", &later)], 304),
        // The packet was signed within that second, perhaps after what the client has.
        (&[("if-modified-since", &second)], 200),
        (&[("if-modified-since", "yesterday")], 200),
        // A tag counts before a date.
        (
            &[
                ("if-none-match", "\"other\""),
                ("if-modified-since", &later),
            ],
            200,
        ),
    ] {
        let mut request = serve.request(Method::GET, &path);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{fields:?}");
        if status == 304 {
            assert_eq!(header(&answer, "etag"), tag);
            assert!(answer.headers().contains_key("cache-control"));
            assert!(answer.headers().contains_key("memento-datetime"));
            assert!(answer.bytes().await.unwrap().is_empty());
        }
    }
    // Another packet has another tag.
    let newer = signed_after(&pair(1), Some(&item), "@ A 1.2.3.5");
    assert_eq!(serve.put(&newer).await.status(), StatusCode::NO_CONTENT);
    let answer = serve
        .request(Method::GET, &path)
        .header("if-none-match", &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_ne!(header(&answer, "etag"), tag);
    assert_eq!(answer.bytes().await.unwrap(), newer.to_relay_payload());
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_decide_who_is_asked() {
    let net = testnet().await;
    let old = publish(net.bootstrap(), &pair(1), "@ A 1.2.3.4").await;
    let serve = Serve::start(net.bootstrap());
    let key = pair(1).public();
    let by = |policy: &str| format!("/{key}?policy={policy}");
    let nothing = serve.get(&by("CacheOnly")).await;
    assert_eq!(nothing.status(), StatusCode::NOT_FOUND);
    assert_eq!(serve.metric("pkarr_lookups_total").await, 0);
    let found = serve.get(&by("CacheFirst")).await;
    assert_eq!(found.status(), StatusCode::OK);
    assert_eq!(serve.get(&by("CacheOnly")).await.status(), StatusCode::OK);
    assert_eq!(serve.metric("pkarr_lookups_total").await, 1);
    // Published elsewhere meanwhile: what is remembered is fresh, and the network knows better.
    let new = publish(net.bootstrap(), &pair(1), "@ A 1.2.3.5").await;
    let remembered = serve.get(&by("CacheFirst")).await.bytes().await.unwrap();
    assert_eq!(remembered, old.packet.item().to_relay_payload());
    let newest = serve.get(&by("NetworkOnly")).await;
    // What caches on the way keep is not the network.
    assert_eq!(header(&newest, "cache-control"), "public, no-cache");
    let payload = new.packet.item().to_relay_payload();
    assert_eq!(newest.bytes().await.unwrap(), payload);
    let remembered = serve.get(&by("CacheOnly")).await.bytes().await.unwrap();
    assert_eq!(remembered, payload);
    for policy in [
        "",
        "cachefirst",
        "Everything",
        "CacheOnly&policy=CacheFirst",
    ] {
        let answer = serve.get(&by(policy)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{policy}");
        assert!(answer.text().await.unwrap().contains("NetworkOnly"));
    }
    let other = serve.get(&format!("/{key}?other=1")).await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_with_the_reason() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let nobody = KeyPair::generate().unwrap().public();
    let answer = serve.packet(&nobody).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    let reason = answer.text().await.unwrap();
    assert!(reason.contains("nobody publishes"), "{reason}");
    assert_eq!(reason.lines().count(), 1);
    // For a moment that is remembered.
    assert_eq!(serve.packet(&nobody).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(serve.metric("pkarr_lookups_total").await, 1);

    // An owner who wrote something else than a packet.
    let seq = Seq::after(None, SystemTime::now()).unwrap();
    let odd = SignedItem::sign(&pair(3), seq, b"not dns at all").unwrap();
    dht(net.bootstrap()).put(&odd, None).await.unwrap();
    for policy in ["CacheFirst", "NetworkOnly"] {
        let path = format!("/{}?policy={policy}", odd.key());
        let answer = serve.get(&path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{policy}");
        let told = header(&answer, "pkarr-invalid-signed-packet-seq");
        assert_eq!(told, seq.get().to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_told_apart_from_what_is_not_there() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let key = pair(1).public().to_string();
    let padded = format!("{}{}", &key[..51], "b");
    for path in [
        format!("/{}", &key[..51]),
        format!("/{key}y"),
        format!("/{padded}"),
        format!("/{}l", &key[..51]),
        format!("/pkarr/{}", &key[..10]),
        "/pkarr/".to_owned(),
    ] {
        let answer = serve.get(&path).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        let reason = answer.text().await.unwrap();
        assert!(reason.contains("not a key"), "{path}: {reason}");
    }
    for path in ["/favicon.ico", "/nothing", &format!("/x/{key}")] {
        assert_eq!(
            serve.get(path).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let path = format!("/{key}");
    for method in [Method::POST, Method::DELETE, Method::PATCH] {
        let answer = serve.request(method, &path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(header(&answer, "allow"), "GET, HEAD, PUT, OPTIONS");
        assert!(!answer.text().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_all_origins_may_ask() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let path = format!("/{}", pair(1).public());
    let answer = serve
        .request(Method::OPTIONS, &path)
        .header("origin", "https://page.example")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "if-match,content-type")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    assert!(header(&answer, "access-control-allow-methods").contains("PUT"));
    let fields = header(&answer, "access-control-allow-headers").to_lowercase();
    for field in [
        "if-match",
        "content-type",
        "cache-control",
        "if-modified-since",
    ] {
        assert!(fields.contains(field), "{field}");
    }
    let plain = serve.request(Method::OPTIONS, &path).send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::NO_CONTENT);
    assert!(header(&plain, "allow").contains("PUT"));
}
