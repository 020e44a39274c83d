//! From a key to its records, and from a name to its endpoints.
//!
//! The resolver decides what is current. It asks the cache and, where that is not fresh, the DHT;
//! the first item that verifies and is not older than what was seen before answers the question,
//! while the search goes on behind it and what is newer replaces it. However many ask for a key at
//! the same time, the network is asked once.
//!
//! Rules it never breaks: nothing older than the newest item ever seen is given as current, and a
//! newer item that is no packet is reported as such instead of falling back to an older packet.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::StreamExt;
use tokio::sync::{Semaphore, watch};

use crate::{
    cache::{Cache, Entry, Newest, Seen},
    dht::{Dht, DhtError, DhtInfo},
    endpoint::{Endpoint, Search},
    item::Seq,
    key::{KeyHost, PublicKey},
    packet::{SignedPacket, TtlBounds},
    problem::{Code, Problem},
};

/// How many keys are looked up in the network at the same time.
pub const MAX_LOOKUPS: usize = 64;
/// How long a lookup may take in all.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(15);

/// Where an answer may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// From the cache while it is fresh, else from the network.
    #[default]
    CacheFirst,
    /// From the cache alone, fresh or not.
    CacheOnly,
    /// From the network alone, when the whole search has ended: the newest there is.
    NetworkOnly,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Nodes of the DHT, just now.
    Dht,
    /// Remembered from before.
    Cache,
}

/// A key's records and how they were come by.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The records.
    pub packet: SignedPacket,
    /// Where they came from.
    pub source: Source,
    /// When the network last showed them.
    pub seen_at: SystemTime,
    /// How long from then they count as fresh.
    pub ttl: Duration,
    /// Whether the packet is dated so far ahead that its owner's clock must be wrong.
    pub future_seq: bool,
}

/// The endpoints of a name, with the answer for the name's own key.
#[derive(Debug, Clone)]
pub struct Route {
    /// The records under the name's own key.
    pub answer: Answer,
    /// Where to go, in order; empty when the records name no place.
    pub endpoints: Vec<Endpoint>,
    /// Why packets of further keys could not be had.
    pub failures: Vec<(PublicKey, ResolveError)>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Nodes were asked and none holds an item.
    #[error("nobody publishes records under {0}")]
    NoRecord(PublicKey),
    /// Nodes answered, but only with items that the key did not sign.
    #[error("{nodes} node(s) answered for {key} with a record that is not signed by it")]
    BadSignature {
        /// The key that was asked for.
        key: PublicKey,
        /// How many nodes did.
        nodes: u32,
    },
    /// The newest item is no packet.
    #[error("the newest record under {key} (sequence number {seq}) is not a pkarr packet")]
    NotAPacket {
        /// The key that was asked for.
        key: PublicKey,
        /// The item's sequence number.
        seq: Seq,
    },
    /// Only items older than one that was seen before, whose records are not remembered any more.
    #[error(
        "only an old record of {key} was found (sequence number {found}); \
         a newer one was seen before ({seen})"
    )]
    Outdated {
        /// The key that was asked for.
        key: PublicKey,
        /// The highest sequence number found.
        found: Seq,
        /// The highest one ever seen.
        seen: Seq,
    },
    /// No node answered.
    #[error("no node of the DHT answers")]
    Unreachable,
    /// [`Policy::CacheOnly`] was asked for and nothing is remembered.
    #[error("nothing is remembered of {0}")]
    NotCached(PublicKey),
    /// The DHT failed in another way.
    #[error(transparent)]
    Dht(DhtError),
}

impl From<ResolveError> for Problem {
    fn from(error: ResolveError) -> Self {
        let code = match &error {
            ResolveError::NoRecord(_) | ResolveError::Outdated { .. } => Code::NoRecord,
            ResolveError::BadSignature { .. } => Code::BadSignature,
            ResolveError::NotAPacket { .. } => Code::NotAPacket,
            ResolveError::Unreachable | ResolveError::Dht(_) => Code::DhtUnreachable,
            ResolveError::NotCached(_) => Code::NotCached,
        };
        Problem::new(code, error)
    }
}

