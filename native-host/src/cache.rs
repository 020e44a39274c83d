//! What this machine remembers of the network.
//!
//! Per key there is the newest item seen (a packet or not), with its last sighting; the key's
//! [`Floor`], the highest item ever seen, below which nothing is believed again; and a bounded
//! history of what newer items replaced. Apart from that, so that a flood of unknown keys can't
//! push out known ones, stand the keys for which nothing was found a moment ago. Items and history
//! are bounded, least recently used out first. Floors are 72 bytes a key and are never forgotten,
//! neither when the item is nor by [`Cache::clear`].
//!
//! It all lies in one SQLite file, shared by every process of a user: the hosts of several
//! browsers, the command line, a daemon. In front of it each process has a memory of its own. A
//! process sees at once what another one has committed, because every [`Cache::get`] asks SQLite
//! whether anybody wrote since (that costs microseconds) and reads the row again only then. Two
//! processes can't roll each other back, because a write compares with what is stored in the same
//! transaction.
//!
//! **What is durable.** [`Cache::keep`] answers from memory and writes soon after. What
//! [`Cache::keep_durably`], [`Cache::flush`], [`Cache::clear`] and the functions about kept keys
//! and the lease have acknowledged is committed: it survives the end of the process at any moment,
//! `kill -9` too. After a power failure the last commits may be missing, but never half of one.
//!
//! **What can go wrong.** A file that is damaged, unwritable or of a newer version never keeps the
//! program from starting: see [`Cache::open`]. When the disk is full writes fail, with a word in
//! the log, and everything else goes on.
//!
//! The cache keeps; it decides nothing. Only the resolver writes items to it.

mod entry;
mod error;
mod file;
mod guests;
mod kept;
mod known;
mod rows;
mod schema;
mod store;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

pub use self::{
    entry::{Entry, Floor, Newest, Origin, Seen},
    error::CacheError,
    guests::Guest,
    kept::{Kept, Whose},
};
use self::{kept::Files, known::Inner, store::Store};
use crate::{item::SignedItem, key::PublicKey};

/// How many keys without a record are remembered.
pub const MAX_ABSENT: usize = 1_000;
/// How long it is remembered that a key has no record.
pub const ABSENT_FOR: Duration = Duration::from_secs(10);

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Keys whose newest item is kept.
    pub keys: u64,
    /// Earlier items that are kept of each.
    pub history: usize,
    /// Keys of which each process has the newest item in memory, too.
    pub memory: u64,
}

impl Default for Limits {
    /// 10 000 keys, 16 earlier items each, all in memory.
    fn default() -> Self {
        Self {
            keys: 10_000,
            history: 16,
            memory: 10_000,
        }
    }
}

/// How the cache is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The file, unless the cache is in memory only.
    pub file: Option<PathBuf>,
    /// The bytes it takes on disk, log included.
    pub bytes: u64,
    /// Keys whose newest item is kept.
    pub keys: u64,
    /// Keys whose floor is known.
    pub floors: u64,
    /// Earlier items that are kept.
    pub history: u64,
    /// Keys that are kept published.
    pub kept: u64,
    /// Questions of this process that memory answered.
    pub memory_hits: u64,
    /// Questions of this process that the file answered.
    pub disk_hits: u64,
    /// Questions of this process that had no answer.
    pub misses: u64,
}

/// The cache. Cheap to clone; clones share it.
///
/// When the last clone is dropped, what waits to be written is written first.
#[derive(Debug, Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

impl Default for Cache {
    fn default() -> Self {
        Self::memory()
    }
}

impl Cache {
    /// A cache that leaves nothing on disk and starts with nothing.
    ///
    /// Everything works as with a file, for this process only.
    pub fn memory() -> Self {
        Self::in_memory(Limits::default())
    }

    fn in_memory(limits: Limits) -> Self {
        match Store::memory(limits) {
            Ok(store) => Self::with(Some(store), limits),
            Err(error) => {
                tracing::warn!(%error, "there is no memory for the cache’s tables");
                Self::with(None, limits)
            }
        }
    }

