//! What memory and file together know of a key.
//!
//! Memory answers as long as nobody has written to the file since; then the row is read again, and
//! of the two the newer counts. Memory can be ahead of the file by a write that still waits, or by
//! one that failed.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use moka::{ops::compute::Op, policy::EvictionPolicy, sync::Cache as Memory};
use tokio::sync::Notify;

use super::{
    ABSENT_FOR, Limits, MAX_ABSENT,
    entry::{Entry, Floor, Seen, Standing},
    rows::{self, Stored},
    store::Store,
};
use crate::{item::SignedItem, key::PublicKey, recent::Recent};

/// For each key in memory, so many floors are there, for when the file can't be read or written.
const FLOORS_PER_KEY: u64 = 16;

/// What the clones of a cache share.
pub(super) struct Inner {
    /// Absent only where not even memory could be had for the tables.
    pub(super) store: Option<Store>,
    pub(super) keys: Memory<PublicKey, Remembered>,
    floors: Recent<PublicKey, Floor>,
    pub(super) absent: Recent<PublicKey, ()>,
    /// Tells that something about kept keys was written.
    pub(super) kept_changed: Notify,
    pub(super) limits: Limits,
    pub(super) memory_hits: AtomicU64,
    pub(super) disk_hits: AtomicU64,
    pub(super) misses: AtomicU64,
}

/// An entry in memory.
#[derive(Debug, Clone)]
pub(super) struct Remembered {
    entry: Entry,
    floor: Floor,
    /// The version of the file that it was last compared with.
    version: i64,
}

/// What memory and file together know of a key.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) floor: Option<Floor>,
    remembered: Option<Remembered>,
    version: i64,
    from_disk: bool,
}

impl Inner {
    pub(super) fn new(store: Option<Store>, limits: Limits) -> Self {
        let memory = limits.memory.min(limits.keys);
        Self {
            store,
            keys: Memory::builder()
                .max_capacity(memory)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            floors: Recent::new(
                usize::try_from(memory.saturating_mul(FLOORS_PER_KEY)).unwrap_or(usize::MAX),
            ),
            absent: Recent::for_a_while(MAX_ABSENT, ABSENT_FOR),
            kept_changed: Notify::new(),
            limits,
            memory_hits: AtomicU64::default(),
            disk_hits: AtomicU64::default(),
            misses: AtomicU64::default(),
        }
    }

