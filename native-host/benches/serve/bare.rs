//! The peers in processes of their own: a server of ours with one key, and the least that could
//! send the same bytes.
//!
//! The bench starts itself again with the name of a peer as argument. A peer says on its first line
//! where it listens and ends when its input does.

use std::{
    convert::Infallible,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http_body_util::Full;
use hyper::{Response, header, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use pkarr_host::{
    cache::{Cache, Origin, Seen},
    dht::{Dht, DhtConfig},
    item::Seq,
    key::KeyPair,
    packet::SignedPacket,
    server::{Server, config::Config},
    zone,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
};

/// The argument with which a peer is started.
pub(crate) const FLAG: &str = "--peer";

const CONFIG: &str = "
    [http]
    listen = [\"127.0.0.1:0\"]
    [dns]
    listen = [\"127.0.0.1:0\"]
    forward = \"none\"
    [limits]
    exempt = [\"127.0.0.0/8\"]";

/// What there is under the key.
const ZONE: &str = "\
@   3600 A     203.1.113.7
@   3600 AAAA  2600::7
www 3600 CNAME @
@   3600 HTTPS 1 . alpn=h2 port=8443";

/// The key whose site is asked for.
pub(crate) fn pair() -> KeyPair {
    KeyPair::from_secret(&[1; 32])
}

/// A peer; ends with it.
pub(crate) struct Peer {
    child: Child,
    pub(crate) addresses: Vec<SocketAddr>,
}

impl Peer {
    /// Starts a peer, which gets this answer to send.
    pub(crate) fn start(name: &str, answer: &[u8]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([FLAG, name, &HEXLOWER.encode(answer)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let addresses = line
            .split_whitespace()
            .map(|address| address.parse().unwrap())
            .collect();
        Self { child, addresses }
    }
}

impl Peer {
    /// The time its processors have worked, where the system tells.
    pub(crate) fn worked(&self) -> Option<Duration> {
        /// Of which Linux counts a hundred in a second, on every machine.
        const TICK: Duration = Duration::from_millis(10);
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // Behind the name, which may have spaces in it: state first, user and system time later.
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
        let user: u32 = fields.next()?.parse().ok()?;
        let system: u32 = fields.next()?.parse().ok()?;
        Some(TICK * (user + system))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Is one of the peers that stand here, until the process ends; `false` for any other name.
pub(crate) async fn be(name: &str, answer: &[u8]) -> bool {
    match name {
        "ours" => {
            let server = ours().await;
            let addresses = server.addresses();
            println!("{} {}", addresses.dns[0], addresses.http[0]);
            std::mem::forget(server);
        }
        "udp" => udp(answer.to_vec()).await,
        "tcp" => tcp(answer.to_vec()).await,
        "http" => http(answer.to_vec().into()).await,
        _ => return false,
    }
    true
}

async fn ours() -> Server {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let dht = Dht::new(DhtConfig {
        bootstrap: vec![silent.local_addr().unwrap().to_string()],
        ..DhtConfig::default()
    });
    let cache = Cache::memory();
    let records = zone::parse(ZONE, &pair().public()).unwrap();
    let packet = SignedPacket::sign(&pair(), Seq::at(SystemTime::now()), &records).unwrap();
    let seen = Seen {
        at: SystemTime::now(),
        from: Origin::Dht,
    };
    cache.keep(packet.item().clone(), seen).unwrap();
    let config = Config::parse(Path::new("serve.toml"), CONFIG).unwrap();
    Server::start(dht, None, cache, config).await.unwrap()
}

/// As many tasks at one socket as the server has, sending the answer with the question's number.
async fn udp(answer: Vec<u8>) {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    println!("{}", socket.local_addr().unwrap());
    for _ in 0..std::thread::available_parallelism().unwrap().get() {
        let (socket, mut answer) = (socket.clone(), answer.clone());
        tokio::spawn(async move {
            let mut room = vec![0; 4096];
            loop {
                let (_, sender) = socket.recv_from(&mut room).await.unwrap();
                answer[..2].copy_from_slice(&room[..2]);
                socket.send_to(&answer, sender).await.unwrap();
            }
        });
    }
}

async fn tcp(answer: Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut framed = u16::try_from(answer.len()).unwrap().to_be_bytes().to_vec();
            framed.extend_from_slice(&answer);
            tokio::spawn(async move {
                let mut room = vec![0; 4096];
                while let Ok(1..) = stream.read(&mut room).await {
                    framed[2..4].copy_from_slice(&room[2..4]);
                    if stream.write_all(&framed).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
}

async fn http(answer: Bytes) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let answer = answer.clone();
            let service = service_fn(move |_| {
                let answer = answer.clone();
                async move {
                    let response = Response::builder()
                        .header(header::CONTENT_TYPE, "application/dns-message")
                        .header(header::CACHE_CONTROL, "max-age=3600")
                        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
                        .body(Full::new(answer))
                        .unwrap();
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
}
