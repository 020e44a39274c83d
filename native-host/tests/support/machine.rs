//! A machine whose browser trusts the root of its gateway.

use std::sync::{Arc, atomic::AtomicBool};

use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http2,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use pkarr_host::{
    address::PrivateAccess,
    authority::Roots,
    dht::Testnet,
    gateway::{Gateway, GatewayConfig},
    resolver::Resolver,
    tls::H2,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::resolver;

/// A gateway with a root, and a browser that trusts it.
pub(crate) struct Machine {
    pub(crate) gateway: Gateway,
    pub(crate) roots: Roots,
    pub(crate) https_in_use: Arc<AtomicBool>,
    _folder: TempDir,
}

impl Machine {
    pub(crate) async fn start(net: &Testnet) -> Self {
        Self::with(resolver(net.bootstrap())).await
    }

    pub(crate) async fn with(resolver: Resolver) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let roots = Roots::new(folder.path().join("https"));
        roots.create().unwrap();
        let https_in_use = Arc::new(AtomicBool::new(true));
        let config = GatewayConfig {
            private: PrivateAccess::all(),
            roots: Some(roots.clone()),
            https_in_use: Arc::clone(&https_in_use),
            ..GatewayConfig::new("127.0.0.1:0".parse().unwrap())
        };
        let gateway = Gateway::start(resolver, config).await.unwrap();
        Self {
            gateway,
            roots,
            https_in_use,
            _folder: folder,
        }
    }

    /// What the gateway answers to `CONNECT`, and the connection.
    pub(crate) async fn connect(&self, authority: &str) -> (String, TcpStream) {
        let mut stream = TcpStream::connect(self.gateway.address()).await.unwrap();
        let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        (String::from_utf8(head).unwrap(), stream)
    }

    /// TLS through a tunnel to `authority`, for the host `name`.
    pub(crate) async fn tls(
        &self,
        authority: &str,
        name: &str,
        alpn: &[&[u8]],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let (answer, stream) = self.connect(authority).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let mut trusted = RootCertStore::empty();
        let root = self.roots.current().unwrap().unwrap();
        trusted.add(root.certificate_der().to_vec().into()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }

    /// `GET https://<authority><path>` over HTTP/2, as a page or as a part of one.
    pub(crate) async fn get(
        &self,
        authority: &str,
        path: &str,
        page: bool,
    ) -> (Response<Incoming>, Sender) {
        let host = authority.split(':').next().unwrap();
        let at = match authority.contains(':') {
            true => authority.to_owned(),
            false => format!("{authority}:443"),
        };
        let stream = self.tls(&at, host, &[H2]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(H2));
        let (mut sender, driver) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(driver);
        let request = Request::get(format!("https://{authority}{path}"))
            .header("sec-fetch-dest", if page { "document" } else { "image" })
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Empty::new())
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        (response, sender)
    }

    /// `GET http://<authority>/` by the proxy; the whole answer.
    pub(crate) async fn get_plainly(&self, authority: &str) -> String {
        let mut stream = TcpStream::connect(self.gateway.address()).await.unwrap();
        let request = format!(
            "GET http://{authority}/a?b HTTP/1.1\r\nHost: {authority}\r\nSec-Fetch-Dest: document\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

pub(crate) type Sender = http2::SendRequest<Empty<Bytes>>;

/// The body of an answer.
pub(crate) async fn text(response: Response<Incoming>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The stable code of a failure; empty where there is none.
pub(crate) fn code(response: &Response<Incoming>) -> &str {
    let code = response.headers().get("pkarr-error");
    code.map_or("", |code| code.to_str().unwrap())
}
