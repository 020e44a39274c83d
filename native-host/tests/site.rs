//! A site of one's own as its readers see it: real TLS with the key, real web servers behind, a
//! real DHT, all on loopback.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

use http_body_util::{BodyExt, Full, StreamBody};
use hyper::{
    StatusCode,
    body::{Bytes, Frame},
};
use pkarr_host::{
    cache::{Cache, Whose},
    endpoint::Target,
    key::KeyHost,
    packet::owner_name,
    publisher::Publisher,
    resolver::{Policy, Priority, Resolver, ResolverConfig},
    site::{Addresses, Announcer, SiteRecords},
    tls::Alpn,
    zone,
};
use support::{
    dht, pair, publish, resolver,
    server::{Server, head, proxy},
    testnet,
    visitor::{Visitor, nothing, text, tls},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_the_key_finds_the_site() {
    let net = testnet().await;
    let pair = pair(1);
    let key = pair.public();
    publish(
        net.bootstrap(),
        &pair,
        "www CNAME elsewhere.example.\nwww AAAA 2001:db8::1\n_note TXT \"stays\"",
    )
    .await;
    let server = Server::start().await;
    let site = proxy(server.address).await;

    let dht = dht(net.bootstrap());
    let cache = Cache::memory();
    let ours = Resolver::with(dht.clone(), None, cache.clone(), ResolverConfig::default());
    let publisher = Publisher::new(dht.clone(), None, ours);
    let records = SiteRecords {
        name: owner_name("www", &key).unwrap(),
        port: site.address().port(),
        addresses: Addresses::find(&[], zone::External::default(), site.address(), &dht)
            .await
            .unwrap(),
    };
    let external = zone::External::default();
    let mut announcer = Announcer::new(pair.clone(), None, records, publisher, external).unwrap();
    let published = announcer.publish().await.unwrap();
    assert_eq!(published.kept, 1);
    assert!(published.stored.nodes() > 0);
    assert_eq!(cache.kept().unwrap().len(), 1);

    let host = KeyHost::parse(&format!("www.{key}")).unwrap();
    let route = resolver(net.bootstrap())
        .route(&host, "https", Policy::NetworkOnly, Priority::Page)
        .await
        .unwrap();
    let [endpoint] = &route.endpoints[..] else {
        panic!("{route:?}");
    };
    assert!(endpoint.tls);
    assert_eq!(endpoint.key, key);
    let Target::Addresses(addresses) = &endpoint.target else {
        panic!("{endpoint:?}");
    };
    let [address] = addresses[..] else {
        panic!("{addresses:?}");
    };
    let place = SocketAddr::new(address, endpoint.port.unwrap());
    let mut visitor = Visitor::connect(place, &pair, Alpn::Any).await;
    let request = visitor.request(&pair, "/").body(nothing()).unwrap();
    assert_eq!(visitor.send(request).await.status(), StatusCode::OK);

    // What is due is put again.
    let due = SystemTime::now();
    cache.note_put(key, due, 0, due).await.unwrap();
    let put_again = async {
        while cache.kept().unwrap()[0].next_at <= due {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = announcer.keep() => panic!("keeping has no end"),
        () = put_again => {}
    }
    assert!(cache.kept().unwrap()[0].stored > Some(0));

    // It was not kept published before, so it isn't once the site has gone.
    announcer.end().await;
    assert_eq!(cache.kept().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_published_before_stays_so() {
    let net = testnet().await;
    let published = publish(net.bootstrap(), &pair(1), "@ A 1.2.3.4").await;
    let dht = dht(net.bootstrap());
    let cache = Cache::memory();
    let before = Whose::Own {
        key_file: None,
        zone_file: Some("/some.zone".into()),
    };
    let soon = SystemTime::now();
    let item = published.packet.item().clone();
    cache.keep_alive(item, before.clone(), soon).await.unwrap();
    let ours = Resolver::with(dht.clone(), None, cache.clone(), ResolverConfig::default());
    let publisher = Publisher::new(dht, None, ours);
    let records = SiteRecords {
        name: owner_name("@", &pair(1).public()).unwrap(),
        port: 443,
        addresses: Addresses::Fixed(vec!["127.0.0.1".parse().unwrap()]),
    };
    let external = zone::External::default();
    let announcer = Announcer::new(pair(1), None, records, publisher, external).unwrap();
    let published = announcer.publish().await.unwrap();
    announcer.end().await;
    let [kept] = &cache.kept().unwrap()[..] else {
        panic!("{cache:?}");
    };
    assert_eq!(kept.whose, before);
    assert_eq!(&kept.item, published.packet.item());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_learns_who_asks_for_what_from_the_site_alone() {
    let server = Server::start().await;
    let site = proxy(server.address).await;
    for alpn in [Alpn::Any, Alpn::Http11] {
        let mut visitor = Visitor::connect(site.address(), &pair(1), alpn).await;
        let request = visitor
            .request(&pair(1), "/a/b?c=d%20e")
            .header("x-forwarded-for", "6.6.6.6")
            .header("x_forwarded_for", "6.6.6.6")
            .header("x-forwarded-port", "6")
            .header("forwarded", "for=6.6.6.6")
            .header("x-real-ip", "6.6.6.6")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(nothing())
            .unwrap();
        let response = visitor.send(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["x-server"], "yes");
        assert!(!response.headers().contains_key("x-hop"));
        let text = text(response).await;
        let mut lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.remove(0), "GET /a/b?c=d%20e");
        lines.sort_unstable();
        let key = pair(1).public();
        let host = format!("host: {key}");
        let forwarded = format!("x-forwarded-host: {key}");
        let expected = [
            "cookie: a=1; b=2",
            &host,
            "x-forwarded-for: 127.0.0.1",
            &forwarded,
            "x-forwarded-proto: https",
        ];
        assert_eq!(lines, expected, "{alpn:?}");
    }
    // The second reader came by the same connection to the server.
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_stream_both_ways() {
    let server = Server::start().await;
    let site = proxy(server.address).await;
    for alpn in [Alpn::Any, Alpn::Http11] {
        let mut visitor = Visitor::connect(site.address(), &pair(1), alpn).await;
        let (sender, receiver) = mpsc::channel::<Bytes>(1);
        let stream = futures_util::stream::unfold(receiver, |mut receiver| async {
            let bytes = receiver.recv().await?;
            Some((Ok::<_, Infallible>(Frame::data(bytes)), receiver))
        });
        let request = visitor.request(&pair(1), "/echo").method("POST");
        let body = StreamBody::new(Box::pin(stream)).boxed_unsync();
        let mut response = visitor.send(request.body(body).unwrap()).await;
        // Each part comes back before the next is sent.
        for part in ["one", "two", "three"] {
            sender.send(part.into()).await.unwrap();
            let frame = response.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), part, "{alpn:?}");
        }
        drop(sender);
        let rest = response.into_body().collect().await.unwrap().to_bytes();
        assert!(rest.is_empty());
        // More than all buffers on the way.
        let much = Bytes::from(vec![7; 5_000_000]);
        let request = visitor.request(&pair(1), "/echo").method("POST");
        let request = request
            .body(Full::new(much.clone()).boxed_unsync())
            .unwrap();
        let response = visitor.send(request).await;
        let back = response.into_body().collect().await.unwrap().to_bytes();
        assert!(back == much, "{alpn:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn websockets_pass_and_other_upgrades_do_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = proxy(listener.local_addr().unwrap()).await;
    let mut near = tls(site.address(), &pair(1), Alpn::Http11).await.unwrap();
    let ask = |protocol: &str| {
        let key = pair(1).public();
        format!(
            "GET /socket HTTP/1.1\r\nHost: {key}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: {protocol}\r\nSec-WebSocket-Key: abc\r\n\r\n"
        )
    };
    near.write_all(ask("WebSocket").as_bytes()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    let asked = head(&mut far).await.to_ascii_lowercase();
    for field in [
        "connection: upgrade\r\n",
        "upgrade: websocket\r\n",
        "sec-websocket-key: abc\r\n",
        "x-forwarded-proto: https\r\n",
    ] {
        assert!(asked.contains(field), "{asked}");
    }
    far.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: def\r\n\r\nhello")
        .await
        .unwrap();
    let answered = head(&mut near).await.to_ascii_lowercase();
    assert!(answered.starts_with("http/1.1 101 "), "{answered}");
    for field in [
        "connection: upgrade\r\n",
        "upgrade: websocket\r\n",
        "sec-websocket-accept: def\r\n",
    ] {
        assert!(answered.contains(field), "{answered}");
    }
    let mut greeting = [0; 5];
    near.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"hello");
    near.write_all(b"and back").await.unwrap();
    let mut back = [0; 8];
    far.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"and back");

    let mut other = tls(site.address(), &pair(1), Alpn::Http11).await.unwrap();
    other.write_all(ask("h2c").as_bytes()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let asked = head(&mut server).await.to_ascii_lowercase();
    assert!(!asked.contains("upgrade"), "{asked}");
    server
        .write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        )
        .await
        .unwrap();
    let answered = head(&mut other).await;
    assert!(answered.starts_with("HTTP/1.1 502 "), "{answered}");

    // Nor may the server choose another protocol, or a coding that can’t be passed on.
    for answer in [
        "101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "101 Switching Protocols\r\n\r\n",
        "200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ] {
        let mut near = tls(site.address(), &pair(1), Alpn::Http11).await.unwrap();
        near.write_all(ask("websocket").as_bytes()).await.unwrap();
        let (mut far, _) = listener.accept().await.unwrap();
        head(&mut far).await;
        let answer = format!("HTTP/1.1 {answer}");
        far.write_all(answer.as_bytes()).await.unwrap();
        let told = head(&mut near).await;
        assert!(told.starts_with("HTTP/1.1 502 "), "{told} for {answer}");
    }

    // A WebSocket has no end of its own: it ends with the site.
    let stopped = tokio::time::timeout(Duration::from_secs(5), site.stop()).await;
    stopped.unwrap();
    assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = proxy(listener.local_addr().unwrap()).await;
    let mut visitor = Visitor::connect(site.address(), &pair(1), Alpn::Any).await;
    let request = visitor.request(&pair(1), "/").body(nothing()).unwrap();
    let hanging_up = async {
        let (mut far, _) = listener.accept().await.unwrap();
        head(&mut far).await;
    };
    let (response, ()) = tokio::join!(visitor.send(request), hanging_up);
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert!(text(response).await.contains("ended the connection"));

    drop(listener);
    let request = visitor.request(&pair(1), "/").body(nothing()).unwrap();
    let response = visitor.send(request).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    assert!(text(response).await.contains("does not answer"));
}
