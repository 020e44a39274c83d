//! The keeper: publishes kept keys again before the network forgets them.
//!
//! Nodes of the DHT drop an item some two hours after it was last put (BEP 44). Which keys are kept
//! stands in the cache file: those published here, and foreign ones that were pinned, for which no
//! secret is needed because the same signed bytes are put again. Every process of a user may run a
//! keeper; a lease in the file sees to it that one of them works at a time, and that another takes
//! over when it ends.
//!
//! Before a key is put again the network is asked for the newest item, and that is what is put:
//! never an older one. A key whose zone file has variables is signed anew when this machine's
//! address has changed.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use futures_util::{StreamExt, stream};

use super::{Changes, PublishError, Publisher, Stored};
use crate::{
    cache::{Cache, CacheError, Kept, Whose},
    dht::PutReport,
    item::SignedItem,
    key::PublicKey,
    keystore,
    packet::Record,
    resolver::Source,
    zone::{self, External},
};

/// How often a key is put again that many nodes hold.
const CALM: Duration = Duration::from_secs(45 * 60);
/// How often one is that few hold.
const WORRIED: Duration = Duration::from_secs(10 * 60);
/// How soon it is tried again after nobody stored it.
const FAILED: Duration = Duration::from_secs(2 * 60);
/// Fewer nodes than this are few.
const ENOUGH_NODES: u32 = 10;
/// How long the lease is taken for; renewed before each round.
const LEASE: Duration = Duration::from_secs(120);
/// The longest pause between two rounds, so that a keeper that ended is replaced soon.
const ROUND: Duration = Duration::from_secs(30);
/// How many keys are put at the same time.
const AT_ONCE: usize = 4;

/// What was done for one key in a round.
#[derive(Debug)]
pub struct Republished {
    /// The key.
    pub key: PublicKey,
    /// Whether it was signed anew.
    pub renewed: bool,
    /// What came of it.
    pub outcome: Result<Stored, PublishError>,
    /// When it is due next.
    pub next_at: SystemTime,
}

/// Keeps keys published. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Keeper {
    publisher: Publisher,
    cache: Cache,
    holder: String,
    external: External,
}

impl Keeper {
    /// A keeper for the kept keys of the publisher's cache.
    ///
    /// `external` are addresses of this machine from the settings; what is not given there is
    /// taken from what nodes of the DHT report.
    pub fn new(publisher: Publisher, external: External) -> Self {
        let cache = publisher.resolver.cache().clone();
        let holder = format!("{}-{:?}", std::process::id(), SystemTime::now());
        Self {
            publisher,
            cache,
            holder,
            external,
        }
    }

    /// Works until dropped; `done` hears of every key that was put.
    pub async fn run(&self, mut done: impl FnMut(&Republished)) {
        loop {
            let now = SystemTime::now();
            if self.cache.take_lease(&self.holder, now, LEASE).await {
                self.round(now, &mut done).await;
            }
            let pause = tokio::time::sleep(self.pause(SystemTime::now()));
            tokio::select! {
                () = pause => {}
                () = self.cache.kept_changed() => {}
            }
        }
    }

    /// Gives the lease back, so that another keeper need not wait for it to end.
    pub async fn release(&self) {
        self.cache.release_lease(&self.holder).await;
    }

    /// Puts every key that is due, once.
    pub async fn round(&self, now: SystemTime, done: &mut impl FnMut(&Republished)) {
        let due = match self.cache.kept() {
            Ok(kept) => kept.into_iter().filter(|kept| is_due(kept, now)),
            Err(error) => {
                tracing::warn!(%error, "can’t read which keys are kept");
                return;
            }
        };
        let mut work = stream::iter(due)
            .map(|kept| self.keep(kept))
            .buffer_unordered(AT_ONCE);
        while let Some(kept) = work.next().await {
            done(&kept);
        }
    }

    fn pause(&self, now: SystemTime) -> Duration {
        let next = self
            .cache
            .kept()
            .ok()
            .and_then(|kept| kept.iter().map(|kept| kept.next_at).min());
        next.map_or(ROUND, |next| {
            next.duration_since(now).unwrap_or_default().min(ROUND)
        })
        .max(Duration::from_secs(1))
    }

    async fn keep(&self, kept: Kept) -> Republished {
        let key = *kept.item.key();
        let (renewed, outcome) = match self.renew(&kept).await {
            Some(outcome) => (true, outcome),
            None => (false, self.put_again(&kept).await),
        };
        let now = SystemTime::now();
        let stored = outcome.as_ref().map_or(0, Stored::nodes);
        let next_at = match &outcome {
            Ok(_) => next(&key, stored, now),
            Err(_) => now + jittered(FAILED, &key, now),
        };
        if let Err(error) = self.cache.note_put(key, now, stored, next_at).await {
            tracing::warn!(%key, %error, "can’t note that a key was published again");
        }
        Republished {
            key,
            renewed,
            outcome,
            next_at,
        }
    }

