//! The relay beside bare hyper that sends the same body, and beside `pkarr-relay`, logs off.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, header, service::service_fn};
use hyper_util::rt::TokioIo;
use pkarr_host::{item::SignedItem, zone};
use tokio::net::TcpListener;

use super::{
    bare::{self, Peer},
    dns::{Row, streams, turns},
    world::{self, World},
};

/// Measures answers from memory.
pub(crate) fn rows() -> Vec<Row> {
    let world = World::start();
    let item = signed();
    let payload = item.to_relay_payload();
    let ours = world.serve("");
    let nodes = world.bootstrap.join(",");
    let theirs = Peer::start("relay", nodes.as_bytes());
    let hyper = Peer::start("payload", &payload);
    for at in [ours.http, theirs.addresses[0]] {
        assert_eq!(world::put(at, &item), 204);
    }
    let request = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", item.key()).into_bytes();
    vec![
        turns("GET, bare hyper", Some(0.75), |bare| {
            let at = if bare { hyper.addresses[0] } else { ours.http };
            streams(at, &request)
        }),
        turns("GET, pkarr-relay", Some(2.0), |other| {
            let at = if other {
                theirs.addresses[0]
            } else {
                ours.http
            };
            streams(at, &request)
        }),
    ]
}

/// A packet as sites have it.
pub(crate) fn signed() -> SignedItem {
    let pair = bare::pair();
    let text = "@ 3600 A 203.0.113.7\nwww 3600 CNAME @\n@ 3600 HTTPS 1 . alpn=h2";
    let records = zone::parse(text, &pair.public()).unwrap();
    world::sign(&pair, &records)
}

/// Is one of the peers above; `false` for any other name.
pub(crate) async fn be(name: &str, answer: &[u8]) -> bool {
    match name {
        "relay" => relay(std::str::from_utf8(answer).unwrap()).await,
        "payload" => payload(Bytes::copy_from_slice(answer)).await,
        _ => return false,
    }
    true
}

/// The relay that others run, as it is started for tests, which has no limits, in a DHT of these
/// nodes.
async fn relay(nodes: &str) {
    let bootstrap: Vec<&str> = nodes.split(',').collect();
    let relay = pkarr_relay::Relay::run_test(&bootstrap).await.unwrap();
    println!("127.0.0.1:{}", relay.relay_address().port());
    // Until the process ends.
    std::mem::forget(relay);
}

/// What hyper does for one body, with the least that makes it an answer.
async fn payload(body: Bytes) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let body = body.clone();
            let service = service_fn(move |_| {
                let body = body.clone();
                async move {
                    let answer = Response::builder()
                        .header(header::CONTENT_TYPE, "application/pkarr.org/relays#payload")
                        .body(Full::new(body))
                        .unwrap();
                    Ok::<_, Infallible>(answer)
                }
            });
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    });
}
