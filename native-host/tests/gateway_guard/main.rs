//! The guard of the gateway: a stranger's records must not lead into the reader's machine and
//! network, and the gateway must not lead anywhere but to keys.
//!
//! A trap listens on every address this machine has. Whatever the records say, and however the host
//! is spelled, nothing may arrive in it.

#![allow(clippy::unwrap_used)]

mod lists;
#[path = "../support/mod.rs"]
mod support;

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use lists::{BAD_PORTS, PRIVATE};
use pkarr_host::{
    address::PrivateAccess,
    gateway::{Gateway, GatewayConfig},
    key::PublicKey,
};
use socket2::SockRef;
use support::{packet, pair, resolver, silent};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
};

/// How many addresses are under one key, so that its packet is small enough for the DHT.
const PER_KEY: usize = 12;

/// A listener on every address of this machine that counts who comes.
struct Trap {
    port: u16,
    caught: Arc<AtomicUsize>,
}

impl Trap {
    async fn set() -> Self {
        // Both families, where the system has both.
        let listener = match by_both() {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind("0.0.0.0:0").await.unwrap(),
        };
        let port = listener.local_addr().unwrap().port();
        let caught = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&caught);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let answer =
                    b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncaught";
                _ = stream.write_all(answer).await;
            }
        });
        let trap = Self { port, caught };
        // It works: what comes is counted.
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(trap.caught.swap(0, Ordering::SeqCst), 1);
        trap
    }

    #[track_caller]
    fn assert_empty(&self, who: &str) {
        assert_eq!(self.caught.load(Ordering::SeqCst), 0, "{who}");
    }
}

fn by_both() -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v6()?;
    // On Windows `::` is for IPv6 alone unless told otherwise.
    SockRef::from(&socket).set_only_v6(false)?;
    socket.bind((Ipv6Addr::UNSPECIFIED, 0).into())?;
    socket.listen(64)
}

/// A gateway that knows the records of these zones; the first belongs to key pair 1, and so on.
struct World {
    gateway: Gateway,
    _network: UdpSocket,
}

impl World {
    async fn new(allow_private: bool, zones: &[String]) -> Self {
        let (network, bootstrap) = silent();
        let resolver = resolver(&bootstrap);
        for (zone, number) in zones.iter().zip(1..) {
            let packet = packet(&pair(number), 1, &format!("$TTL 86400\n{zone}"));
            assert!(packet.dns().len() <= 996, "too much for one key");
            resolver.learn(packet.item().clone()).await.unwrap();
        }
        let config = config(allow_private);
        Self {
            gateway: Gateway::start(resolver, config).await.unwrap(),
            _network: network,
        }
    }

    /// The status and the code that a request for this target gets; for a `CONNECT`, if that is
    /// granted, those of a request through the tunnel.
    async fn ask(&self, method: &str, target: &str) -> (u16, String) {
        self.ask_with(method, target, "").await
    }

    async fn ask_with(&self, method: &str, target: &str, fields: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.gateway.address()).await.unwrap();
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n");
        if method == "CONNECT" {
            stream
                .write_all(format!("{request}\r\n").as_bytes())
                .await
                .unwrap();
            let mut granted = [0; 12];
            stream.read_exact(&mut granted).await.unwrap();
            if &granted[9..] == b"200" {
                let mut end = Vec::new();
                while !end.ends_with(b"\r\n\r\n") {
                    end.push(stream.read_u8().await.unwrap());
                }
                request = format!("GET / HTTP/1.1\r\nHost: {target}\r\n");
            } else {
                stream = TcpStream::connect(self.gateway.address()).await.unwrap();
            }
        }
        request = format!("{request}{fields}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        let status = answer.split(' ').nth(1).unwrap_or_default();
        let code = answer
            .split("\r\n")
            .find_map(|line| line.strip_prefix("pkarr-error: "));
        (
            status
                .parse()
                .unwrap_or_else(|_| panic!("{target}: {answer}")),
            code.unwrap_or_default().to_owned(),
        )
    }
}

/// How the gateway of these tests runs.
fn config(allow_private: bool) -> GatewayConfig {
    GatewayConfig {
        private: PrivateAccess::new(allow_private, []),
        ..GatewayConfig::new("127.0.0.1:0".parse().unwrap())
    }
}

fn key(number: usize) -> PublicKey {
    pair(u8::try_from(number).unwrap()).public()
}

/// The address this machine would use towards others, whatever it is.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Each address under a name of its own, with the records `record` makes of it.
fn zones(addresses: &[IpAddr], record: impl Fn(IpAddr) -> String) -> Vec<(String, String)> {
    let mut hosts = Vec::new();
    for (chunk, number) in addresses.chunks(PER_KEY).zip(1..) {
        for (index, address) in chunk.iter().enumerate() {
            hosts.push((
                format!("n{index}.{}", key(number)),
                format!("n{index} {}", record(*address)),
            ));
        }
    }
    hosts
}

