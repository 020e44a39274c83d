//! The loads.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RecordType},
};
use pkarr_host::{item::SignedItem, key::KeyPair};
use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{World, signed};

/// How many kinds there are.
pub(crate) const KINDS: usize = 10;
const PAUSE: Duration = Duration::from_millis(20);
/// How long a rude client stays before it leaves by itself.
const STAYS: Duration = Duration::from_secs(6);

/// Starts all of them; they end when the world says so.
pub(crate) fn start(world: &Arc<World>) -> Vec<JoinHandle<()>> {
    let mut loads = Vec::new();
    for kind in 0..KINDS {
        // Of those that only hang there are many.
        let many = if (5..8).contains(&kind) { 40 } else { 2 };
        for _ in 0..many {
            let world = Arc::clone(world);
            loads.push(tokio::spawn(async move {
                while !world.stop.load(Ordering::Relaxed) {
                    // Rude ones may be cut off at any moment.
                    _ = once(&world, kind).await;
                    world.done[kind].fetch_add(1, Ordering::Relaxed);
                    sleep(PAUSE).await;
                }
            }));
        }
    }
    loads
}

async fn once(world: &World, kind: usize) -> io::Result<()> {
    let serve = &world.serve;
    match kind {
        0 => {
            let item = &world.known[usize::from(random::<1>()[0]) % world.known.len()];
            is_answered_right(world, item).await;
        }
        1 => {
            let item = signed(&KeyPair::generate().unwrap(), "@ A 203.1.113.7");
            let status = serve.put(&item).await.status();
            let expected = [StatusCode::NO_CONTENT, StatusCode::SERVICE_UNAVAILABLE];
            assert!(expected.contains(&status), "{status}");
        }
        2 => {
            let nobody = KeyPair::generate().unwrap().public();
            let status = serve.packet(&nobody).await.status();
            let expected = [StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE];
            assert!(expected.contains(&status), "{status}");
        }
        3 => malformed_http(world).await?,
        4 => malformed_dns(world).await?,
        5 => half_open(world).await?,
        6 => slow_reader(world).await?,
        7 => drops(world).await?,
        8 => garbage(world).await?,
        _ => oversized(world).await?,
    }
    Ok(())
}

/// A known key has to have its answers whatever else goes on.
pub(crate) async fn is_answered_right(world: &World, item: &SignedItem) {
    let answer = world.serve.packet(item.key()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.bytes().await.unwrap(), item.to_relay_payload());
    let question = question(&format!("{}.", item.key()));
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(world.serve.dns[0]).await.unwrap();
    let mut room = [0; 2000];
    // Datagrams get lost where so many are about.
    for attempt in 0..10 {
        assert!(attempt < 9, "DNS does not answer");
        _ = socket.send(&question).await;
        let Ok(Ok(size)) = timeout(Duration::from_secs(3), socket.recv(&mut room)).await else {
            continue;
        };
        let answer = Message::from_vec(&room[..size]).unwrap();
        assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
        assert_eq!(answer.answers.len(), 1, "{answer:?}");
        break;
    }
    world.right.fetch_add(1, Ordering::Relaxed);
}

fn question(name: &str) -> Vec<u8> {
    let id = u16::from_be_bytes(random());
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    let name = Name::from_ascii(name).unwrap();
    message.add_query(Query::query(name, RecordType::A));
    message.to_vec().unwrap()
}

