//! The gateway as an HTTP client sees it: real sockets, real sites, a real DHT, all on loopback.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use http_body_util::{BodyExt, Full, StreamBody};
use hyper::{
    Request, Response,
    body::{Bytes, Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use pkarr_host::{
    address::PrivateAccess,
    dht::Testnet,
    gateway::{Gateway, GatewayConfig},
};
use support::{pair, publish, resolver, testnet};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

async fn gateway(net: &Testnet, allow_private: bool) -> Gateway {
    let config = GatewayConfig {
        private: PrivateAccess::new(allow_private, []),
        ..GatewayConfig::new("127.0.0.1:0".parse().unwrap())
    };
    Gateway::start(resolver(net.bootstrap()), config)
        .await
        .unwrap()
}

/// A site that tells what it was asked, and how many connections it has had.
struct Site {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Site {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service_fn(echo)),
                );
            }
        });
        Self {
            address,
            connections,
        }
    }

    fn port(&self) -> u16 {
        self.address.port()
    }
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let head = format!("{} {}\n", request.method(), request.uri());
    let fields: String = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let text = format!("{head}{fields}\n{}", String::from_utf8_lossy(&body));
    Ok(Response::builder()
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .header("x-site", "yes")
        .body(Full::from(text))
        .unwrap())
}

