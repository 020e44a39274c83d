//! A gateway, a key, and sites that do what a test says.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
};

use pkarr_host::{
    address::PrivateAccess,
    gateway::{Gateway, GatewayConfig},
    key::PublicKey,
};
use tokio::net::TcpListener;

use super::{
    support::{packet, pair, resolver, silent},
    wire::{Fault, Message, Wire},
};

/// How the gateway of these tests runs.
pub(crate) fn config() -> GatewayConfig {
    GatewayConfig {
        private: PrivateAccess::all(),
        ..GatewayConfig::new("127.0.0.1:0".parse().unwrap())
    }
}

/// A gateway that knows a key which leads to this machine, and needs no DHT for that.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) key: PublicKey,
    _network: UdpSocket,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (network, bootstrap) = silent();
        let resolver = resolver(&bootstrap);
        let packet = packet(&pair(90), 1, "@ 86400 A 127.0.0.1");
        resolver.learn(packet.item().clone()).await.unwrap();
        Self {
            gateway: Gateway::start(resolver, config()).await.unwrap(),
            key: pair(90).public(),
            _network: network,
        }
    }

    /// A connection to the gateway.
    pub(crate) async fn client(&self) -> Wire {
        Wire::connect(self.gateway.address()).await
    }

    /// A request with `{h}` for the site's host and port.
    pub(crate) fn about(&self, site: &Site, request: &str) -> String {
        request.replace("{h}", &site.host(self))
    }

    /// Sends a request on a connection of its own and gives the first answer.
    pub(crate) async fn ask(&self, site: &Site, request: &str) -> Result<Message, Fault> {
        let mut client = self.client().await;
        client.send(self.about(site, request)).await;
        let method = request.split(' ').next().unwrap_or_default();
        client.answer(method).await
    }

    /// Asks the site for a last thing on a connection of its own. When that is answered, whatever
    /// was sent on the way of earlier requests has arrived.
    pub(crate) async fn settle(&self, site: &Site) {
        let request = "GET http://{h}/settled HTTP/1.1\r\nHost: {h}\r\nConnection: close\r\n\r\n";
        let answer = self.ask(site, request).await.unwrap();
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert_eq!(answer.text(), "GET /settled", "an answer to something else");
    }
}

/// What a site does with a request.
pub(crate) enum Reply {
    /// Sends this and waits for the next request.
    Stay(String),
    /// Sends this and ends the connection.
    Close(String),
}

/// Says what was asked.
pub(crate) fn plainly(request: &Message) -> Reply {
    let (method, target) = (request.start.split(' ').next().unwrap(), request.target());
    let said = format!("{method} {target}");
    let body = if method == "HEAD" { "" } else { &said };
    Reply::Stay(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        said.len()
    ))
}

/// What has come to a site, by connection.
type Seen = Arc<Mutex<Vec<(usize, Result<Message, Fault>)>>>;

/// A site that reads requests by the letter and answers as it is told.
pub(crate) struct Site {
    address: SocketAddr,
    seen: Seen,
}

impl Site {
    pub(crate) async fn plain() -> Self {
        Self::start(plainly).await
    }

    pub(crate) async fn start(reply: impl Fn(&Message) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen::default();
        let log = Arc::clone(&seen);
        let reply = Arc::new(reply);
        tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connection += 1;
                let (reply, log) = (Arc::clone(&reply), Arc::clone(&log));
                tokio::spawn(serve(connection, Wire::new(stream), reply, log));
            }
        });
        Self { address, seen }
    }

    /// The authority that leads to it.
    pub(crate) fn host(&self, world: &World) -> String {
        format!("{}:{}", world.key, self.address.port())
    }

    /// All requests so far, but those of [`World::settle`]. Each must have been one that has one
    /// meaning, for an origin server, without anything that is for proxies.
    pub(crate) fn requests(&self, world: &World) -> Vec<Message> {
        let host = self.host(world);
        let requests = self.log().into_iter().filter_map(|(_, seen)| match seen {
            Ok(request) => Some(request),
            Err(Fault::Malformed(what)) => panic!("the site was sent {what}"),
            Err(Fault::Ended | Fault::Cut) => None,
        });
        requests
            .inspect(|request| assert_for_origin(request, &host))
            .filter(|request| request.target() != "/settled")
            .collect()
    }

    /// Each thing seen, with the number of its connection.
    pub(crate) fn log(&self) -> Vec<(usize, Result<Message, Fault>)> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    connection: usize,
    mut wire: Wire,
    reply: Arc<impl Fn(&Message) -> Reply>,
    log: Seen,
) {
    loop {
        let seen = wire.request().await;
        log.lock().unwrap().push((connection, seen.clone()));
        let Ok(request) = seen else { return };
        let reply = if request.target() == "/settled" {
            plainly(&request)
        } else {
            reply(&request)
        };
        match reply {
            Reply::Stay(answer) => wire.send(answer).await,
            Reply::Close(answer) => return wire.send(answer).await,
        }
    }
}

#[track_caller]
fn assert_for_origin(request: &Message, host: &str) {
    let parts: Vec<_> = request.start.split(' ').collect();
    let [_, target, "HTTP/1.1"] = parts[..] else {
        panic!("{request:?}");
    };
    assert!(target.starts_with('/') || target == "*", "{request:?}");
    assert_eq!(request.all("host"), [host], "{request:?}");
    // Two things may be asked of the next connection: trailers and a WebSocket.
    match request.field("connection") {
        Some("te") => assert_eq!(request.field("te"), Some("trailers"), "{request:?}"),
        Some("Upgrade") => assert_eq!(request.field("upgrade"), Some("websocket"), "{request:?}"),
        other => {
            assert_eq!(other, None, "{request:?}");
            assert!(
                request.all("te").is_empty() && request.all("upgrade").is_empty(),
                "{request:?}"
            );
        }
    }
    for absent in [
        "proxy-connection",
        "proxy-authorization",
        "keep-alive",
        "http2-settings",
        "via",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    ] {
        assert!(request.all(absent).is_empty(), "{absent}: {request:?}");
    }
}
