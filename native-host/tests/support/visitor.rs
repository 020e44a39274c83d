//! A reader of a site: TLS with the raw key, HTTP/2 or HTTP/1.1 inside.

use std::{convert::Infallible, net::SocketAddr};

use http_body_util::{BodyExt, Empty, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use pkarr_host::{
    key::{KeyHost, KeyPair},
    tls::{Alpn, H2, KeyConnector, TlsError},
};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

pub(crate) type Sent = UnsyncBoxBody<Bytes, Infallible>;

/// A connection to a site.
pub(crate) enum Visitor {
    H2(http2::SendRequest<Sent>),
    Http11(http1::SendRequest<Sent>),
}

/// Connects to the server at `address`, which has to hold the key of `pair`.
pub(crate) async fn tls(
    address: SocketAddr,
    pair: &KeyPair,
    alpn: Alpn,
) -> Result<TlsStream<TcpStream>, TlsError> {
    let stream = TcpStream::connect(address).await.unwrap();
    let key = pair.public();
    KeyConnector::new()
        .connect(stream, &KeyHost::from(key), &key, alpn)
        .await
}

impl Visitor {
    pub(crate) async fn connect(address: SocketAddr, pair: &KeyPair, alpn: Alpn) -> Self {
        let stream = tls(address, pair, alpn).await.unwrap();
        let h2 = stream.get_ref().1.alpn_protocol() == Some(H2);
        assert_eq!(h2, alpn == Alpn::Any);
        let stream = TokioIo::new(stream);
        if h2 {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream)
                .await
                .unwrap();
            tokio::spawn(connection);
            Self::H2(sender)
        } else {
            let (sender, connection) = http1::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            Self::Http11(sender)
        }
    }

    pub(crate) async fn send(&mut self, request: Request<Sent>) -> Response<Incoming> {
        match self {
            Self::H2(sender) => sender.send_request(request).await.unwrap(),
            Self::Http11(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
        }
    }

    /// A request of the site of `pair` in the form that this protocol has.
    pub(crate) fn request(&self, pair: &KeyPair, path: &str) -> hyper::http::request::Builder {
        let host = pair.public();
        match self {
            Self::H2(_) => Request::get(format!("https://{host}{path}")),
            Self::Http11(_) => Request::get(path).header("host", host.to_string()),
        }
    }
}

pub(crate) fn nothing() -> Sent {
    Empty::new().boxed_unsync()
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}