fn random<const COUNT: usize>() -> [u8; COUNT] {
    let mut bytes = [0; COUNT];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

async fn open(world: &World) -> io::Result<TcpStream> {
    TcpStream::connect(world.serve.http).await
}

/// Reads until the other side has had enough, or we have.
async fn until_end(mut stream: TcpStream) {
    let mut room = [0; 4096];
    let reading = async { while matches!(stream.read(&mut room).await, Ok(1..)) {} };
    _ = timeout(STAYS, reading).await;
}

async fn malformed_http(world: &World) -> io::Result<()> {
    let key = world.known[0].key();
    let texts = [
        "\r\n\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("PUT /{key} HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"),
        format!(
            "PUT /{key} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n"
        ),
        format!(
            "PUT /{key} HTTP/1.1\r\nhost: x\r\ncontent-length: 80\r\n\r\n{}",
            "x".repeat(80)
        ),
        format!("GET /{key}?policy=%ff%00 HTTP/1.1\r\nhost: \u{7f}\r\n\r\n"),
        format!(
            "GET /{key} HTTP/1.1\r\nif-modified-since: {}\r\n\r\n",
            "9".repeat(100)
        ),
        format!(
            "GET /dns-query?dns={} HTTP/1.1\r\nhost: x\r\n\r\n",
            "A".repeat(3000)
        ),
        "GET /dns-query?name=..&type=A HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnot a frame of any kind, but long enough".to_owned(),
    ];
    for text in texts {
        let mut stream = open(world).await?;
        _ = stream.write_all(text.as_bytes()).await;
        _ = stream.shutdown().await;
        until_end(stream).await;
    }
    Ok(())
}

async fn malformed_dns(world: &World) -> io::Result<()> {
    let at = world.serve.dns[0];
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(at).await?;
    let good = question(&format!("{}.", world.known[0].key()));
    for cut in 0..good.len() {
        _ = socket.send(&good[..cut]).await;
    }
    // A name that points at itself, more questions than there are, all bits set.
    let mut looped = good[..12].to_vec();
    looped.extend([0xc0, 12, 0, 1, 0, 1]);
    let mut many = good.clone();
    many[5] = 200;
    for message in [looped, many, vec![0xff; 512], random::<300>().to_vec()] {
        _ = socket.send(&message).await;
        let mut stream = TcpStream::connect(at).await?;
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        _ = stream.write_all(&[&length[..], &message].concat()).await;
        _ = stream.shutdown().await;
        until_end(stream).await;
    }
    // A length, and nothing after it.
    let mut stream = TcpStream::connect(at).await?;
    _ = stream.write_all(&[0xff, 0xff, 0]).await;
    until_end(stream).await;
    Ok(())
}

/// Says nothing, or half of something, and stays.
async fn half_open(world: &World) -> io::Result<()> {
    let key = world.known[0].key();
    let [choice] = random::<1>();
    let text = match choice % 4 {
        0 => String::new(),
        1 => "GET / HT".to_owned(),
        2 => format!("PUT /{key} HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\nhalf"),
        _ => "PRI * HTTP/2.0\r\n\r\nSM\r\n".to_owned(),
    };
    let mut stream = open(world).await?;
    stream.write_all(text.as_bytes()).await?;
    until_end(stream).await;
    Ok(())
}

/// Asks for much and reads nothing of it.
async fn slow_reader(world: &World) -> io::Result<()> {
    let request = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    let mut stream = open(world).await?;
    let writing = async {
        loop {
            stream.write_all(request.as_bytes()).await?;
        }
    };
    timeout(STAYS, writing).await.unwrap_or(Ok(()))
}

/// A head byte by byte.
async fn drops(world: &World) -> io::Result<()> {
    let mut stream = open(world).await?;
    let dripping = async {
        loop {
            stream.write_all(b"x").await?;
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(STAYS, dripping).await.unwrap_or(Ok(()))
}

async fn garbage(world: &World) -> io::Result<()> {
    let mut stream = open(world).await?;
    _ = stream.write_all(&random::<4000>()).await;
    until_end(stream).await;
    let mut stream = TcpStream::connect(world.serve.dns[0]).await?;
    _ = stream.write_all(&random::<4000>()).await;
    until_end(stream).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    for _ in 0..50 {
        _ = socket.send_to(&random::<60>(), world.serve.dns[0]).await;
    }
    Ok(())
}

async fn oversized(world: &World) -> io::Result<()> {
    let key = world.known[0].key();
    let much = vec![b'x'; 2 << 20];
    for head in [
        "GET /".to_owned(),
        "GET / HTTP/1.1\r\nx: ".to_owned(),
        format!("PUT /{key} HTTP/1.1\r\nhost: x\r\ncontent-length: 2097152\r\n\r\n"),
        "POST /dns-query HTTP/1.1\r\nhost: x\r\ncontent-type: application/dns-message\r\n\
         content-length: 2097152\r\n\r\n"
            .to_owned(),
    ] {
        let mut stream = open(world).await?;
        _ = stream.write_all(head.as_bytes()).await;
        _ = timeout(STAYS, stream.write_all(&much)).await;
        until_end(stream).await;
    }
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    _ = socket.send_to(&much[..60_000], world.serve.dns[0]).await;
    Ok(())
}
