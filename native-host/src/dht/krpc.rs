//! The messages of the DHT (KRPC), read and written.
//!
//! A message is one bencoded dictionary in one UDP datagram (BEP 5): a *query* (`y` = `q`), a
//! *response* (`r`) or an *error* (`e`), matched by a transaction id `t` that the asker chooses and
//! the other side repeats. On top of BEP 5 we speak
//!
//! - BEP 32: `want` says which families of addresses are wanted, `nodes6` carries those of IPv6;
//! - BEP 42: `ip` tells the asker the address it was seen from;
//! - BEP 43: `ro` = 1 marks an asker that doesn't answer questions, so that nobody keeps it;
//! - BEP 44: `get` and `put` of items, immutable (`sha1` of the value) and mutable (`k`, `sig`,
//!   `seq`, `cas`, `salt`).
//!
//! What others send is taken as it comes: transaction ids of any length up to [`MAX_TRANSACTION`],
//! any version, keys in any order, unknown keys and methods, nodes whose last entry is cut off. What
//! we send is canonical, and fits those who are strict: `mainline` drops queries whose transaction
//! id or version has not four bytes, and a `put` without `target`.
//!
//! A message borrows from the datagram it was read from. [`Message::decode`] needs no more memory
//! than a bounded list of nodes, whatever the bytes.

mod read;
mod write;

use std::net::SocketAddr;

use super::{
    bencode::Malformed,
    id::{Id, Node},
};
pub(super) use {read::address, write::address_bytes};

/// The longest transaction id that is repeated, in bytes.
pub const MAX_TRANSACTION: usize = 32;
/// The most nodes of each family that are read from one message; `mainline` sends 20, others 8.
pub const MAX_NODES: usize = 20;
/// The longest token that is taken along, in bytes.
pub const MAX_TOKEN: usize = 128;
/// The longest salt of an item (BEP 44), in bytes.
pub const MAX_SALT: usize = 64;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KrpcError {
    /// Not a bencoded dictionary, or nested too deep.
    #[error("the message is not bencoded")]
    Malformed,
    /// A field that the message can't do without is missing or of the wrong kind.
    #[error("the message has no usable {0:?}")]
    Field(&'static str),
}

impl From<Malformed> for KrpcError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// Chosen by the asker, repeated in the answer.
    pub transaction: &'a [u8],
    /// Which program sent it, by convention two letters and two bytes of version.
    pub version: Option<&'a [u8]>,
    /// The sender doesn't answer questions (BEP 43).
    pub read_only: bool,
    /// Where the sender sees the receiver (BEP 42).
    pub ip: Option<SocketAddr>,
    /// What it is about.
    pub body: Body<'a>,
}

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'a> {
    /// A question.
    Query(Query<'a>),
    /// An answer.
    Response(Response<'a>),
    /// A refusal.
    Error {
        /// The number of BEP 5 and BEP 44.
        code: i64,
        /// In words.
        text: &'a [u8],
    },
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<'a> {
    /// Who asks.
    pub id: Id,
    /// Which families of addresses are wanted; neither means that of the datagram.
    pub want: Want,
    /// What is asked.
    pub method: Method<'a>,
}

/// Which families of addresses are wanted (BEP 32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Want {
    /// `n4`
    pub v4: bool,
    /// `n6`
    pub v6: bool,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method<'a> {
    /// Whether the node is there.
    Ping,
    /// The nodes closest to an id.
    FindNode(Id),
    /// The peers of a torrent.
    GetPeers(Id),
    /// The item at a target, and the nodes closest to it.
    Get {
        /// Where the item is kept.
        target: Id,
        /// Only a newer one is wanted.
        seq: Option<i64>,
    },
    /// To keep an item.
    Put(Put<'a>),
    /// One of these, with something missing or of the wrong kind.
    Incomplete(&'a [u8]),
    /// Something else.
    Other(&'a [u8]),
}

/// An item to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put<'a> {
    /// What the node gave with its last answer to this address.
    pub token: &'a [u8],
    /// The value, bencoded.
    pub value: &'a [u8],
    /// What makes it a mutable item.
    pub mutable: Option<Mutable<'a>>,
    /// Where it is kept; not in BEP 44, and asked for by some.
    pub target: Option<Id>,
}

/// Who vouches for a mutable item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mutable<'a> {
    /// The Ed25519 key.
    pub key: [u8; 32],
    /// Its signature.
    pub signature: [u8; 64],
    /// The number in the order of items.
    pub seq: i64,
    /// The number that the item to replace must have.
    pub cas: Option<i64>,
    /// What tells several items of one key apart.
    pub salt: Option<&'a [u8]>,
}

/// An answer: all that any method's has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response<'a> {
    /// Who answers.
    pub id: Id,
    /// The nodes closest to the target that it knows, those of IPv4 first.
    pub nodes: Option<Vec<Node>>,
    /// What to send along with a put.
    pub token: Option<&'a [u8]>,
    /// The value of an item, bencoded.
    pub value: Option<&'a [u8]>,
    /// The key of a mutable item.
    pub key: Option<[u8; 32]>,
    /// Its signature.
    pub signature: Option<[u8; 64]>,
    /// Its number.
    pub seq: Option<i64>,
}

impl Response<'_> {
    /// An answer that says nothing but who gives it.
    pub fn of(id: Id) -> Self {
        Self {
            id,
            nodes: None,
            token: None,
            value: None,
            key: None,
            signature: None,
            seq: None,
        }
    }
}

#[cfg(test)]
mod tests;
