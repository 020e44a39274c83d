//! What a site puts up with, and how it ends.

#![allow(clippy::unwrap_used)]

mod support;

use std::{sync::atomic::Ordering, time::Duration};

use hyper::Request;
use pkarr_host::{site::SiteLimits, tls::Alpn};
use support::{
    pair,
    server::{Server, head, proxy, proxy_with, rest},
    visitor::{Visitor, nothing, text, tls},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_are_refused() {
    let server = Server::start().await;
    let site = proxy(server.address).await;
    let key = pair(1).public();
    let other = pair(2).public();
    let misdirected = format!("GET / HTTP/1.1\r\nHost: {other}\r\n\r\n");
    let absolute = format!("GET http://{other}/ HTTP/1.1\r\nHost: {key}\r\n\r\n");
    let coded = format!(
        "POST / HTTP/1.1\r\nHost: {key}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
    );
    for (request, status) in [
        (&*coded, 400),
        (&misdirected, 421),
        (&absolute, 421),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 421),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405),
    ] {
        let mut stream = tls(site.address(), &pair(1), Alpn::Http11).await.unwrap();
        _ = stream.write_all(request.as_bytes()).await;
        let head = head(&mut stream).await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(head.starts_with(&expected), "{head} for {:.60}", request);
    }
    let mut visitor = Visitor::connect(site.address(), &pair(1), Alpn::Any).await;
    for (target, host, status) in [
        (other.to_string(), "", 421),
        (key.to_string(), "localhost", 400),
    ] {
        let mut request = Request::get(format!("https://{target}/"));
        if !host.is_empty() {
            request = request.header("host", host);
        }
        let response = visitor.send(request.body(nothing()).unwrap()).await;
        assert_eq!(response.status(), status);
    }
    let long = "x".repeat(100_000);
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n");
    let mut stream = tls(site.address(), &pair(1), Alpn::Http11).await.unwrap();
    // The site need not take all of it.
    _ = stream.write_all(long.as_bytes()).await;
    _ = stream.flush().await;
    // The answer may be lost, as the connection is closed while bytes are still under way.
    let answer = rest(&mut stream).await;
    let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 431 ");
    assert!(refused, "{answer}");
    assert_eq!(server.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_is_not_waited_for() {
    let limits = SiteLimits {
        handshake: Duration::from_millis(100),
        head: Duration::from_millis(100),
        ..SiteLimits::default()
    };
    let server = Server::start().await;
    let site = proxy_with(server.address, limits).await;
    let mut mute = TcpStream::connect(site.address()).await.unwrap();
    assert_eq!(rest(&mut mute).await, "");
    let mut slow = tls(site.address(), &pair(1), Alpn::Http11).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost").await.unwrap();
    assert!(!rest(&mut slow).await.contains(" 200 "));

    // The two protocols alike.
    let limits = SiteLimits {
        silence: Duration::from_millis(100),
        ..SiteLimits::default()
    };
    let site = proxy_with(server.address, limits).await;
    let mut mute = tls(site.address(), &pair(1), Alpn::Any).await.unwrap();
    mute.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut all = Vec::new();
    _ = mute.read_to_end(&mut all).await;
    assert!(!all.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_wait_for_others_to_end() {
    let limits = SiteLimits {
        connections: 1,
        ..SiteLimits::default()
    };
    let server = Server::start().await;
    let site = proxy_with(server.address, limits).await;
    let first = tls(site.address(), &pair(1), Alpn::Any).await.unwrap();
    let pair = pair(1);
    let mut second = Box::pin(tls(site.address(), &pair, Alpn::Any));
    let waiting = tokio::time::timeout(Duration::from_millis(200), &mut second).await;
    assert!(waiting.is_err());
    drop(first);
    second.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_begun_is_finished_when_the_site_stops() {
    for alpn in [Alpn::Any, Alpn::Http11] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let site = proxy(listener.local_addr().unwrap()).await;
        let address = site.address();
        let mut visitor = Visitor::connect(address, &pair(1), alpn).await;
        let idle = Visitor::connect(address, &pair(1), alpn).await;
        let request = visitor.request(&pair(1), "/").body(nothing()).unwrap();
        let asking = tokio::spawn(async move { text(visitor.send(request).await).await });
        let (mut far, _) = listener.accept().await.unwrap();
        head(&mut far).await;
        let stopping = tokio::spawn(site.stop());
        // No longer listens, and has nothing more to say to who asks nothing.
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        far.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
            .await
            .unwrap();
        assert_eq!(asking.await.unwrap(), "late");
        let stopped = tokio::time::timeout(Duration::from_secs(5), stopping).await;
        stopped.unwrap().unwrap();
        drop(idle);
    }
}

#[tokio::test]
async fn a_websocket_whose_reader_has_gone_gives_its_place_to_others() {
    let limits = SiteLimits {
        connections: 1,
        ..SiteLimits::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = proxy_with(listener.local_addr().unwrap(), limits).await;
    let pair = pair(1);
    let mut near = tls(site.address(), &pair, Alpn::Http11).await.unwrap();
    let key = pair.public();
    let ask = format!(
        "GET / HTTP/1.1\r\nHost: {key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    );
    near.write_all(ask.as_bytes()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    head(&mut far).await;
    let agreed =
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    far.write_all(agreed).await.unwrap();
    head(&mut near).await;
    near.shutdown().await.unwrap();
    drop(near);
    // The server hears of it, and neither says anything nor closes its side.
    assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    let second = tls(site.address(), &pair, Alpn::Http11);
    let second = tokio::time::timeout(Duration::from_secs(5), second).await;
    second.unwrap().unwrap();
}