type Outcome = Result<Answer, ResolveError>;

/// What a running lookup tells those who wait for it.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// The first acceptable answer, or why there is none.
    first: Option<Outcome>,
    /// The newest answer after the whole search.
    last: Option<Outcome>,
}

/// The resolver. Cheap to clone; clones share cache and lookups.
#[derive(Debug, Clone)]
pub struct Resolver {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dht: Dht,
    cache: Cache,
    bounds: TtlBounds,
    running: Mutex<HashMap<PublicKey, watch::Receiver<Progress>>>,
    permits: Semaphore,
}

impl Resolver {
    /// A resolver that asks this DHT and remembers as long as it lives.
    pub fn new(dht: Dht) -> Self {
        Self::with_cache(dht, Cache::memory())
    }

    /// A resolver that asks this DHT and remembers in this cache.
    pub fn with_cache(dht: Dht, cache: Cache) -> Self {
        Self {
            inner: Arc::new(Inner {
                dht,
                cache,
                bounds: TtlBounds::default(),
                running: Mutex::default(),
                permits: Semaphore::new(MAX_LOOKUPS),
            }),
        }
    }

    /// The records of a key.
    ///
    /// # Errors
    /// [`ResolveError`].
    pub async fn resolve(&self, key: &PublicKey, policy: Policy) -> Outcome {
        let kept = self.inner.cache.get(key);
        match policy {
            Policy::CacheOnly => {
                let entry = kept.ok_or(ResolveError::NotCached(*key))?;
                self.inner.answer(entry, Source::Cache)
            }
            Policy::CacheFirst => {
                if let Some(entry) = kept
                    && self.inner.is_fresh(&entry)
                {
                    return self.inner.answer(entry, Source::Cache);
                }
                if self.inner.cache.is_absent(key) {
                    return Err(ResolveError::NoRecord(*key));
                }
                self.ask(key, |progress| progress.first.clone()).await
            }
            Policy::NetworkOnly => self.ask(key, |progress| progress.last.clone()).await,
        }
    }

    /// Where a name leads: the records of its key, and of those they point to.
    ///
    /// # Errors
    /// [`ResolveError`] when the name's own key has no answer; failures further on are in the
    /// [`Route`].
    pub async fn route(
        &self,
        host: &KeyHost,
        scheme: &str,
        policy: Policy,
    ) -> Result<Route, ResolveError> {
        let answer = self.resolve(host.key(), policy).await?;
        let mut search = Search::new(host.clone(), scheme, clock_number());
        search.supply(Some(&answer.packet));
        let mut failures = Vec::new();
        while let Some(key) = search.wanted() {
            if key == *host.key() {
                search.supply(Some(&answer.packet));
                continue;
            }
            match self.resolve(&key, policy).await {
                Ok(further) => search.supply(Some(&further.packet)),
                Err(error) => {
                    search.supply(None);
                    failures.push((key, error));
                }
            }
        }
        Ok(Route {
            answer,
            endpoints: search.finish(),
            failures,
        })
    }

    /// How the DHT is doing.
    pub async fn dht_info(&self) -> DhtInfo {
        self.inner.dht.info().await
    }

    /// Joins a running lookup of the key or starts one, and waits for what `pick` wants of it.
    async fn ask(&self, key: &PublicKey, pick: impl Fn(&Progress) -> Option<Outcome>) -> Outcome {
        let mut progress = {
            let mut running = self
                .inner
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            match running.get(key) {
                Some(progress) => progress.clone(),
                None => {
                    let (sender, progress) = watch::channel(Progress::default());
                    running.insert(*key, progress.clone());
                    let inner = Arc::clone(&self.inner);
                    let key = *key;
                    tokio::spawn(async move { inner.lookup(key, sender).await });
                    progress
                }
            }
        };
        let picked = progress.wait_for(|progress| pick(progress).is_some()).await;
        match picked {
            Ok(progress) => pick(&progress).unwrap_or(Err(ResolveError::Unreachable)),
            Err(_) => Err(ResolveError::Unreachable),
        }
    }
}

