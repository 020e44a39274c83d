//! Messages of KRPC (BEP 5) with the items of BEP 44, as a node reads and writes them.

use std::net::{IpAddr, SocketAddr};

use super::{bencode::Value, id::Id};

/// Whom a node knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) id: Id,
    pub(crate) address: SocketAddr,
}

/// A question as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) message: Value,
    pub(crate) method: String,
}

impl Query {
    /// Reads a question; anything else is none.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let message = Value::decode(bytes)?;
        let method = message.at(&["q"])?.as_bytes()?.to_vec();
        let is_query = message.at(&["y"])?.as_bytes()? == b"q";
        message.at(&["t"])?.as_bytes()?;
        message.at(&["a", "id"])?.as_array::<20>()?;
        is_query.then_some(Self {
            message,
            method: String::from_utf8(method).ok()?,
        })
    }

    /// The transaction id.
    pub(crate) fn transaction(&self) -> Vec<u8> {
        self.message
            .at(&["t"])
            .and_then(Value::as_bytes)
            .unwrap()
            .to_vec()
    }

    pub(crate) fn argument(&self, name: &str) -> Option<&Value> {
        self.message.at(&["a", name])
    }

    /// What is looked for, or where something is to be put.
    pub(crate) fn target(&self) -> Option<Id> {
        let key = || self.argument("k")?.as_array::<32>();
        let named = self
            .argument("target")
            .or_else(|| self.argument("info_hash"));
        match named {
            Some(named) => named.as_array(),
            None => key().map(|key| *mainline::MutableItem::target_from_key(&key, None).as_bytes()),
        }
    }

    /// Whether whoever asks says to be no node that answers (BEP 43).
    pub(crate) fn read_only(&self) -> bool {
        self.message.at(&["ro"]) == Some(&Value::Int(1))
    }

    /// Whether nodes of this family are wanted (BEP 32): those named, else those of the family
    /// that the question came by.
    pub(crate) fn wants(&self, ipv6: bool, came_by: SocketAddr) -> bool {
        match self.argument("want") {
            Some(Value::List(wanted)) => {
                wanted.contains(&Value::bytes(if ipv6 { "n6" } else { "n4" }))
            }
            _ => came_by.is_ipv6() == ipv6,
        }
    }
}

/// An answer: what is in `r`, to a question from an address.
pub(crate) fn response(query: &Query, from: SocketAddr, content: Value) -> Value {
    Value::dict([
        ("ip", Value::Bytes(compact(from))),
        ("r", content),
        ("t", Value::Bytes(query.transaction())),
        ("v", Value::bytes(b"bx\0\x01")),
        ("y", Value::bytes("r")),
    ])
}

/// An error in answer to a question.
pub(crate) fn error(query: &Query, from: SocketAddr, code: i64, words: &str) -> Value {
    let error = Value::List(vec![Value::Int(code), Value::bytes(words)]);
    Value::dict([
        ("e", error),
        ("ip", Value::Bytes(compact(from))),
        ("t", Value::Bytes(query.transaction())),
        ("v", Value::bytes(b"bx\0\x01")),
        ("y", Value::bytes("e")),
    ])
}

/// A question; `read_only` as somebody asks who doesn't answer.
pub(crate) fn query(method: &str, transaction: &[u8], arguments: Value, read_only: bool) -> Value {
    let mut message = Value::dict([
        ("a", arguments),
        ("q", Value::bytes(method)),
        ("t", Value::bytes(transaction)),
        ("y", Value::bytes("q")),
    ]);
    if read_only {
        message.set("ro", Value::Int(1));
    }
    message
}

/// Address and port in 6 or 18 bytes.
pub(crate) fn compact(address: SocketAddr) -> Vec<u8> {
    let mut bytes = match address.ip() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    bytes.extend(address.port().to_be_bytes());
    bytes
}

/// Ids with addresses, one after the other (BEP 5; BEP 32 for IPv6).
pub(crate) fn compact_nodes<'a>(nodes: impl IntoIterator<Item = &'a Contact>) -> Value {
    let node = |node: &Contact| [node.id.to_vec(), compact(node.address)].concat();
    Value::Bytes(nodes.into_iter().flat_map(node).collect())
}

/// The nodes of an answer, IPv4 and IPv6.
pub(crate) fn nodes(message: &Value) -> Vec<Contact> {
    let part = |name: &str, size: usize| {
        let bytes = message.at(&["r", name]).and_then(Value::as_bytes);
        let chunks = bytes.unwrap_or_default().chunks_exact(size);
        chunks.map(contact).collect::<Vec<_>>()
    };
    [part("nodes", 26), part("nodes6", 38)].concat()
}

fn contact(bytes: &[u8]) -> Contact {
    let (id, rest) = bytes.split_at(20);
    let (address, port) = rest.split_at(rest.len() - 2);
    let address: IpAddr = match <[u8; 4]>::try_from(address) {
        Ok(address) => address.into(),
        Err(_) => <[u8; 16]>::try_from(address).unwrap().into(),
    };
    Contact {
        id: id.try_into().unwrap(),
        address: SocketAddr::new(address, u16::from_be_bytes(port.try_into().unwrap())),
    }
}