fn by_key(hosts: &[(String, String)]) -> Vec<String> {
    hosts
        .chunks(PER_KEY)
        .map(|chunk| {
            let lines: Vec<_> = chunk.iter().map(|(_, line)| line.as_str()).collect();
            lines.join("\n")
        })
        .collect()
}

fn addresses() -> Vec<IpAddr> {
    let known = PRIVATE.iter().map(|address| address.parse().unwrap());
    known.chain(own_address()).collect()
}

fn address_record(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("A {address}"),
        IpAddr::V6(address) => format!("AAAA {address}"),
    }
}

#[tokio::test]
async fn no_address_record_leads_inside() {
    let trap = Trap::set().await;
    let addresses = addresses();
    let hosts = zones(&addresses, address_record);
    let world = World::new(false, &by_key(&hosts)).await;
    for ((host, _), address) in hosts.iter().zip(addresses) {
        let refused = (403, "private-address".to_owned());
        let url = format!("http://{host}:{}/", trap.port);
        assert_eq!(world.ask("GET", &url).await, refused, "{address}");
        let tunnel = format!("{host}:{}", trap.port);
        assert_eq!(world.ask("CONNECT", &tunnel).await, refused, "{address}");
        trap.assert_empty(&address.to_string());
    }
}

#[tokio::test]
async fn no_hint_or_port_of_a_service_leads_inside() {
    let trap = Trap::set().await;
    let addresses = addresses();
    let hosts = zones(&addresses, |address| {
        let family = if address.is_ipv4() { 4 } else { 6 };
        format!("HTTPS 1 . port={} ipv{family}hint={address}", trap.port)
    });
    let world = World::new(false, &by_key(&hosts)).await;
    for ((host, _), address) in hosts.iter().zip(addresses) {
        let targets = [
            ("GET", format!("http://{host}/")),
            ("GET", format!("http://{host}:{}/", trap.port)),
            ("CONNECT", format!("{host}:80")),
            ("CONNECT", format!("{host}:{}", trap.port)),
        ];
        for (method, target) in targets {
            let (status, code) = world.ask(method, &target).await;
            // A service asks for TLS, which may be what it fails of first.
            assert!(
                ["private-address", "needs-tls", "https-off"].contains(&code.as_str()),
                "{method} {address}: {status} {code}"
            );
        }
        trap.assert_empty(&address.to_string());
    }
}

#[tokio::test]
async fn no_detour_leads_inside() {
    let trap = Trap::set().await;
    let zones = [
        format!(
            "@ A 127.0.0.1\na CNAME @\nb CNAME {0}.\nc CNAME b.{0}.\nd HTTPS 0 {0}.\ne HTTPS 1 {0}. port={1}\n\
             *.w AAAA ::1\ntwo A 203.0.113.1\ntwo A 127.0.0.1\ntwo AAAA ::ffff:127.0.0.1",
            key(2),
            trap.port
        ),
        "@ AAAA ::1\n@ A 127.0.0.1\nb A 127.0.0.1".to_owned(),
    ];
    let world = World::new(false, &zones).await;
    for name in ["a", "b", "c", "d", "e", "x.w", "two"] {
        for (method, target) in [
            ("GET", format!("http://{name}.{}:{}/", key(1), trap.port)),
            ("CONNECT", format!("{name}.{}:{}", key(1), trap.port)),
        ] {
            let (_, code) = world.ask(method, &target).await;
            assert!(
                ["private-address", "needs-tls", "https-off"].contains(&code.as_str()),
                "{method} {name}: {code}"
            );
        }
        trap.assert_empty(name);
    }
}

#[tokio::test]
async fn no_name_that_stands_for_an_address_leads_inside() {
    let trap = Trap::set().await;
    let names = [
        "localhost",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "2130706433",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
        "127.0.0.1.",
        "1.2.3.4.5",
        "256.256.256.256",
        "0x7f.0.0.0x1",
        "ip6-localhost",
        "broadcasthost",
        "local",
        "com",
    ];
    for target in ["CNAME {n}.", "HTTPS 0 {n}.", "HTTPS 1 {n}. port={p}"] {
        let lines: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let name = name.trim_end_matches('.');
                let record = target
                    .replace("{n}", name)
                    .replace("{p}", &trap.port.to_string());
                format!("n{index} {record}")
            })
            .collect();
        let world = World::new(false, &[lines[..10].join("\n"), lines[10..].join("\n")]).await;
        for (index, name) in names.iter().enumerate() {
            let host = format!("n{index}.{}", key(1 + index / 10));
            for (method, asked) in [
                ("GET", format!("http://{host}:{}/", trap.port)),
                ("CONNECT", format!("{host}:{}", trap.port)),
            ] {
                // Nowhere to go, and so not to the browser with a redirect either.
                let (status, code) = world.ask(method, &asked).await;
                assert_eq!(
                    (status, code.as_str()),
                    (404, "no-endpoint"),
                    "{target} {name}"
                );
            }
            trap.assert_empty(name);
        }
    }
}

