//! What is remembered of a key, and the order in which items of a key stand.
//!
//! The order is `(seq, value)`: a higher `seq` is newer, on a tie the larger bytes. The highest
//! item ever seen is the key's [`Floor`], below which nothing is believed again. A floor outlives
//! its item, so it holds a digest in place of the bytes. **The tie rule** follows from that: an
//! item with the floor's `seq` and digest is the floor's own item, come back. One with the same
//! `seq` and another digest is compared by bytes while the floor's item is kept; once that is gone
//! nobody can tell which of the two is larger, and it is refused. Only the owner can sign two
//! items with one `seq`, and any higher `seq` of theirs ends it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::{
    item::{Seq, SignedItem},
    packet::SignedPacket,
};

/// How far ahead of the clock a sighting may be before the clock must have been set back since.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// The newest item of a key, with its last sighting.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What was seen.
    pub newest: Newest,
    /// When and where it was last seen.
    pub seen: Seen,
}

/// A signed item, as a packet where it is one.
#[derive(Debug, Clone)]
pub enum Newest {
    /// The item is a DNS packet.
    Packet(SignedPacket),
    /// The item is something else, and supersedes any packet all the same.
    Other(SignedItem),
}

impl Newest {
    /// The item as it travels.
    pub fn item(&self) -> &SignedItem {
        match self {
            Newest::Packet(packet) => packet.item(),
            Newest::Other(item) => item,
        }
    }
}

impl From<SignedItem> for Newest {
    fn from(item: SignedItem) -> Self {
        match SignedPacket::try_from(item.clone()) {
            Ok(packet) => Newest::Packet(packet),
            Err(_) => Newest::Other(item),
        }
    }
}

/// A sighting of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: SystemTime,
    /// Who showed it.
    pub from: Origin,
}

impl Seen {
    /// Seen in the DHT.
    pub fn in_dht(at: SystemTime) -> Self {
        Self {
            at,
            from: Origin::Dht,
        }
    }

    /// The later of two sightings of one item.
    ///
    /// An earlier sighting that lies in the future was dated by a clock that has been set back
    /// since; it gives way, or else the item would look unseen until the clock catches up.
    pub(super) fn renewed(self, offered: Seen, now: SystemTime) -> Seen {
        if offered.at >= self.at || self.at > now + CLOCK_SLACK {
            offered
        } else {
            self
        }
    }
}

/// Who showed an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// Nodes of the DHT.
    Dht,
    /// The relay with this address.
    Relay(String),
    /// This program or a client of it, who published it here.
    Published,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.to_text())
    }
}

impl Origin {
    pub(super) fn to_text(&self) -> &str {
        match self {
            Origin::Dht => "dht",
            Origin::Relay(address) => address,
            Origin::Published => "published",
        }
    }

    pub(super) fn from_text(text: String) -> Self {
        match text.as_str() {
            "dht" => Origin::Dht,
            "published" => Origin::Published,
            _ => Origin::Relay(text),
        }
    }
}

/// The highest item ever seen of a key, by number and digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// Its sequence number.
    pub seq: Seq,
    /// The SHA-256 digest of its value.
    pub digest: [u8; 32],
}

impl Floor {
    /// The floor that an item makes.
    pub fn of(item: &SignedItem) -> Self {
        Self {
            seq: item.seq(),
            digest: Sha256::digest(item.value()).into(),
        }
    }
}

/// How an item stands to what is known of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is above the floor and makes a new one.
    Newer,
    /// It is the floor's own item.
    Same,
    /// It is below the floor, or can't be shown to be above.
    Older,
}

impl Standing {
    /// Compares an item, whose own floor is `offered`, with the floor and its item where kept.
    pub(super) fn of(
        item: &SignedItem,
        offered: &Floor,
        floor: Option<&Floor>,
        kept: Option<&SignedItem>,
    ) -> Self {
        let Some(floor) = floor else {
            return Standing::Newer;
        };
        if offered == floor {
            return Standing::Same;
        }
        let above = match item.seq().cmp(&floor.seq) {
            std::cmp::Ordering::Equal => kept.is_some_and(|kept| item.is_newer_than(kept)),
            order => order.is_gt(),
        };
        if above {
            Standing::Newer
        } else {
            Standing::Older
        }
    }
}

/// The time as the file has it: microseconds since 1970.
pub(super) fn to_micros(time: SystemTime) -> i64 {
    Seq::at(time).get()
}

/// The time that the file has.
pub(super) fn from_micros(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(micros.max(0).unsigned_abs())
}
