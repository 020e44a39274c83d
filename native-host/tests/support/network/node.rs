//! A node: whom it knows, what it holds, and what it answers.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ed25519_dalek::{Signature, VerifyingKey};
use pkarr_host::item::SignedItem;

use super::{
    bencode::Value,
    dice::Dice,
    id::{self, Id},
    message::{Contact, Query, compact_nodes, error, response},
};

/// An item as nodes keep and send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) key: [u8; 32],
    pub(crate) signature: [u8; 64],
    pub(crate) seq: i64,
    pub(crate) value: Vec<u8>,
}

impl From<&SignedItem> for Held {
    fn from(item: &SignedItem) -> Self {
        Self {
            key: *item.key().as_bytes(),
            signature: *item.signature(),
            seq: item.seq().get(),
            value: item.value().to_vec(),
        }
    }
}

impl Held {
    /// Puts the item into the content of an answer.
    pub(crate) fn into_content(self, content: &mut Value) {
        content.set("k", Value::bytes(self.key));
        content.set("seq", Value::Int(self.seq));
        content.set("sig", Value::bytes(self.signature));
        content.set("v", Value::Bytes(self.value));
    }
}

/// A question that a node has to answer.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) query: &'a Query,
    /// Who asks.
    pub(crate) from: SocketAddr,
    /// The node that is asked.
    pub(crate) node: Contact,
    /// What an honest node answers.
    pub(crate) honest: Value,
}

impl Asked<'_> {
    /// Whether a question of this method, for this target.
    pub(crate) fn is(&self, method: &str, target: &Id) -> bool {
        self.query.method == method && self.query.target().as_ref() == Some(target)
    }

    /// The honest answer with the content changed, if it is one.
    pub(crate) fn tampered(self, change: impl FnOnce(&mut Value)) -> Vec<Sent> {
        let mut answer = self.honest;
        if answer.at(&["r"]).is_some() {
            change(answer.at_mut(&["r"]));
        }
        vec![answer.into()]
    }
}

/// A packet that a node sends.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) bytes: Vec<u8>,
    /// Another node that sends it.
    pub(crate) by: Option<SocketAddr>,
    /// How much later than the answer of an honest node.
    pub(crate) after: Duration,
}

impl From<Value> for Sent {
    fn from(message: Value) -> Self {
        message.encode().into()
    }
}

impl From<Vec<u8>> for Sent {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            by: None,
            after: Duration::ZERO,
        }
    }
}

