//! The gateway and difficult sites: slow, broken, half gone.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use http_body_util::Empty;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use pkarr_host::tls::{H2, HTTP_11, server_config};
use support::{
    machine::{Machine, code},
    pair, publish,
    site::TlsSite,
    testnet,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Barrier, Semaphore},
};
use tokio_rustls::TlsAcceptor;

type Empties = Result<Response<Empty<Bytes>>, io::Error>;

/// A place where something answers and breaks off at once; how often it was reached.
async fn broken(address: &str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(address).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            drop(stream);
        }
    });
    (port, reached)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_a_site_breaks_off_is_sent_once_more_and_not_again() {
    let net = testnet().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let acceptor = TlsAcceptor::from(Arc::new(server_config(&pair(1), &[H2]).unwrap()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let stream = acceptor.accept(stream).await.unwrap();
            let count = Arc::clone(&count);
            let service = service_fn(move |request: Request<Incoming>| {
                let count = Arc::clone(&count);
                async move {
                    if request.uri().path() == "/" {
                        return Empties::Ok(Response::new(Empty::new()));
                    }
                    // The stream is reset; the connection goes on.
                    count.fetch_add(1, Ordering::Relaxed);
                    Err(io::Error::other("no"))
                }
            });
            let served = http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(served);
        }
    });
    let zone = format!("@ HTTPS 1 . port={port}\n@ A 127.0.0.1");
    publish(net.bootstrap(), &pair(1), &zone).await;
    let machine = Machine::start(&net).await;
    let key = pair(1).public().to_string();
    let (response, _sender) = machine.get(&key, "/", true).await;
    assert_eq!(response.status(), StatusCode::OK);
    let (response, _sender) = machine.get(&key, "/broken", true).await;
    assert_eq!(code(&response), "connect-failed");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_a_site_are_opened_side_by_side() {
    const AT_ONCE: usize = 6;
    let net = testnet().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(server_config(&pair(2), &[HTTP_11]).unwrap()));
    // Parts of the page are answered when as many have come over as many connections.
    let all = Arc::new(Barrier::new(AT_ONCE));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, all) = (acceptor.clone(), Arc::clone(&all));
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                let service = service_fn(move |request: Request<Incoming>| {
                    let all = Arc::clone(&all);
                    async move {
                        if request.uri().path() != "/" {
                            all.wait().await;
                        }
                        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
                    }
                });
                _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    let zone = format!("@ HTTPS 1 . port={port}\n@ A 127.0.0.1");
    publish(net.bootstrap(), &pair(2), &zone).await;
    let machine = Arc::new(Machine::start(&net).await);
    let key = pair(2).public().to_string();
    let (response, _sender) = machine.get(&key, "/", true).await;
    assert_eq!(response.status(), StatusCode::OK);
    let parts: Vec<_> = (0..AT_ONCE)
        .map(|number| {
            let (machine, key) = (Arc::clone(&machine), key.clone());
            tokio::spawn(async move {
                let (response, _sender) = machine.get(&key, &format!("/{number}"), false).await;
                response.status()
            })
        })
        .collect();
    for part in parts {
        assert_eq!(part.await.unwrap(), StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_for_a_dead_site_fail_together() {
    const TOGETHER: usize = 4;
    let net = testnet().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tried = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tried);
    let gate = Arc::new(Semaphore::new(0));
    let cut = Arc::clone(&gate);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            // The handshake is cut off when the test says so.
            cut.acquire().await.unwrap().forget();
            drop(stream);
        }
    });
    let zone = format!("@ HTTPS 1 . port={port}\n@ A 127.0.0.1");
    publish(net.bootstrap(), &pair(3), &zone).await;
    let machine = Arc::new(Machine::start(&net).await);
    let key = pair(3).public().to_string();
    // One that comes after the others have failed rightly tries itself, which on a busy machine can be
    // all of them: so they get more than one chance.
    const ROUNDS: usize = 20;
    for _ in 0..ROUNDS {
        let before = tried.load(Ordering::Relaxed);
        let mut connections = Vec::new();
        for _ in 0..TOGETHER {
            let at = format!("{key}:443");
            connections.push(machine.tls(&at, &key, &[HTTP_11]).await.unwrap());
        }
        let mut waiting = Vec::new();
        for stream in connections {
            let (mut sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                .await
                .unwrap();
            tokio::spawn(driver);
            let request = Request::get("/")
                .header("host", &key)
                .body(Empty::<Bytes>::new())
                .unwrap();
            waiting.push(tokio::spawn(async move {
                sender.send_request(request).await.unwrap()
            }));
        }
        while tried.load(Ordering::Relaxed) == before {
            tokio::task::yield_now().await;
        }
        gate.add_permits(TOGETHER);
        for answer in waiting {
            assert_eq!(code(&answer.await.unwrap()), "tls-failed");
        }
        // What a late one did not need is not for the next round.
        gate.forget_permits(TOGETHER);
        if tried.load(Ordering::Relaxed) - before < TOGETHER {
            return;
        }
    }
    panic!("Each of {TOGETHER} requests tried the dead site itself, {ROUNDS} times over.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_and_its_parts_share_a_connection() {
    let net = testnet().await;
    let site = TlsSite::start(server_config(&pair(4), &[H2]).unwrap()).await;
    let zone = format!("@ HTTPS 1 . port={}\n@ A 127.0.0.1", site.port());
    publish(net.bootstrap(), &pair(4), &zone).await;
    let machine = Machine::start(&net).await;
    let key = pair(4).public().to_string();
    for page in [true, false, false] {
        let (response, _sender) = machine.get(&key, "/", page).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert_eq!(site.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_prove_the_key_is_followed_by_the_next() {
    let net = testnet().await;
    let site = TlsSite::start(server_config(&pair(5), &[HTTP_11]).unwrap()).await;
    // Another machine at the other address, which answers and holds no key.
    let (_, reached) = broken(&format!("127.0.0.2:{}", site.port())).await;
    let zone = format!(
        "@ HTTPS 1 . port={}\n@ A 127.0.0.2\n@ A 127.0.0.1",
        site.port()
    );
    publish(net.bootstrap(), &pair(5), &zone).await;
    let machine = Machine::start(&net).await;
    let key = pair(5).public().to_string();
    let (response, _sender) = machine.get(&key, "/", true).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(reached.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_is_left_and_remembered() {
    let net = testnet().await;
    let site = TlsSite::start(server_config(&pair(6), &[HTTP_11]).unwrap()).await;
    let (port, reached) = broken("127.0.0.1:0").await;
    let zone = format!(
        "@ HTTPS 1 . port={port}\n@ HTTPS 2 . port={}\n@ A 127.0.0.1",
        site.port()
    );
    publish(net.bootstrap(), &pair(6), &zone).await;
    let machine = Machine::start(&net).await;
    let key = pair(6).public().to_string();
    let (response, _sender) = machine.get(&key, "/", true).await;
    assert_eq!(response.status(), StatusCode::OK);
    // A WebSocket takes a connection of its own, and does not try the one that failed again.
    let at = format!("{key}:443");
    let stream = machine.tls(&at, &key, &[HTTP_11]).await.unwrap();
    let (mut sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(driver);
    let request = Request::get("/")
        .header("host", &key)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(reached.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_paid_for_like_other_parts() {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::mpsc,
    };
    const KEYS: u8 = 100;
    let (_socket, bootstrap) = support::silent();
    let machine = Machine::with(support::resolver(&bootstrap)).await;
    let page = pair(200).public();
    let (told, mut answers) = mpsc::channel(usize::from(KEYS));
    // All are there before the first asks: it is answered some seconds later, and the rest is to come
    // before that.
    let mut streams = Vec::new();
    for _ in 0..KEYS {
        streams.push(TcpStream::connect(machine.gateway.address()).await.unwrap());
    }
    for (number, mut stream) in (0..KEYS).zip(streams) {
        // Whatever its sub-domain, it is the same page.
        let request = format!(
            "GET http://{}/ HTTP/1.1\r\nHost: x\r\nSec-Fetch-Dest: iframe\r\n\
             Referer: http://{number}.{page}/\r\nConnection: close\r\n\r\n",
            pair(number).public()
        );
        let told = told.clone();
        tokio::spawn(async move {
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            _ = told.send(answer).await;
        });
    }
    for _ in 64..KEYS {
        let answer = answers.recv().await.unwrap();
        assert!(answer.contains("pkarr-error: busy\r\n"), "{answer}");
    }
}