    /// A cache in this file, which is made where it is missing, its folder too.
    ///
    /// This never fails, but says in the log when it had to do without. A damaged file is renamed
    /// to `….damaged-<seconds>` and a new one is made. When the file can't be written to, was made
    /// by a newer version of the program, or is damaged while another process has it open, then it
    /// is left as it is, and the cache is as [`Cache::memory`] makes it.
    ///
    /// Waits up to a few seconds for other processes that open the file too.
    pub fn open(path: &Path, limits: Limits) -> Self {
        match Store::open(path, limits) {
            Ok(store) => Self::with(Some(store), limits),
            Err(error) => {
                tracing::warn!(
                    path = %path.display(), %error,
                    "the cache file is not used; what is learned is forgotten at the end"
                );
                Self::in_memory(limits)
            }
        }
    }

    fn with(store: Option<Store>, limits: Limits) -> Self {
        Self {
            inner: Arc::new(Inner::new(store, limits)),
        }
    }

    /// The newest item seen for a key, by any process.
    pub fn get(&self, key: &PublicKey) -> Option<Entry> {
        self.inner.get(key)
    }

    /// The highest item ever seen for a key, by any process.
    pub fn floor(&self, key: &PublicKey) -> Option<Floor> {
        self.inner.refresh(key).floor
    }

    /// Keeps an item unless a newer one is known, and gives the newest that is kept then.
    ///
    /// Seeing the same item again renews its sighting. The answer comes from what all processes
    /// know; the item is written soon after.
    ///
    /// # Errors
    /// The [`Floor`], when the item is below it and the floor's own item is not kept any more:
    /// then there is nothing to answer with.
    pub fn keep(&self, item: SignedItem, seen: Seen) -> Result<Entry, Floor> {
        let (kept, write) = self.inner.keep(&item, &seen);
        if write && let Some(store) = &self.inner.store {
            let history = self.inner.limits.history;
            store.queue(move |conn| rows::keep(conn, &item, &seen, history).map(drop));
        }
        kept
    }

    /// What [`Cache::keep`] would answer, and keeps nothing.
    ///
    /// # Errors
    /// The [`Floor`], when the item is below it.
    pub fn weigh(&self, item: SignedItem, seen: Seen) -> Result<Entry, Floor> {
        self.inner.weigh(item, seen)
    }

    /// As [`Cache::keep`], and returns when the item is on disk, for what must not be forgotten:
    /// what was signed here, before it is published.
    ///
    /// # Errors
    /// [`CacheError`] when it could not be written; it is kept in memory all the same.
    pub async fn keep_durably(
        &self,
        item: SignedItem,
        seen: Seen,
    ) -> Result<Result<Entry, Floor>, CacheError> {
        let (kept, write) = self.inner.keep(&item, &seen);
        if write {
            let history = self.inner.limits.history;
            self.write(move |conn| rows::keep(conn, &item, &seen, history).map(drop))
                .await?;
        } else {
            self.flush().await?;
        }
        Ok(kept)
    }

    /// Returns when what was kept before is on disk.
    ///
    /// # Errors
    /// [`CacheError`] when the disk does not take any more.
    pub async fn flush(&self) -> Result<(), CacheError> {
        self.write(|_| Ok(())).await
    }

    /// What newer items of a key replaced, newest first.
    pub fn history(&self, key: &PublicKey) -> Vec<Entry> {
        self.read(|conn| rows::history(conn, key))
            .unwrap_or_default()
    }

    /// All that is remembered of a key, newest first: [`Cache::get`], then [`Cache::history`].
    pub fn seen(&self, key: &PublicKey) -> Vec<Entry> {
        self.get(key).into_iter().chain(self.history(key)).collect()
    }

    /// Forgets all items and their history, here and on disk, and gives the space back.
    ///
    /// Kept keys stay, and so do floors: clearing must not help anybody to bring back an older packet
    /// of a key. So the file still tells which keys were seen.
    ///
    /// # Errors
    /// [`CacheError`] when the file could not be cleared.
    pub async fn clear(&self) -> Result<(), CacheError> {
        let cleared = self.write(rows::clear).await;
        self.inner.keys.invalidate_all();
        self.inner.absent.clear();
        if let Some(store) = &self.inner.store {
            store.shrink().await;
        }
        cleared
    }

