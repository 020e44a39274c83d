//! DNS answers from memory, over UDP, TCP and HTTP, beside the least that sends the same bytes.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use data_encoding::BASE64URL_NOPAD;
use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query},
    rr::{Name, RecordType},
};

use super::bare::{Peer, pair};

/// Questions that wait for their answers at a time, or connections.
const OUTSTANDING: usize = 64;
/// Threads that ask.
const THREADS: usize = 2;
/// Turns, and how long each takes.
const TURNS: usize = 9;
const TURN: Duration = Duration::from_millis(700);
/// A datagram that takes longer is lost.
const LOST: Duration = Duration::from_millis(200);

/// What was measured, in answers a second.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) ours: f64,
    pub(crate) bare: f64,
    /// The median of the turns' ratios.
    pub(crate) ratio: f64,
    pub(crate) goal: Option<f64>,
    /// The same by the processors' time for each answer, in microseconds: ours and the other's.
    pub(crate) worked: Option<[f64; 2]>,
}

/// Measures all.
pub(crate) fn rows() -> Vec<Row> {
    let ours = Peer::start("ours", b"");
    let [dns, http] = ours.addresses[..] else {
        panic!("DNS and HTTP");
    };
    let question = question();
    let answer = ask(dns, &question);
    let request = format!(
        "GET /dns-query?dns={} HTTP/1.1\r\nHost: localhost\r\nAccept: application/dns-message\r\n\r\n",
        BASE64URL_NOPAD.encode(&question)
    )
    .into_bytes();
    let mut framed = u16::try_from(question.len())
        .unwrap()
        .to_be_bytes()
        .to_vec();
    framed.extend_from_slice(&question);

    let [udp, tcp, hyper] = ["udp", "tcp", "http"].map(|name| Peer::start(name, &answer));
    let by_datagram = |bare| datagrams(if bare { udp.addresses[0] } else { dns }, &question);
    let by_stream = |bare| streams(if bare { tcp.addresses[0] } else { dns }, &framed);
    let by_http = |bare| streams(if bare { hyper.addresses[0] } else { http }, &request);
    vec![
        working(
            turns("UDP, bare echo", Some(0.6), by_datagram),
            [&ours, &udp],
            by_datagram,
        ),
        working(
            turns("TCP, bare echo", None, by_stream),
            [&ours, &tcp],
            by_stream,
        ),
        working(
            turns("DoH, bare hyper", Some(0.7), by_http),
            [&ours, &hyper],
            by_http,
        ),
    ]
}

fn question() -> Vec<u8> {
    let name = Name::from_ascii(format!("www.{}.", pair().public())).unwrap();
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, RecordType::A));
    message.set_edns(Edns::new());
    message.to_vec().unwrap()
}

fn ask(at: SocketAddr, question: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(at).unwrap();
    socket.send(question).unwrap();
    let mut room = vec![0; 2000];
    let size = socket.recv(&mut room).unwrap();
    room.truncate(size);
    let answer = Message::from_vec(&room).unwrap();
    assert_eq!(answer.answers.len(), 2, "an alias and an address");
    room
}

/// Both in turns, so that whatever else the machine does falls on both.
pub(crate) fn turns(name: &'static str, goal: Option<f64>, measure: impl Fn(bool) -> f64) -> Row {
    let mut measured = Vec::new();
    measure(false);
    measure(true);
    for _ in 0..TURNS {
        measured.push((measure(false), measure(true)));
    }
    let median = |value: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = measured.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Row {
        name,
        ours: median(|(ours, _)| *ours),
        bare: median(|(_, bare)| *bare),
        ratio: median(|(ours, bare)| ours / bare),
        goal,
        worked: None,
    }
}

/// Adds what the processors work for each answer, which depends less on what else they do.
fn working(mut row: Row, [ours, bare]: [&Peer; 2], measure: impl Fn(bool) -> f64) -> Row {
    let micros = |peer: &Peer, is_bare| {
        let before = peer.worked()?;
        let mut answers = 0.0;
        for _ in 0..TURNS {
            let begun = Instant::now();
            answers += measure(is_bare) * begun.elapsed().as_secs_f64();
        }
        Some((peer.worked()? - before).as_secs_f64() * 1e6 / answers)
    };
    row.worked = micros(ours, false)
        .zip(micros(bare, true))
        .map(|(ours, bare)| [ours, bare]);
    row
}

/// Lets several threads ask for a turn's time; gives answers a second.
fn crowd(ask: impl Fn(Instant) -> usize + Sync) -> f64 {
    let begun = Instant::now();
    let end = begun + TURN;
    let answers: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| ask(end))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    answers as f64 / begun.elapsed().as_secs_f64()
}

fn datagrams(at: SocketAddr, question: &[u8]) -> f64 {
    crowd(|end| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(at).unwrap();
        socket.set_read_timeout(Some(LOST)).unwrap();
        let mut room = [0; 2000];
        let mut answers = 0;
        let mut waiting = 0;
        while Instant::now() < end {
            while waiting < OUTSTANDING / THREADS {
                socket.send(question).unwrap();
                waiting += 1;
            }
            match socket.recv(&mut room) {
                Ok(_) => answers += 1,
                // All that wait are lost.
                Err(_) => waiting = 1,
            }
            waiting -= 1;
        }
        answers
    })
}

pub(crate) fn streams(at: SocketAddr, question: &[u8]) -> f64 {
    crowd(|end| {
        let mut streams: Vec<_> = (0..OUTSTANDING / THREADS)
            .map(|_| {
                let stream = TcpStream::connect(at).unwrap();
                stream.set_nodelay(true).unwrap();
                stream
            })
            .collect();
        let mut room = [0; 4000];
        let mut answers = 0;
        // Each answer has the first one's length.
        streams[0].write_all(question).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        let length = streams[0].read(&mut room).unwrap();
        while Instant::now() < end {
            for stream in &mut streams {
                stream.write_all(question).unwrap();
            }
            for stream in &mut streams {
                stream.read_exact(&mut room[..length]).unwrap();
                answers += 1;
            }
        }
        answers
    })
}
