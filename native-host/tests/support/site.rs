//! Sites that speak TLS, as the gateway meets them.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A site that tells what it was asked, and counts its connections.
pub(crate) struct TlsSite {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl TlsSite {
    pub(crate) async fn start(config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service_fn(tell))
                        .await;
                });
            }
        });
        Self {
            address,
            connections,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Answers with version, method, target and header fields of the request, then its body.
async fn tell(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let head = format!(
        "{:?} {} {}\n",
        request.version(),
        request.method(),
        request.uri()
    );
    let fields: String = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let text = format!("{head}{fields}\n{}", String::from_utf8_lossy(&body));
    Ok(Response::builder()
        .header("strict-transport-security", "max-age=31536000")
        .header("alt-svc", "h3=\":443\"")
        .body(Full::from(text))
        .unwrap())
}