impl Inner {
    async fn lookup(&self, key: PublicKey, progress: watch::Sender<Progress>) {
        // Closed never: the semaphore lives as long as the resolver.
        let _permit = self.permits.acquire().await;
        let last = tokio::time::timeout(LOOKUP_TIMEOUT, self.search(key, &progress))
            .await
            .unwrap_or(Err(ResolveError::Unreachable));
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key);
        if matches!(last, Err(ResolveError::NoRecord(_))) {
            self.cache.keep_absent(key);
        }
        progress.send_modify(|progress| {
            progress.first.get_or_insert_with(|| last.clone());
            progress.last = Some(last);
        });
    }

    async fn search(&self, key: PublicKey, progress: &watch::Sender<Progress>) -> Outcome {
        let mut lookup = self.dht.get(&key).await.map_err(|error| match error {
            DhtError::Unreachable => ResolveError::Unreachable,
            other => ResolveError::Dht(other),
        })?;
        let mut newest: Option<Entry> = None;
        let mut outdated = None;
        while let Some(item) = lookup.items.next().await {
            let offered = item.clone();
            let entry = match self.cache.keep(item, Seen::in_dht(SystemTime::now())) {
                Ok(entry) => entry,
                Err(floor) => {
                    outdated = outdated.max(Some((offered.seq(), floor.seq)));
                    continue;
                }
            };
            // Older than the floor: an answer only if nothing of the network is as new.
            let acceptable = entry.newest.item() == &offered;
            if acceptable && progress.borrow().first.is_none() {
                let first = self.answer(entry.clone(), Source::Dht);
                progress.send_modify(|progress| progress.first = Some(first));
            }
            if acceptable || newest.is_none() {
                newest = Some(entry);
            }
        }
        let report = lookup.report().await;
        tracing::debug!(%key, ?report, "lookup ended");
        if let Some(entry) = newest {
            let source = if progress.borrow().first.is_some() {
                Source::Dht
            } else {
                Source::Cache
            };
            return self.answer(entry, source);
        }
        // Nothing in the network: what was seen before is still the newest there ever was.
        if let Some(entry) = self.cache.get(&key) {
            return self.answer(entry, Source::Cache);
        }
        Err(if let Some((found, seen)) = outdated {
            ResolveError::Outdated { key, found, seen }
        } else if report.answered == 0 {
            ResolveError::Unreachable
        } else if report.forged > 0 {
            ResolveError::BadSignature {
                key,
                nodes: report.forged,
            }
        } else {
            ResolveError::NoRecord(key)
        })
    }

    fn is_fresh(&self, entry: &Entry) -> bool {
        let ttl = match &entry.newest {
            Newest::Packet(packet) => packet.ttl(self.bounds),
            Newest::Other(_) => self.bounds.least,
        };
        // A clock that was set back makes the age negative: then ask again.
        SystemTime::now()
            .duration_since(entry.seen.at)
            .is_ok_and(|age| age < ttl)
    }

    fn answer(&self, entry: Entry, source: Source) -> Outcome {
        match entry.newest {
            Newest::Packet(packet) => Ok(Answer {
                ttl: packet.ttl(self.bounds),
                future_seq: packet.seq().is_future(SystemTime::now()),
                packet,
                source,
                seen_at: entry.seen.at,
            }),
            Newest::Other(item) => Err(ResolveError::NotAPacket {
                key: *item.key(),
                seq: item.seq(),
            }),
        }
    }
}

/// A number that differs from call to call, to shuffle by.
fn clock_number() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::from(since.subsec_nanos()))
}
