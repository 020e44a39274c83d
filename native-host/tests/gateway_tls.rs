//! The gateway and TLS: with the key towards sites, with a certificate of its own towards browsers.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, atomic::Ordering};

use http_body_util::Empty;
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use pkarr_host::tls::{H2, HTTP_11, server_config};
use rcgen::{CertificateParams, KeyPair as CertificateKey};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use support::{
    machine::{Machine, code, text},
    pair, publish, resolver,
    site::TlsSite,
    testnet,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A server with an ordinary certificate.
fn ordinary() -> ServerConfig {
    let key = CertificateKey::generate().unwrap();
    let certificate = CertificateParams::new(vec!["site.example".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_comes_over_tls_all_the_way() {
    let net = testnet().await;
    let site = TlsSite::start(server_config(&pair(1), &[H2, HTTP_11]).unwrap()).await;
    let port = site.port();
    let zone = format!("@ HTTPS 1 . alpn=h2 port={port}\n@ A 127.0.0.1");
    publish(net.bootstrap(), &pair(1), &zone).await;
    let machine = Machine::start(&net).await;
    let key = pair(1).public().to_string();
    let (response, _sender) = machine.get(&key, "/a?b=c", true).await;
    assert_eq!(response.status(), StatusCode::OK);
    let policies: Vec<_> = response
        .headers()
        .get_all("content-security-policy")
        .iter()
        .collect();
    assert_eq!(policies, ["treat-as-public-address"]);
    assert!(!response.headers().contains_key("strict-transport-security"));
    assert!(!response.headers().contains_key("alt-svc"));
    let text = text(response).await;
    assert!(
        text.starts_with(&format!("HTTP/2.0 GET https://{key}/a?b=c\n")),
        "{text}"
    );
    assert!(text.contains("cookie: a=1; b=2\n"), "{text}");
    // The next request, on another connection of the browser, shares the one to the site.
    machine.get(&key, "/", true).await;
    assert_eq!(site.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_is_spoken_with_a_site_that_has_no_other() {
    let net = testnet().await;
    let site = TlsSite::start(server_config(&pair(2), &[HTTP_11]).unwrap()).await;
    let zone = format!("www HTTPS 1 . port={}\nwww A 127.0.0.1", site.port());
    publish(net.bootstrap(), &pair(2), &zone).await;
    let machine = Machine::start(&net).await;
    let host = format!("www.{}", pair(2).public());
    for _ in 0..3 {
        let (response, _sender) = machine.get(&host, "/", true).await;
        let text = text(response).await;
        assert!(text.starts_with("HTTP/1.1 GET /\n"), "{text}");
        assert!(text.contains(&format!("host: {host}\n")), "{text}");
    }
    assert_eq!(site.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_decides_which_scheme_a_page_has() {
    let net = testnet().await;
    let site = TlsSite::start(server_config(&pair(3), &[HTTP_11]).unwrap()).await;
    let zone = format!(
        "tls HTTPS 1 . port={}\ntls A 127.0.0.1\nplain A 127.0.0.1\nelse HTTPS 1 a.example. port=8443",
        site.port()
    );
    publish(net.bootstrap(), &pair(3), &zone).await;
    let machine = Machine::start(&net).await;
    let key = pair(3).public();
    let answer = machine.get_plainly(&format!("tls.{key}")).await;
    assert!(answer.starts_with("HTTP/1.1 307 "), "{answer}");
    assert!(
        answer.contains(&format!("location: https://tls.{key}/a?b\r\n")),
        "{answer}"
    );
    let (response, _sender) = machine.get(&format!("plain.{key}"), "/a?b", true).await;
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(
        response.headers()["location"],
        format!("http://plain.{key}/a?b")
    );
    let (response, _sender) = machine.get(&format!("plain.{key}"), "/a.png", false).await;
    assert_eq!(code(&response), "no-tls");
    let (response, _sender) = machine.get(&format!("else.{key}"), "/a?b", true).await;
    assert_eq!(response.headers()["location"], "https://a.example:8443/a?b");
    // Where the browser does not trust the root, the page stays at http:// and TLS begins here.
    machine.https_in_use.store(false, Ordering::Relaxed);
    let answer = machine.get_plainly(&format!("tls.{key}")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("HTTP/1.1 GET /a?b\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_prove_the_key_is_sent_nothing() {
    let net = testnet().await;
    let wrong = TlsSite::start(server_config(&pair(5), &[HTTP_11]).unwrap()).await;
    let ordinary = TlsSite::start(ordinary()).await;
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain_port = plain.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            _ = stream.read(&mut [0; 1024]).await;
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        }
    });
    let cut = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cut_port = cut.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = cut.accept().await {
            // The first five bytes of a ServerHello.
            _ = stream.write_all(&[22, 3, 3, 0, 90]).await;
        }
    });
    let zone = format!(
        "wrong HTTPS 1 . port={}\nordinary HTTPS 1 . port={}\nplain HTTPS 1 . port={plain_port}\n\
         cut HTTPS 1 . port={cut_port}\n@ A 127.0.0.1",
        wrong.port(),
        ordinary.port()
    );
    publish(net.bootstrap(), &pair(4), &zone).await;
    let machine = Machine::start(&net).await;
    let key = pair(4).public();
    for (name, expected) in [
        ("wrong", "wrong-key"),
        ("ordinary", "no-raw-key"),
        ("plain", "tls-failed"),
        ("cut", "tls-failed"),
    ] {
        let (response, _sender) = machine.get(&format!("{name}.{key}"), "/", true).await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY, "{name}");
        assert_eq!(code(&response), expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_moves_gets_no_request_at_its_old_place() {
    let net = testnet().await;
    let old = TlsSite::start(server_config(&pair(6), &[H2]).unwrap()).await;
    let new = TlsSite::start(server_config(&pair(6), &[H2]).unwrap()).await;
    let zone = |site: &TlsSite| format!("@ 300 HTTPS 1 . port={}\n@ A 127.0.0.1", site.port());
    publish(net.bootstrap(), &pair(6), &zone(&old)).await;
    let resolver = resolver(net.bootstrap());
    let machine = Machine::with(resolver.clone()).await;
    let key = pair(6).public();
    let host = key.to_string();
    let (response, mut page) = machine.get(&host, "/", true).await;
    assert_eq!(response.status(), StatusCode::OK);
    publish(net.bootstrap(), &pair(6), &zone(&new)).await;
    resolver
        .resolve(&key, pkarr_host::resolver::Policy::NetworkOnly)
        .await
        .unwrap();
    // The page is still open, and asks for more on the connection that it has.
    let request = Request::get(format!("https://{host}/more"))
        .body(Empty::new())
        .unwrap();
    let response = page.send_request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!((old.connections(), new.connections()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_is_for_the_host_of_its_tunnel() {
    let net = testnet().await;
    let machine = Machine::start(&net).await;
    let (key, other) = (pair(7).public(), pair(8).public().to_string());
    let at = format!("{key}:443");
    for name in [other.as_str(), "example.com"] {
        machine.tls(&at, name, &[H2]).await.unwrap_err();
    }
    machine
        .tls(&at, &key.to_string(), &[HTTP_11])
        .await
        .unwrap();
    let (answer, _) = machine.connect("example.com:443").await;
    assert!(answer.contains("pkarr-error: not-a-key\r\n"), "{answer}");
    let stream = machine
        .tls(&at, &key.to_string(), &[HTTP_11])
        .await
        .unwrap();
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(driver);
    let request = Request::get("/")
        .header("host", &other)
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(code(&response), "misdirected");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probe_is_answered_while_https_is_on() {
    let net = testnet().await;
    let machine = Machine::start(&net).await;
    let root = machine.roots.current().unwrap().unwrap();
    let probe = root.probe().to_string();
    let (response, _sender) = machine.get(&probe, "/", false).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let (response, mut open) = machine.get(&probe, "/", false).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    machine.roots.delete().unwrap();
    // Neither a connection that is open already nor a new one is of use any more.
    let request = Request::get(format!("https://{probe}/"))
        .body(Empty::new())
        .unwrap();
    let response = open.send_request(request).await.unwrap();
    assert_eq!(code(&response), "https-off");
    let (answer, _) = machine.connect(&format!("{probe}:443")).await;
    assert!(answer.starts_with("HTTP/1.1 501 "), "{answer}");
    assert!(answer.contains("pkarr-error: https-off\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secure_web_socket_opens() {
    let net = testnet().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor =
        tokio_rustls::TlsAcceptor::from(Arc::new(server_config(&pair(9), &[H2, HTTP_11]).unwrap()));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(HTTP_11));
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                      Upgrade: websocket\r\n\r\n";
        stream.write_all(agreed.as_bytes()).await.unwrap();
        let (mut read, mut write) = tokio::io::split(stream);
        _ = tokio::io::copy(&mut read, &mut write).await;
    });
    let zone = format!("@ HTTPS 1 . port={port}\n@ A 127.0.0.1");
    publish(net.bootstrap(), &pair(9), &zone).await;
    let machine = Machine::start(&net).await;
    let key = pair(9).public().to_string();
    let at = format!("{key}:443");
    let mut stream = machine.tls(&at, &key, &[HTTP_11]).await.unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    stream.write_all(b"there and back").await.unwrap();
    let mut back = [0; 14];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"there and back");
}
