//! Connections as strangers make them.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode, Version};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    signed,
    support::{
        pair,
        serve::{PATIENCE, Serve},
        server::{head, rest},
        testnet,
    },
};

const IMPATIENT: &str = "[http]\nhead-seconds = 1\nbody-seconds = 1\nidle-seconds = 2\n";

async fn says(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// What is answered, until the connection ends, which it has to do.
async fn until_end(mut stream: TcpStream) -> String {
    tokio::time::timeout(PATIENCE, rest(&mut stream))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_is_spoken_without_tls_too() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let item = signed(&pair(1), "@ A 1.2.3.4");
    assert!(serve.put(&item).await.status().is_success());
    let client = Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let url = serve.url(&format!("/{}", item.key()));
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.bytes().await.unwrap(), item.to_relay_payload());
    let head = client.head(&url).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    let length = head.headers()["content-length"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(length, item.to_relay_payload().len().to_string());
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_kept_for_many_requests() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let request = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut stream = says(serve.http, &request.repeat(3)).await;
    for _ in 0..3 {
        let head = head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let mut body = [0; 3];
        stream.read_exact(&mut body).await.unwrap();
        assert_eq!(&body, b"ok\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_ended() {
    let net = testnet().await;
    let serve = Serve::with(net.bootstrap(), IMPATIENT);
    let key = pair(1).public();
    // Nothing, half a head, half a body.
    until_end(says(serve.http, "").await).await;
    until_end(says(serve.http, "GET / HTTP/1.1\r\nhost:").await).await;
    let put = format!("PUT /{key} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf");
    let answer = until_end(says(serve.http, &put).await).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    // Drop by drop is no better.
    let mut stream = says(serve.http, "GET / HTTP/1.1\r\n").await;
    let began = Instant::now();
    while stream.write_all(b"x: y\r\n").await.is_ok() {
        assert!(began.elapsed() < PATIENCE, "the head may go on for ever");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Others are served all the while.
    assert_eq!(serve.get("/healthz").await.status(), StatusCode::OK);
}

/// What a client of HTTP/2 begins with: the preface, and settings of which none is changed.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// A frame that has to be answered, and asks for nothing.
const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

#[tokio::test(flavor = "multi_thread")]
async fn pings_alone_keep_no_connection() {
    let net = testnet().await;
    let serve = Serve::with(net.bootstrap(), IMPATIENT);
    let stream = TcpStream::connect(serve.http).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    writer.write_all(PREFACE).await.unwrap();
    writer.write_all(SETTINGS).await.unwrap();
    let pinging = tokio::spawn(async move {
        while writer.write_all(PING).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let mut answered = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, reader.read_to_end(&mut answered)).await;
    assert!(ended.is_ok(), "pings keep it for ever");
    // It was HTTP/2, and the pings were answered.
    let pong = [&PING[..4], &[1], &PING[5..]].concat();
    assert!(answered.windows(pong.len()).any(|frame| frame == pong));
    pinging.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_spoken_has_to_be_known_in_time() {
    let net = testnet().await;
    let serve = Serve::with(net.bootstrap(), IMPATIENT);
    let mut stream = TcpStream::connect(serve.http).await.unwrap();
    let mut said = 0;
    for byte in PREFACE {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        said += 1;
        let mut byte = [0];
        let quiet = Duration::from_millis(700);
        if let Ok(read) = tokio::time::timeout(quiet, stream.read(&mut byte)).await {
            assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
            break;
        }
    }
    assert!(said < PREFACE.len(), "the preface may take for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_never_reads_is_dropped() {
    let net = testnet().await;
    let serve = Serve::with(net.bootstrap(), IMPATIENT);
    let request = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".repeat(50);
    let mut stream = TcpStream::connect(serve.http).await.unwrap();
    let began = Instant::now();
    // Until nothing more fits in between, and then until the other side has had enough.
    loop {
        let written = tokio::time::timeout(PATIENCE, stream.write_all(request.as_bytes())).await;
        match written.unwrap() {
            Ok(()) => assert!(began.elapsed() < PATIENCE),
            Err(_) => break,
        }
    }
    assert_eq!(serve.get("/healthz").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_or_too_much_of_it_is_refused() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let long = "x".repeat(40_000);
    let many: String = (0..200)
        .map(|number| format!("x-{number}: y\r\n"))
        .collect();
    let key = pair(1).public();
    for (text, status) in [
        ("nonsense\r\n\r\n".to_owned(), "400"),
        (format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"), "4"),
        (
            format!("GET / HTTP/1.1\r\nhost: x\r\nx: {long}\r\n\r\n"),
            "431",
        ),
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"), "431"),
        (
            format!(
                "PUT /{key} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\
                 content-length: 6\r\n\r\nabcdef"
            ),
            "400",
        ),
        (
            format!("PUT /{key} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
            "400",
        ),
    ] {
        let answer = until_end(says(serve.http, &text).await).await;
        let wanted = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&wanted), "{}: {answer}", &text[..20]);
    }
    let traced = until_end(
        says(
            serve.http,
            "TRACE / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        )
        .await,
    )
    .await;
    assert!(traced.starts_with("HTTP/1.1 405"), "{traced}");
    // Bytes of all kinds.
    let mut stream = TcpStream::connect(serve.http).await.unwrap();
    let garbage: Vec<u8> = (0..5000_u32).map(|n| (n * 7919 % 251) as u8).collect();
    _ = stream.write_all(&garbage).await;
    until_end(stream).await;
    assert_eq!(serve.get("/healthz").await.status(), StatusCode::OK);
    assert_eq!(serve.log_lines("panicked"), 0, "{}", serve.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_connections_are_open() {
    let net = testnet().await;
    let serve = Serve::with(net.bootstrap(), "[http]\nconnections = 4\n");
    let request = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut stream = says(serve.http, request).await;
        head(&mut stream).await;
        open.push(stream);
    }
    // The fifth waits until one has left.
    let mut fifth = says(serve.http, request).await;
    let early = tokio::time::timeout(Duration::from_millis(300), head(&mut fifth)).await;
    assert!(early.is_err());
    open.pop();
    let answer = tokio::time::timeout(PATIENCE, head(&mut fifth))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"));
}