/// One request on a connection of its own, written as it stands; the whole answer.
async fn raw(gateway: &Gateway, request: &str) -> String {
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(gateway: &Gateway, url: &str) -> String {
    raw(
        gateway,
        &format!("GET {url} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nUpgrade-Insecure-Requests: 1\r\nConnection: close\r\n\r\n"),
    )
    .await
}

#[track_caller]
fn assert_page(answer: &str, status: u16, code: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    assert!(
        answer.contains(&format!("pkarr-error: {code}\r\n")),
        "{answer}"
    );
    assert!(
        answer.contains(&format!("<code id=\"code\">{code}</code>")),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_reached_by_its_key() {
    let net = testnet().await;
    let site = Site::start().await;
    let key = pair(20).public();
    publish(net.bootstrap(), &pair(20), "@ A 127.0.0.1\nwww CNAME @").await;
    let gateway = gateway(&net, true).await;
    let port = site.port();
    for (host, asked) in [
        (format!("{key}:{port}"), format!("{key}:{port}")),
        (format!("www.{key}:{port}"), format!("www.{key}:{port}")),
        (format!("{key}.:{port}"), format!("{key}:{port}")),
        (
            format!("{}:{port}", key.to_string().to_uppercase()),
            format!("{key}:{port}"),
        ),
    ] {
        let answer = get(&gateway, &format!("http://{host}/a/b?c=d%20e")).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("\nGET /a/b?c=d%20e\n"), "{answer}");
        assert!(answer.contains(&format!("host: {asked}\n")), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_the_connection_stay_on_it_and_no_others_are_added() {
    let net = testnet().await;
    let site = Site::start().await;
    let key = pair(21).public();
    publish(net.bootstrap(), &pair(21), "@ A 127.0.0.1").await;
    let gateway = gateway(&net, true).await;
    let answer = raw(
        &gateway,
        &format!(
            "PUT http://{key}:{}/ HTTP/1.1\r\nHost: elsewhere.example\r\nProxy-Connection: keep-alive\r\n\
             Proxy-Authorization: secret\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nX-Kept: 2\r\n\
             Content-Length: 5\r\n\r\nhello",
            site.port()
        ),
    )
    .await;
    assert!(answer.ends_with("\n\nhello"), "{answer}");
    for gone in [
        "secret",
        "x-mine",
        "elsewhere",
        "via:",
        "forwarded",
        "x-hop",
    ] {
        assert!(!answer.to_lowercase().contains(gone), "{gone}: {answer}");
    }
    assert!(answer.contains("x-kept: 2\n"), "{answer}");
    assert!(answer.contains("x-site: yes\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_kept_on_both_sides() {
    let net = testnet().await;
    let site = Site::start().await;
    let key = pair(22).public();
    publish(net.bootstrap(), &pair(22), "@ A 127.0.0.1").await;
    let gateway = gateway(&net, true).await;
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    for round in 0..5 {
        let request = format!(
            "GET http://{key}:{}/{round} HTTP/1.1\r\nHost: x\r\n\r\n",
            site.port()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let mut buffer = [0; 4096];
        // The echoed head ends in an empty line.
        while !answer.contains("accept") && !answer.ends_with("\n\n") {
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the gateway closed the connection: {answer}");
            answer.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        assert!(answer.contains(&format!("GET /{round}\n")), "{answer}");
    }
    assert_eq!(site.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_passed_on_as_they_come() {
    let net = testnet().await;
    let key = pair(23).public();
    publish(net.bootstrap(), &pair(23), "@ A 127.0.0.1").await;
    let gateway = gateway(&net, true).await;
    // A site that sends back each part of the body as soon as it has it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = service_fn(|request: Request<Incoming>| async move {
            let parts = request.into_body().into_data_stream();
            let body = StreamBody::new(futures_util::StreamExt::map(parts, |part| {
                part.map(Frame::data)
            }));
            Ok::<_, Infallible>(Response::new(body))
        });
        _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    });
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let head = format!(
        "POST http://{key}:{port}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut seen = String::new();
    for part in ["first", "second", "third"] {
        // Each part is only sent when the one before has come back: nothing waits for the end.
        let chunk = format!("{:x}\r\n{part}\r\n", part.len());
        stream.write_all(chunk.as_bytes()).await.unwrap();
        let mut buffer = [0; 1024];
        while !seen.contains(part) {
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "{seen}");
            seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
    }
}

/// A site that agrees to a WebSocket and then sends back what it gets; `ended` hears of its end.
async fn web_socket_site() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, heard) = mpsc::channel(2);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        told.send(String::from_utf8(head).unwrap()).await.unwrap();
        let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                      Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n";
        stream.write_all(agreed.as_bytes()).await.unwrap();
        let (mut read, mut write) = stream.split();
        _ = tokio::io::copy(&mut read, &mut write).await;
        told.send("ended".to_owned()).await.unwrap();
    });
    (port, heard)
}

/// Reads until the head of an answer has ended.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn web_sockets_go_through_a_tunnel() {
    let net = testnet().await;
    let key = pair(24).public();
    publish(net.bootstrap(), &pair(24), "@ A 127.0.0.1").await;
    let gateway = gateway(&net, true).await;
    let (port, mut site) = web_socket_site().await;
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let request = format!("CONNECT {key}:{port} HTTP/1.1\r\nHost: {key}:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200 "));
    let request = format!(
        "GET /chat HTTP/1.1\r\nHost: {key}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = head(&mut stream).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    assert!(answer.contains("sec-websocket-accept: x\r\n"), "{answer}");
    assert!(answer.contains("upgrade: websocket\r\n"), "{answer}");
    let seen = site.recv().await.unwrap().to_lowercase();
    assert!(seen.starts_with("get /chat http/1.1\r\n"), "{seen}");
    assert!(seen.contains(&format!("host: {key}:{port}\r\n")), "{seen}");
    stream.write_all(b"over and back").await.unwrap();
    let mut back = [0; 13];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"over and back");
    drop(stream);
    assert_eq!(site.recv().await.unwrap(), "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_leads_to_its_host_alone() {
    let net = testnet().await;
    let site = Site::start().await;
    let port = site.port();
    let (key, other) = (pair(28).public(), pair(29).public());
    publish(net.bootstrap(), &pair(28), "@ A 127.0.0.1\nwww A 127.0.0.1").await;
    publish(net.bootstrap(), &pair(29), "@ A 127.0.0.1").await;
    let gateway = gateway(&net, true).await;
    for (host, status) in [
        (format!("{key}:{port}"), "200"),
        (format!("{key}.:{port}"), "200"),
        (format!("www.{key}:{port}"), "421"),
        (format!("{other}:{port}"), "421"),
        (key.to_string(), "421"),
        ("example.com".to_owned(), "421"),
        (format!("{key}:{port}\r\nHost: {other}:{port}"), "400"),
    ] {
        let answer = raw(
            &gateway,
            &format!(
                "CONNECT {key}:{port} HTTP/1.1\r\nHost: {key}:{port}\r\n\r\n\
                 GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            ),
        )
        .await;
        let inner = answer.split_once("\r\n\r\n").unwrap().1;
        assert!(
            inner.starts_with(&format!("HTTP/1.1 {status} ")),
            "{host}: {inner}"
        );
    }
    assert_eq!(site.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_no_way_to_anywhere_else() {
    let net = testnet().await;
    let gateway = gateway(&net, true).await;
    let site = Site::start().await;
    let at = site.address;
    for url in [
        format!("http://{at}/"),
        format!("http://localhost:{}/", at.port()),
        "http://example.com/".to_owned(),
        format!("http://{}.com/", pair(20).public()),
        format!("http://{}z/", &pair(20).public().to_string()[..51]),
    ] {
        assert_page(&get(&gateway, &url).await, 403, "not-a-key");
    }
    let tunnel = format!("CONNECT {at} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    assert!(
        raw(&gateway, &tunnel)
            .await
            .contains("pkarr-error: not-a-key")
    );
    for request in [
        "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        "GET https://{}/ HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
    ] {
        let request = request.replace("{}", &pair(20).public().to_string());
        let answer = raw(&gateway, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    assert_eq!(site.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_has_its_page() {
    let net = testnet().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let zone = "@ A 127.0.0.1\nicann HTTPS 1 example.com.\nport CNAME example.com.\n\
                empty TXT x\nmapped AAAA ::ffff:127.0.0.1";
    publish(net.bootstrap(), &pair(25), zone).await;
    let key = pair(25).public();
    let open = gateway(&net, true).await;
    let unknown = pair(26).public();
    let failed = get(&open, &format!("http://{key}:{port}/")).await;
    assert_page(&failed, 502, "connect-failed");
    let bad_port = get(&open, &format!("http://{key}:22/")).await;
    assert_page(&bad_port, 403, "bad-port");
    let empty = get(&open, &format!("http://empty.{key}/")).await;
    assert_page(&empty, 404, "no-endpoint");
    // The key has records, and the reader may see which.
    assert!(empty.contains("<b>CNAME</b> example.com."), "{empty}");
    assert!(empty.contains("content-language: en\r\n"), "{empty}");
    assert!(empty.contains("vary: Accept-Language\r\n"), "{empty}");
    assert_page(
        &get(&open, &format!("http://{unknown}/")).await,
        404,
        "no-record",
    );
    for name in ["icann", "port"] {
        let answer = get(&open, &format!("http://{name}.{key}/a?b")).await;
        assert!(answer.starts_with("HTTP/1.1 307 "), "{answer}");
        assert!(
            answer.contains("location: https://example.com/a?b\r\n"),
            "{answer}"
        );
    }
    let guarded = gateway(&net, false).await;
    for name in ["", "mapped."] {
        let answer = get(&guarded, &format!("http://{name}{key}:{port}/")).await;
        assert_page(&answer, 403, "private-address");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_answer_is_followed_by_the_next() {
    let net = testnet().await;
    let site = Site::start().await;
    // Nothing listens at the first address; the site listens at 127.0.0.1 alone.
    publish(net.bootstrap(), &pair(27), "@ A 127.3.2.1\n@ A 127.0.0.1").await;
    let gateway = gateway(&net, true).await;
    let url = format!("http://{}:{}/", pair(27).public(), site.port());
    assert!(get(&gateway, &url).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_for_a_page_gets_a_line_of_text() {
    let net = testnet().await;
    let gateway = gateway(&net, true).await;
    let answer = raw(
        &gateway,
        "GET http://example.com/a.png HTTP/1.1\r\nHost: x\r\nSec-Fetch-Dest: image\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.contains("content-type: text/plain"), "{answer}");
    assert!(!answer.contains("<html"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_does_not_make_the_gateway_look_up_hundreds_of_keys() {
    const KEYS: u8 = 100;
    let (_socket, bootstrap) = support::silent();
    let config = GatewayConfig::new("127.0.0.1:0".parse().unwrap());
    let gateway = Gateway::start(resolver(&bootstrap), config).await.unwrap();
    let page = pair(200).public();
    let (told, mut answers) = mpsc::channel(usize::from(KEYS));
    for number in 0..KEYS {
        let url = format!("http://{}/a.png", pair(number).public());
        let request = format!(
            "GET {url} HTTP/1.1\r\nHost: x\r\nReferer: http://{page}/\r\nConnection: close\r\n\r\n"
        );
        let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
        let told = told.clone();
        tokio::spawn(async move {
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            _ = told.send(answer).await;
        });
    }
    // The first 64 are looked up, by nodes that never answer; the rest is told so at once.
    for _ in 64..KEYS {
        let answer = answers.recv().await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("pkarr-error: busy\r\n"), "{answer}");
        assert!(answer.contains("retry-after: 5\r\n"), "{answer}");
    }
}
