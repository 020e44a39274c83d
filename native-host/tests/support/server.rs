//! A web server, and a site in front of it.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use pkarr_host::site::{Content, Proxy, Site, SiteLimits};
use tokio::{io::AsyncReadExt, net::TcpListener};

/// A web server that says what it was asked at `/`, and gives back what it is sent at `/echo`.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer));
                tokio::spawn(connection);
            }
        });
        Self {
            address,
            connections,
        }
    }
}

async fn answer(
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
    let head = format!("{} {}\n", request.method(), request.uri());
    let fields: String = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    let body = match request.uri().path() {
        "/echo" => request.into_body().boxed(),
        _ => Full::from(head + &fields)
            .map_err(|never| match never {})
            .boxed(),
    };
    Ok(Response::builder()
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .header("x-server", "yes")
        .body(body)
        .unwrap())
}

pub(crate) async fn proxy_with(server: SocketAddr, limits: SiteLimits) -> Site {
    let content = Content::Proxy(Proxy::new(server.to_string().parse().unwrap()));
    let listen = "127.0.0.1:0".parse().unwrap();
    Site::start(&super::pair(1), listen, content, limits)
        .await
        .unwrap()
}

pub(crate) async fn proxy(server: SocketAddr) -> Site {
    proxy_with(server, SiteLimits::default()).await
}

/// What a raw connection says until it ends.
pub(crate) async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut all = Vec::new();
    // Some ends are not told by TLS.
    _ = stream.read_to_end(&mut all).await;
    String::from_utf8(all).unwrap()
}

/// The head of a message, without the empty line after it.
pub(crate) async fn head(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}
