//! What the DHT tells of itself: of a lookup, of a put, and of how it is doing.

use std::net::{Ipv4Addr, SocketAddr};

/// What a finished lookup saw, in numbers of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookupReport {
    /// Nodes that were asked.
    pub asked: u32,
    /// Nodes that answered.
    pub answered: u32,
    /// Nodes that answered with a verified item.
    pub holding: u32,
    /// Nodes that answered with an item that is not signed by the key.
    pub forged: u32,
    /// Of the closest nodes that are alive, those that hold the newest item that was found, or none
    /// where none was.
    pub agreed: u32,
    /// Whether enough of the closest nodes answered to speak for the network, which is that of IPv4
    /// wherever there is one. Where they did not, a
    /// newer item may exist, and nothing found is not the same as nothing there.
    pub settled: bool,
}

/// What a finished put did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutReport {
    /// Nodes that confirmed to have stored the item.
    pub stored: u32,
    /// Nodes that refused to. Others were taken in their place, unless they know another item.
    pub refused: Vec<Refusal>,
}

/// A node that refused an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The node.
    pub node: SocketAddr,
    /// The error number of BEP 5 or BEP 44.
    pub code: i64,
    /// What the node said, shortened.
    pub reason: String,
}

impl Refusal {
    pub(super) const TOO_LARGE: i64 = 205;
    pub(super) const BAD_SIGNATURE: i64 = 206;
    pub(super) const MISMATCH: i64 = 301;
    pub(super) const CONFLICT: i64 = 302;

    pub(super) fn is_conflict(&self) -> bool {
        matches!(self.code, Self::MISMATCH | Self::CONFLICT)
    }
}

/// What a person may want to know of the DHT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DhtInfo {
    /// Whether any node has answered yet.
    pub bootstrapped: bool,
    /// The estimated number of nodes in the network.
    pub nodes: usize,
    /// Whether nodes can't reach this machine by themselves, as far as is known.
    pub firewalled: bool,
    /// This machine's public IPv4 address, as nodes report it.
    pub public_address: Option<Ipv4Addr>,
    /// The number of nodes that are known by name and address.
    pub known: usize,
    /// The number of items that are kept for others; `None` unless others are served.
    pub items: Option<usize>,
}