    /// Whether the structure of the tables is sound. Reads all of them.
    ///
    /// # Errors
    /// [`CacheError::Read`], [`CacheError::Damaged`].
    pub fn is_sound(&self) -> Result<bool, CacheError> {
        self.read(schema::is_sound)
    }

    /// How the cache is doing. Counts rows, which takes milliseconds when there are many.
    pub fn stats(&self) -> Stats {
        let inner = &*self.inner;
        let count = |table| {
            self.read(|conn| rows::count(conn, table))
                .unwrap_or_default()
        };
        let file = inner.store.as_ref().and_then(Store::path);
        Stats {
            file: file.map(Path::to_owned),
            bytes: file.map_or(0, file::size),
            keys: count("items"),
            floors: count("floors"),
            history: count("history"),
            kept: count("kept"),
            memory_hits: inner.memory_hits.load(Ordering::Relaxed),
            disk_hits: inner.disk_hits.load(Ordering::Relaxed),
            misses: inner.misses.load(Ordering::Relaxed),
        }
    }

    /// How many keys’ newest items are kept, and the bytes that the file takes, log included.
    pub fn size(&self) -> (u64, u64) {
        let keys = self.read(|conn| rows::count(conn, "items"));
        let file = self.inner.store.as_ref().and_then(Store::path);
        (keys.unwrap_or_default(), file.map_or(0, file::size))
    }

    /// Whether nothing was found for the key a moment ago.
    pub fn is_absent(&self, key: &PublicKey) -> bool {
        self.inner.absent.get(key).is_some()
    }

    /// Remembers for a moment that nothing was found for the key.
    pub fn keep_absent(&self, key: PublicKey) {
        self.inner.absent.insert(key, ());
    }
}

/// Keys that are kept published. All that is written here is durable.
impl Cache {
    /// Keeps a key published: its item is to be put at `next_at`.
    ///
    /// For a key that is kept already, this changes whose it is and when it is put next; its item
    /// gives way only to a newer one.
    ///
    /// # Errors
    /// [`CacheError`]; nothing has changed then.
    pub async fn keep_alive(
        &self,
        item: SignedItem,
        whose: Whose,
        next_at: SystemTime,
    ) -> Result<(), CacheError> {
        Files::of(&whose).map_err(|path| CacheError::Path(path.to_owned()))?;
        self.write(move |conn| match Files::of(&whose) {
            Ok(files) => kept::keep_alive(conn, &item, &files, next_at),
            Err(_) => Ok(()),
        })
        .await?;
        self.inner.kept_changed.notify_one();
        Ok(())
    }

    /// Returns when this process has begun to keep another key published, or has changed how. One
    /// caller at a time hears of it; what happened before the call counts too.
    pub async fn kept_changed(&self) {
        self.inner.kept_changed.notified().await;
    }

    /// How a key is kept published; `None` where it is not.
    ///
    /// # Errors
    /// As [`Cache::kept`].
    pub fn kept_of(&self, key: &PublicKey) -> Result<Option<Kept>, CacheError> {
        let mut kept = self.kept()?.into_iter();
        Ok(kept.find(|kept| kept.item.key() == key))
    }

    /// Keeps a key published no longer, and tells whether it was.
    ///
    /// # Errors
    /// [`CacheError`]; nothing has changed then.
    pub async fn forget(&self, key: PublicKey) -> Result<bool, CacheError> {
        self.write(move |conn| kept::forget(conn, &key)).await
    }

    /// All keys that are kept published, the next due first. What can't be verified is dropped.
    ///
    /// # Errors
    /// [`CacheError::Read`], [`CacheError::Damaged`].
    pub fn kept(&self) -> Result<Vec<Kept>, CacheError> {
        let (kept, damaged) = self.read(kept::kept)?;
        if damaged > 0
            && let Some(store) = &self.inner.store
        {
            tracing::warn!(
                damaged,
                "kept keys in the cache file can’t be verified and are dropped"
            );
            store.queue(kept::drop_damaged);
        }
        Ok(kept)
    }

