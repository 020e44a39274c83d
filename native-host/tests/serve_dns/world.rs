//! A server with records, and ways to ask it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::{Duration, SystemTime},
};

use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query},
    rr::{Name, RData, RecordType},
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
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// So long a loaded machine may take for what takes a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) cache: Cache,
    pub(crate) dns: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) https: Option<SocketAddr>,
    /// The only first node of the DHT; it never answers.
    _silent: std::net::UdpSocket,
    _server: Server,
}

pub(crate) fn pair(number: u8) -> KeyPair {
    KeyPair::from_secret(&[number; 32])
}

/// The name below the key of this number; `@` is the key.
pub(crate) fn name(number: u8, below: &str) -> Name {
    let key = pair(number).public();
    let text = match below {
        "@" => format!("{key}."),
        _ => format!("{below}.{key}."),
    };
    Name::from_ascii(text).unwrap()
}

pub(crate) fn icann(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

impl World {
    /// A server whose `[dns]` has these lines, and nobody to forward to.
    pub(crate) async fn new() -> Self {
        Self::with("forward = \"none\"").await
    }

    pub(crate) async fn with(dns: &str) -> Self {
        Self::configured(&format!("[dns]\nlisten = [\"127.0.0.1:0\"]\n{dns}")).await
    }

    pub(crate) async fn configured(text: &str) -> Self {
        let silent = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let text = format!("[http]\nlisten = [\"127.0.0.1:0\"]\n{text}");
        let config = Config::parse(Path::new("serve.toml"), &text).unwrap();
        let dht = Dht::new(DhtConfig {
            bootstrap: vec![silent.local_addr().unwrap().to_string()],
            ..DhtConfig::default()
        });
        let cache = Cache::memory();
        let server = Server::start(dht, None, cache.clone(), config)
            .await
            .unwrap();
        Self {
            cache,
            dns: server.addresses().dns[0],
            http: server.addresses().http[0],
            https: server.addresses().https.first().copied(),
            _silent: silent,
            _server: server,
        }
    }

    /// Records of the key of this number, just seen.
    pub(crate) fn has(&self, number: u8, text: &str) {
        self.has_since(number, text, Duration::ZERO);
    }

    /// Records that were seen so long ago.
    pub(crate) fn has_since(&self, number: u8, text: &str, ago: Duration) {
        let pair = pair(number);
        let text: Vec<_> = text.lines().map(str::trim).collect();
        let records = zone::parse(&text.join("\n"), &pair.public()).unwrap();
        let seq = Seq::at(SystemTime::now());
        let packet = SignedPacket::sign(&pair, seq, &records).unwrap();
        let seen = Seen {
            at: SystemTime::now() - ago,
            from: Origin::Dht,
        };
        self.cache.keep(packet.item().clone(), seen).unwrap();
    }

    /// Nobody publishes anything under the key of this number.
    pub(crate) fn lacks(&self, number: u8) {
        self.cache.keep_absent(pair(number).public());
    }

    pub(crate) async fn ask(&self, name: Name, qtype: RecordType) -> Message {
        self.send(&question(name, qtype)).await
    }

    pub(crate) async fn ask_edns(&self, name: Name, qtype: RecordType) -> Message {
        let mut question = question(name, qtype);
        question.set_edns(Edns::new());
        self.send(&question).await
    }

    /// Sends a question by datagram and checks what every answer has to be.
    pub(crate) async fn send(&self, question: &Message) -> Message {
        let bytes = question.to_vec().unwrap();
        let answer = self.raw(&bytes).await;
        check(question, &answer)
    }

    /// The answer to whatever bytes, which has to come.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        socket.connect(self.dns).await.unwrap();
        socket.send(bytes).await.unwrap();
        let mut room = vec![0; 65_535];
        let size = timeout(PATIENCE, socket.recv(&mut room))
            .await
            .expect("no answer")
            .unwrap();
        room.truncate(size);
        room
    }

    /// The answers to whatever is written in one stream, until the server hangs up.
    pub(crate) async fn stream(&self, questions: &[Message]) -> Vec<Message> {
        let mut stream = TcpStream::connect(self.dns).await.unwrap();
        let mut all = Vec::new();
        for question in questions {
            all.extend_from_slice(&framed(&question.to_vec().unwrap()));
        }
        stream.write_all(&all).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answers = Vec::new();
        while let Some(answer) = next(&mut stream).await {
            answers.push(Message::from_vec(&answer).unwrap());
        }
        answers
    }
}

/// What every answer has to be: it parses, and has the question's number, question and opcode.
pub(crate) fn check(question: &Message, answer: &[u8]) -> Message {
    let answer = Message::from_vec(answer).unwrap();
    assert_eq!(answer.metadata.message_type, MessageType::Response);
    assert_eq!(answer.metadata.id, question.metadata.id);
    assert_eq!(answer.metadata.op_code, question.metadata.op_code);
    assert_eq!(
        answer.metadata.recursion_desired,
        question.metadata.recursion_desired
    );
    assert_eq!(answer.queries.len(), question.queries.len());
    for (asked, echoed) in question.queries.iter().zip(&answer.queries) {
        assert!(asked.name().eq_case(echoed.name()), "{asked} and {echoed}");
        assert_eq!(asked.query_type(), echoed.query_type());
    }
    assert_eq!(answer.edns.is_some(), question.edns.is_some());
    answer
}

pub(crate) fn question(name: Name, qtype: RecordType) -> Message {
    let mut message = Message::new(0x1234, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, qtype));
    message
}

pub(crate) fn framed(bytes: &[u8]) -> Vec<u8> {
    let mut framed = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    framed.extend_from_slice(bytes);
    framed
}

/// The next message of a stream; `None` when it has ended.
pub(crate) async fn next(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let read = async {
        let size = stream.read_u16().await.ok()?;
        let mut message = vec![0; size.into()];
        stream.read_exact(&mut message).await.ok()?;
        Some(message)
    };
    timeout(PATIENCE, read)
        .await
        .expect("neither answer nor end")
}

/// The data of the answers, in words.
pub(crate) fn data(message: &Message) -> Vec<String> {
    message
        .answers
        .iter()
        .map(|record| record.data.to_string())
        .collect()
}

/// The extended error's code (RFC 8914).
pub(crate) fn extended_error(message: &Message) -> Option<u16> {
    let option = message.edns.as_ref()?.option(15.into())?;
    let bytes = Vec::<u8>::try_from(option).unwrap();
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// The start of authority's owner and time to live.
pub(crate) fn soa(message: &Message) -> Option<(Name, u32)> {
    let [record] = &message.authorities[..] else {
        return None;
    };
    matches!(record.data, RData::SOA(_)).then(|| (record.name.clone(), record.ttl))
}