    /// Signs anew where the zone file says something else now; `None` where it doesn't.
    async fn renew(&self, kept: &Kept) -> Option<Result<Stored, PublishError>> {
        let Whose::Own {
            key_file: Some(key_file),
            zone_file: Some(zone_file),
        } = &kept.whose
        else {
            return None;
        };
        let records = self.records(zone_file, kept.item.key()).await?;
        if publishes(&kept.item, &records) {
            return None;
        }
        // A locked key can't be opened without a person.
        let locked = || Err(std::io::Error::other("nobody is there to ask"));
        let pair = match keystore::read(key_file, locked) {
            Ok(pair) if pair.public() == *kept.item.key() => pair,
            Ok(_) => return None,
            Err(error) => {
                tracing::warn!(%error, "a kept key’s records should change, but can’t be signed");
                return None;
            }
        };
        let published = match self.publisher.publish(&pair, &Changes::set(records)).await {
            Ok(published) => published,
            Err(error) => return Some(Err(error)),
        };
        let item = published.packet.item().clone();
        if let Err(error) = self.remember(item, kept).await {
            tracing::warn!(%error, "can’t note the packet that was signed anew");
        }
        Some(Ok(published.stored))
    }

    /// The records of a zone file with variables; `None` where it has none or can't be read.
    async fn records(&self, zone_file: &Path, key: &PublicKey) -> Option<Vec<Record>> {
        let text = fs::read_to_string(zone_file).ok()?;
        if !zone::has_variables(&text) {
            return None;
        }
        let reported = self.publisher.dht.info().await.public_address;
        let external = External {
            v4: self.external.v4.or(reported),
            v6: self.external.v6,
        };
        match zone::parse_with(&text, key, &external) {
            Ok(records) => Some(records),
            Err(error) => {
                tracing::warn!(file = %zone_file.display(), %error, "a kept key’s zone file is not used");
                None
            }
        }
    }

    /// Puts the newest item there is, or the kept one where the network has none.
    async fn put_again(&self, kept: &Kept) -> Result<Stored, PublishError> {
        let key = kept.item.key();
        // Its answer is in the cache then, a newer item that is no packet too.
        let found = self.publisher.resolver.newest(key).await;
        let newest = self
            .cache
            .get(key)
            .map(|entry| entry.newest.item().clone())
            .filter(|newest| newest.is_newer_than(&kept.item));
        let item = match newest {
            Some(newest) => {
                self.remember(newest.clone(), kept).await?;
                newest
            }
            None => kept.item.clone(),
        };
        let mut stored = self.publisher.store(&item, None).await;
        // Some kinds of node answer a repeat of what they hold with a conflict (BEP 44 has 302 for
        // a `seq` that is not higher). Those that were just seen to hold it do hold it.
        if let (Err(error), Ok(answer)) = (&stored.dht, &found)
            && error.is_conflict()
            && answer.packet.item() == &item
            && let Source::Dht { nodes } = answer.source
        {
            stored.dht = Ok(PutReport {
                stored: nodes,
                ..PutReport::default()
            });
        }
        if stored.anywhere() {
            Ok(stored)
        } else {
            Err(PublishError::Nowhere(stored))
        }
    }

    async fn remember(&self, item: SignedItem, kept: &Kept) -> Result<(), CacheError> {
        let next_at = kept.next_at;
        // Whoever unpinned the key while it was looked up means it.
        let still = self.cache.kept()?;
        if !still.iter().any(|other| other.item.key() == item.key()) {
            return Ok(());
        }
        self.cache
            .keep_alive(item, kept.whose.clone(), next_at)
            .await
    }
}

/// When a key that so many nodes stored just now is to be put again.
pub fn next(key: &PublicKey, stored: u32, now: SystemTime) -> SystemTime {
    let pause = if stored < ENOUGH_NODES { WORRIED } else { CALM };
    now + jittered(pause, key, now)
}

/// Due when its time has come, and when the clock was set back so far that it would never.
fn is_due(kept: &Kept, now: SystemTime) -> bool {
    kept.next_at <= now || kept.next_at > now + 2 * CALM
}

/// Whether the item has these records, besides others.
fn publishes(item: &SignedItem, records: &[Record]) -> bool {
    crate::packet::SignedPacket::try_from(item.clone()).is_ok_and(|packet| {
        records
            .iter()
            .all(|record| packet.records().contains(record))
    })
}

/// A tenth more or less, so that keys published together don't stay together.
pub(crate) fn jittered(pause: Duration, key: &PublicKey, now: SystemTime) -> Duration {
    let nanos = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    let spread = key.as_bytes().iter().fold(nanos, |mixed, byte| {
        mixed.wrapping_mul(31).wrapping_add(u32::from(*byte))
    });
    pause.mul_f64(0.9 + 0.2 * f64::from(spread % 1000) / 1000.0)
}
