//! What this process remembers of the network.
//!
//! Two bounded memories, least recently used out first: per key the newest item seen (a packet or
//! not: it is the floor below which nothing is believed again), and, apart from it so that a flood
//! of unknown keys can't push out known ones, the keys for which nothing was found a moment ago.
//!
//! The cache keeps; it decides nothing. Only the resolver writes to it.

use std::time::{Duration, SystemTime};

use moka::{ops::compute::Op, sync::Cache as Memory};

use crate::{item::SignedItem, key::PublicKey, packet::SignedPacket};

/// How many keys are remembered.
pub const MAX_KEYS: u64 = 10_000;
/// How many keys without a record are remembered.
pub const MAX_ABSENT: u64 = 1_000;
/// How long it is remembered that a key has no record.
pub const ABSENT_FOR: Duration = Duration::from_secs(10);

/// The newest item of a key that was ever seen.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What was seen.
    pub newest: Newest,
    /// When the network last showed it.
    pub seen_at: SystemTime,
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

/// The memory. Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub struct Cache {
    keys: Memory<PublicKey, Entry>,
    absent: Memory<PublicKey, ()>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            keys: Memory::new(MAX_KEYS),
            absent: Memory::builder()
                .max_capacity(MAX_ABSENT)
                .time_to_live(ABSENT_FOR)
                .build(),
        }
    }
}

impl Cache {
    /// The newest item seen for a key.
    pub fn get(&self, key: &PublicKey) -> Option<Entry> {
        self.keys.get(key)
    }

    /// Keeps an item unless a newer one is kept, and gives what is kept then.
    ///
    /// Seeing the same item again renews `seen_at`.
    pub fn keep(&self, item: SignedItem, seen_at: SystemTime) -> Entry {
        let key = *item.key();
        self.absent.invalidate(&key);
        let offered = || Entry {
            newest: item.clone().into(),
            seen_at,
        };
        self.keys
            .entry(key)
            .and_compute_with(|kept| match kept.map(|kept| kept.into_value()) {
                Some(kept) if kept.newest.item() == &item => Op::Put(Entry {
                    seen_at: kept.seen_at.max(seen_at),
                    ..kept
                }),
                Some(kept) if !item.is_newer_than(kept.newest.item()) => Op::Nop,
                _ => Op::Put(offered()),
            })
            .into_entry()
            .map_or_else(offered, |kept| kept.into_value())
    }

    /// Whether nothing was found for the key a moment ago.
    pub fn is_absent(&self, key: &PublicKey) -> bool {
        self.absent.contains_key(key)
    }

    /// Remembers for a moment that nothing was found for the key.
    pub fn keep_absent(&self, key: PublicKey) {
        self.absent.insert(key, ());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{item::Seq, key::KeyPair};
    use std::time::UNIX_EPOCH;

    fn item(seq: i64) -> SignedItem {
        let pair = KeyPair::from_secret(&[1; 32]);
        SignedPacket::sign(&pair, Seq::new(seq).unwrap(), &[])
            .unwrap()
            .item()
            .clone()
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn nothing_older_replaces_what_is_kept() {
        let cache = Cache::default();
        assert_eq!(cache.keep(item(2), at(1)).newest.item().seq().get(), 2);
        let kept = cache.keep(item(1), at(2));
        assert_eq!(kept.newest.item().seq().get(), 2);
        assert_eq!(
            kept.seen_at,
            at(1),
            "an older item is no sighting of the newest"
        );
        assert_eq!(cache.keep(item(3), at(3)).newest.item().seq().get(), 3);
        assert_eq!(
            cache.get(item(3).key()).unwrap().newest.item().seq().get(),
            3
        );
    }

    #[test]
    fn seeing_it_again_renews_the_time() {
        let cache = Cache::default();
        cache.keep(item(2), at(10));
        assert_eq!(cache.keep(item(2), at(20)).seen_at, at(20));
        assert_eq!(cache.keep(item(2), at(5)).seen_at, at(20));
    }

    #[test]
    fn absence_ends_with_an_item() {
        let cache = Cache::default();
        let key = *item(1).key();
        cache.keep_absent(key);
        assert!(cache.is_absent(&key));
        cache.keep(item(1), at(1));
        assert!(!cache.is_absent(&key));
    }
}
