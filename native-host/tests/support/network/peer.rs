//! Somebody who asks one node, packet by packet: to see what it answers to anything at all.

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use pkarr_host::{item::SignedItem, key::PublicKey};

use super::{
    bencode::Value,
    id::{self, Id},
    message,
    node::Held,
};

/// How long an answer may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a question is repeated: packets get lost on loopback, too, when buffers are full.
const AGAIN: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Peer {
    socket: UdpSocket,
    id: Id,
    last: u16,
    pub(crate) sent: usize,
    pub(crate) received: usize,
}

impl Peer {
    /// Somebody at this address.
    pub(crate) fn at(address: impl Into<IpAddr>) -> Self {
        let socket = UdpSocket::bind((address.into(), 0)).unwrap();
        Self {
            socket,
            id: *b"somebody who asks it",
            last: 0,
            sent: 0,
            received: 0,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Sends bytes and doesn't wait for anything.
    pub(crate) fn send(&mut self, bytes: &[u8], to: SocketAddr) {
        self.sent += bytes.len();
        self.socket.send_to(bytes, to).unwrap();
    }

    /// What comes within a time.
    pub(crate) fn receive(&mut self, within: Duration) -> Option<(Vec<u8>, SocketAddr)> {
        let within = within.max(Duration::from_millis(1));
        self.socket.set_read_timeout(Some(within)).unwrap();
        let mut buffer = [0; 4096];
        let (length, from) = self.socket.recv_from(&mut buffer).ok()?;
        self.received += length;
        Some((buffer[..length].to_vec(), from))
    }

    /// Takes in all that has come, and says how many packets these were.
    pub(crate) fn drain(&mut self) -> usize {
        self.socket.set_nonblocking(true).unwrap();
        let (mut packets, mut buffer) = (0, [0; 4096]);
        while let Ok(length) = self.socket.recv(&mut buffer) {
            self.received += length;
            packets += 1;
        }
        self.socket.set_nonblocking(false).unwrap();
        packets
    }

    /// A question of this kind, with our id among what is asked.
    pub(crate) fn question(&mut self, method: &str, mut arguments: Value) -> Value {
        self.last += 1;
        if arguments.at(&["id"]).is_none() {
            arguments.set("id", Value::bytes(self.id));
        }
        message::query(method, &self.last.to_be_bytes(), arguments, true)
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&mut self, method: &str, arguments: Value, to: SocketAddr) -> Value {
        let question = self.question(method, arguments);
        self.ask_with(&question, to)
    }

    /// Asks this, and waits for what has the same transaction id.
    pub(crate) fn ask_with(&mut self, question: &Value, to: SocketAddr) -> Value {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.send(&question.encode(), to);
            let again = Instant::now() + AGAIN;
            while let Some(left) = again.checked_duration_since(Instant::now()) {
                let Some((bytes, from)) = self.receive(left) else {
                    break;
                };
                let answer = Value::decode(&bytes)
                    .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&bytes)));
                if from == to && answer.at(&["t"]) == question.at(&["t"]) {
                    return answer;
                }
            }
        }
        panic!("{to} does not answer {question:?}");
    }

    /// Asks for the item of a key.
    pub(crate) fn get(&mut self, key: &PublicKey, to: SocketAddr) -> Value {
        let target = Value::bytes(id::target(key));
        self.ask("get", Value::dict([("target", target)]), to)
    }

    /// The token that a node gives for a put.
    pub(crate) fn token(&mut self, to: SocketAddr) -> Value {
        let target = Value::bytes([7; 20]);
        let answer = self.ask("get", Value::dict([("target", target)]), to);
        answer.at(&["r", "token"]).unwrap().clone()
    }

    /// Puts an item with what else belongs into the question.
    pub(crate) fn put(
        &mut self,
        item: &Held,
        token: Value,
        replaces: Option<i64>,
        to: SocketAddr,
    ) -> Value {
        self.ask("put", put_arguments(item, token, replaces), to)
    }
}

/// The arguments of a put (BEP 44).
pub(crate) fn put_arguments(item: &Held, token: Value, replaces: Option<i64>) -> Value {
    let mut arguments = Value::dict([("token", token)]);
    item.clone().into_content(&mut arguments);
    if let Some(seq) = replaces {
        arguments.set("cas", Value::Int(seq));
    }
    arguments
}

/// The item in an answer, if there is one.
pub(crate) fn item(answer: &Value) -> Option<Held> {
    let part = |name| answer.at(&["r", name]);
    Some(Held {
        key: part("k")?.as_array()?,
        signature: part("sig")?.as_array()?,
        seq: part("seq")?.as_int()?,
        value: part("v")?.as_bytes()?.to_vec(),
    })
}

/// The code of an error.
pub(crate) fn error_code(answer: &Value) -> Option<i64> {
    let Value::List(error) = answer.at(&["e"])? else {
        return None;
    };
    error.first()?.as_int()
}

/// Whether an answer holds exactly this item.
pub(crate) fn holds(answer: &Value, wanted: &SignedItem) -> bool {
    item(answer).is_some_and(|item| item == Held::from(wanted))
}
