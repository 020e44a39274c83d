//! Names of nodes and of items: 160 bits, and how far they are from each other.
//!
//! Kademlia measures distance by XOR. A node's id should follow from its address (BEP 42), so that
//! nobody can choose ids around a target at will: the first 21 bits are a checksum of the masked
//! address and of three bits that stand in the last byte.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use crate::key::PublicKey;

/// CRC32-C (Castagnoli), which BEP 42 asks for.
const CASTAGNOLI: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
/// What BEP 42 keeps of an IPv4 address.
const MASK_V4: [u8; 4] = [0x03, 0x0f, 0x3f, 0xff];
/// What BEP 42 keeps of the first half of an IPv6 address.
const MASK_V6: [u8; 8] = [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff];

/// The id of a node, or the target of a query (BEP 5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 20]);

/// The XOR of two ids, ordered from near to far.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Distance([u8; 20]);

/// A node: its id and where it listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Node {
    /// The id it has, or is said to have.
    pub id: Id,
    /// Its UDP address.
    pub address: SocketAddr,
}

impl Id {
    /// The id of these bytes.
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The id that is written so; `None` unless there are 20 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Where mutable items of `key` without salt are kept: `sha1(key)` (BEP 44).
    pub fn of_key(key: &PublicKey) -> Self {
        Self::of_bytes(key.as_bytes())
    }

    /// The SHA-1 of these bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(sha1_smol::Sha1::from(bytes).digest().bytes())
    }

    /// An id by chance.
    pub fn random() -> Self {
        let mut bytes = [0; 20];
        fill(&mut bytes);
        Self(bytes)
    }

    /// An id for a node at this address, by chance as far as BEP 42 leaves it to chance.
    pub fn for_address(address: IpAddr) -> Self {
        let mut id = Self::random();
        let prefix = prefix(address, id.0[19]);
        id.0[0] = prefix[0];
        id.0[1] = prefix[1];
        id.0[2] = (prefix[2] & 0xf8) | (id.0[2] & 0x07);
        id
    }

    /// Whether a node at this address may have the id (BEP 42). Local addresses may have any.
    pub fn suits(&self, address: IpAddr) -> bool {
        if !is_public(address) {
            return true;
        }
        let prefix = prefix(address, self.0[19]);
        self.0[0] == prefix[0] && self.0[1] == prefix[1] && self.0[2] & 0xf8 == prefix[2] & 0xf8
    }

    /// How far it is to another id.
    pub fn distance(&self, other: &Self) -> Distance {
        let mut bytes = self.0;
        for (byte, other) in bytes.iter_mut().zip(other.0) {
            *byte ^= other;
        }
        Distance(bytes)
    }

    /// The 20 bytes.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl Distance {
    /// The distance as a part of the whole space, from 0 to 1.
    pub fn fraction(&self) -> f64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        // 64 bits say where in a space of at most some 2^30 nodes.
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) as f64 / u64::MAX as f64
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

impl fmt::Debug for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Distance({})", Id(self.0))
    }
}

/// Fills bytes from the system's source of chance. Ids and tokens that repeat are of less use, but
/// of some; a system without chance has worse troubles.
pub(super) fn fill(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        tracing::error!(%error, "the system gives no random bytes");
    }
}

/// Whether an address is one of the public network, where anybody can be.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast())
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => {
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local())
            }
        },
    }
}

/// The first bits of an id at this address (BEP 42).
fn prefix(address: IpAddr, random: u8) -> [u8; 3] {
    let random = random & 0x07;
    let sum = match address {
        IpAddr::V4(v4) => {
            let mut masked = v4.octets();
            for (byte, mask) in masked.iter_mut().zip(MASK_V4) {
                *byte &= mask;
            }
            masked[0] |= random << 5;
            CASTAGNOLI.checksum(&masked)
        }
        IpAddr::V6(v6) => {
            let mut masked = [0; 8];
            for ((to, byte), mask) in masked.iter_mut().zip(v6.octets()).zip(MASK_V6) {
                *to = byte & mask;
            }
            masked[0] |= random << 5;
            CASTAGNOLI.checksum(&masked)
        }
    };
    let [a, b, c, _] = sum.to_be_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        let bytes: Vec<u8> = (0..20)
            .map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap())
            .collect();
        Id::from_bytes(&bytes).unwrap()
    }

    /// The examples of BEP 42.
    #[test]
    fn ids_follow_from_addresses() {
        for (address, text) in [
            ("124.31.75.21", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401"),
            ("21.75.31.124", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256"),
            ("65.23.51.170", "a5d43220bc8f112a3d426c84764f8c2a1150e616"),
            ("84.124.73.14", "1b0321dd1bb1fe518101ceef99462b947a01ff41"),
            ("43.213.53.83", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a"),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert!(id(text).suits(address), "{address}");
            assert!(!id(text).suits("8.8.8.8".parse().unwrap()), "{address}");
        }
        for address in ["93.184.216.34", "2606:4700::6810:85e5"] {
            let address = address.parse().unwrap();
            assert!(Id::for_address(address).suits(address));
        }
        assert!(Id::random().suits("192.168.1.2".parse().unwrap()));
    }

    #[test]
    fn nearer_is_less() {
        let target = id("0000000000000000000000000000000000000000");
        let near = id("0100000000000000000000000000000000000000");
        let far = id("80000000000000000000000000000000000000ff");
        assert!(target.distance(&near) < target.distance(&far));
        assert_eq!(near.distance(&near).fraction(), 0.0);
        assert!((target.distance(&far).fraction() - 0.5).abs() < 0.01);
    }
}