    /// Notes that a kept key was put at a time, on so many nodes, and when it is next due. Tells
    /// whether it is still kept.
    ///
    /// # Errors
    /// [`CacheError`]; nothing has changed then.
    pub async fn note_put(
        &self,
        key: PublicKey,
        at: SystemTime,
        stored: u32,
        next_at: SystemTime,
    ) -> Result<bool, CacheError> {
        self.write(move |conn| kept::note_put(conn, &key, at, stored, next_at))
            .await
    }

    /// Takes the lease to keep keys published until `now + duration`, or renews it, and tells
    /// whether the holder has it. At most one holder of all processes does.
    ///
    /// When the clock was set back since the lease was taken, it counts as ended: a holder that is
    /// alive finds out when renewing, so it should renew before each round of work. Without a file
    /// to write to nobody can be asked, and with an error in writing the answer is no.
    pub async fn take_lease(&self, holder: &str, now: SystemTime, duration: Duration) -> bool {
        let holder = holder.to_owned();
        self.write(move |conn| kept::take_lease(conn, &holder, now, duration))
            .await
            .unwrap_or(false)
    }

    /// Gives the lease back, if the holder has it.
    pub async fn release_lease(&self, holder: &str) {
        let holder = holder.to_owned();
        // One that can't be given back ends by itself.
        let _ = self
            .write(move |conn| kept::release_lease(conn, &holder))
            .await;
    }
}

/// Keys that a server keeps published for others, for a time. All that is written here is durable.
impl Cache {
    /// Takes a key in, or puts off its end and when it is put next. `most` guests can be there; who
    /// comes beyond takes the place of the one whose end is nearest. Tells how many have left so, the
    /// new one itself where `most` is nothing.
    ///
    /// # Errors
    /// [`CacheError`]; nothing has changed then.
    pub async fn take_guest(&self, guest: Guest, most: u64) -> Result<usize, CacheError> {
        self.write(move |conn| guests::take(conn, &guest, most))
            .await
    }

    /// Puts off the end of those of the keys that are guests.
    ///
    /// # Errors
    /// [`CacheError`]; nothing has changed then.
    pub async fn guests_asked_for(
        &self,
        keys: Vec<PublicKey>,
        ends_at: SystemTime,
    ) -> Result<(), CacheError> {
        self.write(move |conn| guests::asked_for(conn, &keys, ends_at))
            .await
    }

    /// The guests that are to be put again, the longest due first, so many at most.
    ///
    /// # Errors
    /// [`CacheError::Read`], [`CacheError::Damaged`].
    pub fn guests_due(&self, now: SystemTime, most: usize) -> Result<Vec<Guest>, CacheError> {
        self.read(|conn| guests::due(conn, now, most))
    }

    /// Notes when a guest is to be put next.
    ///
    /// # Errors
    /// [`CacheError`]; nothing has changed then.
    pub async fn put_off_guest(
        &self,
        key: PublicKey,
        next_at: SystemTime,
    ) -> Result<(), CacheError> {
        self.write(move |conn| guests::put_off(conn, &key, next_at))
            .await
    }

    /// Lets go of the guests whose time has ended, and tells how many.
    ///
    /// # Errors
    /// [`CacheError`]; nothing has changed then.
    pub async fn guests_leave(&self, now: SystemTime) -> Result<usize, CacheError> {
        self.write(move |conn| guests::leave(conn, now)).await
    }

    /// How many guests there are.
    pub fn guests(&self) -> u64 {
        self.read(|conn| rows::count(conn, "guests"))
            .unwrap_or_default()
    }
}

impl Cache {
    async fn write<T, F>(&self, work: F) -> Result<T, CacheError>
    where
        T: Send + 'static,
        F: FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        match &self.inner.store {
            Some(store) => store.write(work).await,
            None => Err(CacheError::Damaged),
        }
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, CacheError> {
        match &self.inner.store {
            Some(store) => store.read(work),
            None => Err(CacheError::Damaged),
        }
    }
}