    /// The newest item of a key.
    pub(super) fn get(&self, key: &PublicKey) -> Option<Entry> {
        let version = self.version();
        let fresh = self
            .keys
            .get(key)
            .filter(|remembered| remembered.version == version);
        let (found, counter) = match fresh {
            Some(remembered) => (Some(remembered), &self.memory_hits),
            None => {
                let known = self.refresh(key);
                let counter = match (&known.remembered, known.from_disk) {
                    (None, _) => &self.misses,
                    (Some(_), true) => &self.disk_hits,
                    (Some(_), false) => &self.memory_hits,
                };
                (known.remembered, counter)
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let found = found?;
        if let Some(store) = &self.store {
            store.touch(key);
        }
        Some(found.entry)
    }

    /// The version of what is stored. Tables in memory have no other writer, and one version; so
    /// has a file that can't be read.
    fn version(&self) -> i64 {
        match &self.store {
            Some(store) if store.path().is_some() => store.read(rows::version).unwrap_or(0),
            _ => 0,
        }
    }

    /// Brings memory up to date with the file for one key.
    pub(super) fn refresh(&self, key: &PublicKey) -> Known {
        let mut found = Known::default();
        // Under the key's lock, lest what another thread keeps meanwhile is written over.
        self.keys.entry(*key).and_compute_with(|remembered| {
            found = self.know(key, remembered.map(|entry| entry.into_value()));
            match &found.remembered {
                Some(remembered) if found.from_disk => Op::Put(remembered.clone()),
                Some(_) => Op::Nop,
                None => Op::Remove,
            }
        });
        found
    }

    /// Keeps an item in memory unless a newer one is known; tells also whether to write it.
    pub(super) fn keep(&self, item: &SignedItem, seen: &Seen) -> (Result<Entry, Floor>, bool) {
        let key = item.key();
        self.absent.remove(key);
        let offered = Floor::of(item);
        let mut outcome = (Err(offered), false);
        self.keys.entry(*key).and_compute_with(|remembered| {
            let known = self.know(key, remembered.map(|entry| entry.into_value()));
            let kept = known.remembered.as_ref();
            let standing = Standing::of(
                item,
                &offered,
                known.floor.as_ref(),
                kept.map(|kept| kept.entry.newest.item()),
            );
            let entry = match (standing, known.remembered) {
                (Standing::Older, Some(kept)) => {
                    outcome = (Ok(kept.entry.clone()), false);
                    return Op::Put(kept);
                }
                (Standing::Older, None) => {
                    outcome = (Err(known.floor.unwrap_or(offered)), false);
                    return Op::Remove;
                }
                (Standing::Same, Some(kept)) => Entry {
                    seen: kept.entry.seen.renewed(seen.clone(), SystemTime::now()),
                    newest: kept.entry.newest,
                },
                (Standing::Newer, _) | (Standing::Same, None) => Entry {
                    newest: item.clone().into(),
                    seen: seen.clone(),
                },
            };
            self.floors.insert(*key, offered);
            outcome = (Ok(entry.clone()), true);
            Op::Put(Remembered {
                entry,
                floor: offered,
                version: known.version,
            })
        });
        outcome
    }

    /// What keeping an item would come to.
    pub(super) fn weigh(&self, item: SignedItem, seen: Seen) -> Result<Entry, Floor> {
        let known = self.refresh(item.key());
        let kept = known.remembered.map(|remembered| remembered.entry);
        let standing = Standing::of(
            &item,
            &Floor::of(&item),
            known.floor.as_ref(),
            kept.as_ref().map(|entry| entry.newest.item()),
        );
        match (standing, kept, known.floor) {
            (Standing::Older, Some(entry), _) => Ok(entry),
            (Standing::Older, None, Some(floor)) => Err(floor),
            _ => Ok(Entry {
                newest: item.into(),
                seen,
            }),
        }
    }

    /// Puts together what memory and file know of a key.
    fn know(&self, key: &PublicKey, remembered: Option<Remembered>) -> Known {
        // Asked first: should somebody write in between, the row is only read once more.
        let version = self.version();
        let memory = Known {
            floor: remembered
                .as_ref()
                .map(|remembered| remembered.floor)
                .or_else(|| self.floors.get(key)),
            remembered,
            version,
            from_disk: false,
        };
        match &memory.remembered {
            Some(remembered) if remembered.version == version => return memory,
            _ => {}
        }
        let Some(store) = &self.store else {
            return memory;
        };
        // What can't be read is as good as absent: memory goes on by itself.
        match store.read(|conn| rows::read(conn, key)) {
            Ok(Some(stored)) => self.merge(key, memory, stored, store),
            Ok(None) | Err(_) => memory,
        }
    }

    /// The newer of what memory and file know. Memory may be ahead by a write that waits or failed.
    fn merge(&self, key: &PublicKey, mut memory: Known, stored: Stored, store: &Store) -> Known {
        let Stored {
            floor,
            item: stored,
        } = stored;
        let version = memory.version;
        if memory.floor == Some(floor) {
            // The same item: no need to verify it again. When it's gone there, it is gone here.
            memory.remembered = match (memory.remembered, &stored) {
                (Some(mut remembered), Some(stored)) => {
                    let seen = &mut remembered.entry.seen;
                    *seen = seen.clone().renewed(stored.seen.clone(), SystemTime::now());
                    remembered.version = version;
                    memory.from_disk = true;
                    return Known {
                        remembered: Some(remembered),
                        ..memory
                    };
                }
                _ => None,
            };
        }
        let item = stored.as_ref().and_then(|stored| stored.item(key));
        let item = item.filter(|item| Floor::of(item) == floor);
        if let (Some(stored), None) = (&stored, &item) {
            tracing::warn!(%key, "an item in the cache file can’t be verified and is dropped");
            let (key, payload) = (*key, stored.payload.clone());
            store.queue(move |conn| rows::drop_item(conn, &key, &payload));
        }
        if let Some(own) = memory.floor
            && own != floor
        {
            let kept = memory.remembered.as_ref();
            let memory_is_newer = match (kept, &item) {
                (Some(kept), Some(item)) => kept.entry.newest.item().is_newer_than(item),
                _ => own.seq > floor.seq,
            };
            if memory_is_newer {
                return memory;
            }
        }
        self.floors.insert(*key, floor);
        let entry = item.zip(stored).map(|(item, stored)| Entry {
            newest: item.into(),
            seen: stored.seen,
        });
        Known {
            floor: Some(floor),
            from_disk: entry.is_some(),
            remembered: entry.map(|entry| Remembered {
                entry,
                floor,
                version,
            }),
            version,
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("file", &self.store.as_ref().and_then(Store::path))
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