/// What a node does that doesn't do what it should.
pub(crate) type Behaviour = Arc<dyn Fn(Asked<'_>) -> Vec<Sent> + Send + Sync>;

/// What a node does.
#[derive(Clone, Default)]
pub(crate) enum Manner {
    #[default]
    Honest,
    /// Nothing, though others may know it.
    Dead,
    Other(Behaviour),
}

pub(crate) struct Node {
    pub(crate) contact: Contact,
    pub(crate) known: Vec<Contact>,
    pub(crate) held: HashMap<Id, Held>,
    pub(crate) manner: Manner,
    /// How many nodes it tells of at once.
    pub(crate) tells: usize,
    /// For the chance that packets to and from it meet with.
    pub(crate) dice: Dice,
    secret: u64,
}

impl Node {
    pub(crate) fn new(contact: Contact, tells: usize, mut dice: Dice) -> Self {
        Self {
            contact,
            known: Vec::new(),
            held: HashMap::new(),
            manner: Manner::Honest,
            tells,
            secret: dice.draw(),
            dice,
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.manner, Manner::Dead)
    }

    /// What an honest node answers.
    pub(crate) fn answer(&mut self, query: &Query, from: SocketAddr) -> Value {
        match (query.method.as_str(), query.target()) {
            ("ping", _) => response(query, from, self.content()),
            ("find_node", Some(target)) => {
                response(query, from, self.with_nodes(query, from, &target))
            }
            ("get_peers", Some(target)) => {
                let mut content = self.with_nodes(query, from, &target);
                content.set("token", self.token(from.ip()));
                response(query, from, content)
            }
            ("get", Some(target)) => self.get(query, from, &target),
            ("put", _) => match self.put(query, from) {
                Ok(()) => response(query, from, self.content()),
                Err((code, words)) => error(query, from, code, words),
            },
            ("find_node" | "get_peers" | "get", None) => {
                error(query, from, 203, "no target of 20 bytes")
            }
            _ => error(query, from, 204, "unknown method"),
        }
    }

    fn content(&self) -> Value {
        Value::dict([("id", Value::bytes(self.contact.id))])
    }

    fn with_nodes(&self, query: &Query, from: SocketAddr, target: &Id) -> Value {
        let mut content = self.content();
        for (name, ipv6) in [("nodes", false), ("nodes6", true)] {
            if query.wants(ipv6, from) {
                content.set(name, compact_nodes(&self.closest(target, ipv6)));
            }
        }
        content
    }

    /// The closest to a target of those that it knows.
    fn closest(&self, target: &Id, ipv6: bool) -> Vec<Contact> {
        let family = |node: &&Contact| node.address.is_ipv6() == ipv6;
        let mut known: Vec<_> = self.known.iter().filter(family).copied().collect();
        known.sort_by_key(|node| id::distance(&node.id, target));
        known.truncate(self.tells);
        known
    }

    fn get(&self, query: &Query, from: SocketAddr, target: &Id) -> Value {
        let mut content = self.with_nodes(query, from, target);
        content.set("token", self.token(from.ip()));
        if let Some(held) = self.held.get(target) {
            let newer_than = query.argument("seq").and_then(Value::as_int);
            if newer_than.is_none_or(|seq| held.seq > seq) {
                held.clone().into_content(&mut content);
            } else {
                content.set("seq", Value::Int(held.seq));
            }
        }
        response(query, from, content)
    }

    /// Stores a mutable item by the rules of BEP 44.
    fn put(&mut self, query: &Query, from: SocketAddr) -> Result<(), (i64, &'static str)> {
        let protocol = (203, "invalid put");
        let argument = |name| query.argument(name);
        if argument("token") != Some(&self.token(from.ip())) {
            return Err((203, "invalid token"));
        }
        let value = argument("v").ok_or(protocol)?;
        if value.encode().len() > 1000 {
            return Err((205, "message (v field) too big"));
        }
        let held = Held {
            key: argument("k").and_then(Value::as_array).ok_or(protocol)?,
            signature: argument("sig").and_then(Value::as_array).ok_or(protocol)?,
            seq: argument("seq").and_then(Value::as_int).ok_or(protocol)?,
            value: value.as_bytes().ok_or(protocol)?.to_vec(),
        };
        if argument("salt").is_some() {
            return Err((207, "no salt here"));
        }
        if !signed(&held) {
            return Err((206, "invalid signature"));
        }
        let target = *mainline::MutableItem::target_from_key(&held.key, None).as_bytes();
        if let Some(before) = self.held.get(&target) {
            let replaces = argument("cas").and_then(Value::as_int);
            if replaces.is_some_and(|seq| seq != before.seq) {
                return Err((301, "the CAS hash mismatched, re-read value and try again"));
            }
            if before.seq > held.seq || (before.seq == held.seq && before.value != held.value) {
                return Err((302, "sequence number less than current"));
            }
        }
        self.held.insert(target, held);
        Ok(())
    }

    /// What a put has to bring along, from the address that asked.
    fn token(&self, address: IpAddr) -> Value {
        let mut hasher = DefaultHasher::new();
        (self.secret, address).hash(&mut hasher);
        Value::bytes(hasher.finish().to_be_bytes())
    }
}

/// Gives a node another id, under which all who know it know it from now on.
pub(crate) fn place(nodes: &mut [Node], number: usize, id: Id) {
    let before = nodes[number].contact;
    nodes[number].contact.id = id;
    for known in nodes.iter_mut().flat_map(|node| &mut node.known) {
        if *known == before {
            known.id = id;
        }
    }
}

/// Whether the key signed what is there (BEP 44, without a salt).
fn signed(held: &Held) -> bool {
    let mut message = format!("3:seqi{}e1:v{}:", held.seq, held.value.len()).into_bytes();
    message.extend(&held.value);
    let signature = Signature::from_bytes(&held.signature);
    VerifyingKey::from_bytes(&held.key)
        .is_ok_and(|key| key.verify_strict(&message, &signature).is_ok())
}