#[tokio::test]
async fn no_name_for_local_use_is_a_site() {
    let trap = Trap::set().await;
    // RFC 6761, RFC 6762, RFC 8375, RFC 9476; `.internal` and `.home.arpa` are for networks inside.
    let names = [
        "foo.localhost",
        "localhost.localdomain",
        "printer.local",
        "router.home.arpa",
        "metadata.google.internal",
        "x.test",
        "x.invalid",
        "x.onion",
        "x.alt",
    ];
    let lines: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(index, name)| format!("n{index} CNAME {name}."))
        .collect();
    let world = World::new(false, &[lines.join("\n")]).await;
    for (index, name) in names.iter().enumerate() {
        let url = format!("http://n{index}.{}:{}/", key(1), trap.port);
        let page = "Accept: text/html\r\nUpgrade-Insecure-Requests: 1\r\n";
        for fields in ["", page] {
            let (status, code) = world.ask_with("GET", &url, fields).await;
            assert!([403, 404].contains(&status), "{name}: {status} {code}");
            trap.assert_empty(name);
        }
    }
}

#[tokio::test]
async fn nothing_but_keys_is_a_way_out() {
    let trap = Trap::set().await;
    // Even where private addresses are allowed.
    let world = World::new(true, &["@ A 127.0.0.1".to_owned()]).await;
    let known = key(1).to_string();
    // The last character has four bits of padding; another one means the same 32 bytes elsewhere.
    let padded = format!(
        "{}{}",
        &known[..51],
        if known.ends_with('y') { 'b' } else { 'e' }
    );
    let own = own_address().map(|address| match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    });
    let mut hosts = vec![
        "localhost".to_owned(),
        "LOCALHOST.".to_owned(),
        "foo.localhost".to_owned(),
        "example.com".to_owned(),
        "127.0.0.1".to_owned(),
        "127.1".to_owned(),
        "0x7f000001".to_owned(),
        "0177.0.0.1".to_owned(),
        "2130706433".to_owned(),
        "0".to_owned(),
        "0.0.0.0".to_owned(),
        "[::1]".to_owned(),
        "[::]".to_owned(),
        "[::ffff:127.0.0.1]".to_owned(),
        "[fe80::1%25lo]".to_owned(),
        format!("{known}.com"),
        format!("{known}.localhost"),
        format!("{known}.."),
        format!(".{known}"),
        format!("a..{known}"),
        format!("{}.{known}", "a".repeat(64)),
        format!("{known}-"),
        format!("{known}a"),
        known[..51].to_owned(),
        padded.clone(),
        format!("www.{padded}"),
        format!("{}0", &known[..51]),
        format!("{known}%2e"),
        format!("{known}%00.com"),
        "y".repeat(52),
    ];
    hosts.extend(own);
    for host in hosts {
        for (method, target) in [
            ("GET", format!("http://{host}:{}/", trap.port)),
            ("CONNECT", format!("{host}:{}", trap.port)),
        ] {
            let (status, code) = world.ask(method, &target).await;
            let refused = (status == 403 && code == "not-a-key") || status == 400;
            assert!(refused, "{method} {host}: {status} {code}");
        }
        trap.assert_empty(&host);
    }
    // The key itself is a way, so it was the host that was refused.
    let url = format!("http://{known}:{}/", trap.port);
    assert_eq!(world.ask("GET", &url).await.0, 200);
}

#[tokio::test]
async fn ports_of_other_protocols_are_refused() {
    let zone = "@ A 127.9.8.7\nmail CNAME @\nrecord HTTPS 1 . port=10080";
    let world = World::new(true, &[zone.to_owned()]).await;
    let refused = (403, "bad-port".to_owned());
    for port in BAD_PORTS {
        let host = format!("mail.{}:{port}", key(1));
        let url = format!("http://{host}/");
        assert_eq!(world.ask("GET", &url).await, refused, "{port}");
        assert_eq!(world.ask("CONNECT", &host).await, refused, "{port}");
    }
    // A record names a port that the browser never sees.
    let address: SocketAddr = "127.9.8.7:10080".parse().unwrap();
    let listener = TcpListener::bind(address).await.unwrap();
    let (status, code) = world
        .ask("GET", &format!("http://record.{}/", key(1)))
        .await;
    assert_eq!((status, code), refused);
    let mut arrived = Box::pin(listener.accept());
    assert!(futures_util::poll!(&mut arrived).is_pending());
}
