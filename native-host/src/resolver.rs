//! From a key to its records, and from a name to its endpoints.
//!
//! The resolver decides what is current. It asks the cache and, where that is not fresh, the
//! network: the DHT first, relays a moment later when the DHT has not answered. The first item that
//! verifies and is not older than what was seen before answers the question, while the search goes
//! on behind it; what is newer replaces it and is announced. However many ask for a key at the same
//! time, the network is asked once.
//!
//! An expired packet is better than none: when the network takes its time, or is away, the last
//! known packet is given, marked stale (RFC 8767), and the search replaces it when it can. Readers who
//! would rather have none switch that off.
//!
//! Rules it never breaks: nothing older than the newest item ever seen is given as current, and a
//! newer item that is no packet is reported as such instead of falling back to an older packet.

mod lookup;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    sync::{broadcast, watch},
    time::Instant,
};

use self::lookup::{Lookups, Reach};
use crate::{
    cache::{Cache, CacheError, Entry, Newest, Origin, Seen},
    dht::{Dht, DhtError, DhtInfo},
    endpoint::{Endpoint, Search},
    item::{Seq, SignedItem},
    key::{KeyHost, PublicKey},
    packet::{SignedPacket, TtlBounds},
    problem::{Code, Problem},
    relays::{RelayStatus, Relays},
};

/// How many announcements of newer packets may wait for a subscriber to hear them.
const MAX_UPDATES: usize = 256;

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

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Priority {
    /// A person: a page, a command.
    #[default]
    Page,
    /// A part of a page, which yields to pages where lookups are many.
    Part,
}

/// How the resolver weighs freshness against speed.
#[derive(Debug, Clone, Copy)]
pub struct ResolverConfig {
    /// Between which bounds a packet's time to live is held.
    pub ttl: TtlBounds,
    /// How long the network may take before an expired packet is given instead.
    pub stale_after: Duration,
    /// How old that packet may be. An older one waits for the network, and is given, stale, only
    /// where that has nothing or is away.
    pub stale_for: Duration,
    /// How long the DHT may take before relays are asked, too.
    pub relay_delay: Duration,
    /// Whether an expired packet is given at all where the network is slow, away, or has none.
    pub stale: bool,
    /// How many keys are looked up in the network at the same time; others wait.
    pub lookups: usize,
}

impl Default for ResolverConfig {
    /// 300 ms, seven days, relays after 250 ms, expired packets where there is nothing better, and
    /// 64 lookups.
    fn default() -> Self {
        Self {
            ttl: TtlBounds::default(),
            stale_after: Duration::from_millis(300),
            stale_for: Duration::from_secs(7 * 24 * 60 * 60),
            relay_delay: Duration::from_millis(250),
            stale: true,
            lookups: 64,
        }
    }
}

/// Where an answer came from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Nodes of the DHT, just now.
    Dht {
        /// How many nodes have answered with this item so far.
        nodes: u32,
    },
    /// A relay, just now.
    Relay {
        /// Its URL.
        url: String,
    },
    /// Remembered from before.
    Cache {
        /// Where it had come from.
        origin: Origin,
    },
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
    /// Whether they are older than that.
    pub stale: bool,
    /// Why the network gave nothing, where it was asked to its end and this is what was known before.
    pub instead_of: Option<ResolveError>,
    /// Whether the packet is dated so far ahead that its owner's clock must be wrong.
    pub future_seq: bool,
    /// Why sources of the network could not answer.
    pub failures: Vec<SourceFailure>,
}

/// Why a source of the network could not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFailure {
    /// `dht`, or a relay's URL.
    pub source: String,
    /// One sentence.
    pub reason: String,
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

/// A newer item than the one known before has turned up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Update {
    /// The key it is of.
    pub key: PublicKey,
    /// Its sequence number.
    pub seq: Seq,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Sources were asked and none holds an item.
    #[error("nobody publishes records under {0}")]
    NoRecord(PublicKey),
    /// Sources answered, but only with items that the key did not sign.
    #[error("{sources} source(s) answered for {key} with a record that is not signed by it")]
    BadSignature {
        /// The key that was asked for.
        key: PublicKey,
        /// How many nodes and relays did.
        sources: u32,
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
        "only an old record of {key} is to be had (sequence number {found}); \
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
    /// No node and no relay answered.
    #[error("neither the DHT nor a relay answers")]
    Unreachable,
    /// Too many lookups wait already.
    #[error("too many keys are looked up at the same time")]
    Busy,
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
            ResolveError::NoRecord(_) => Code::NoRecord,
            ResolveError::BadSignature { .. } => Code::BadSignature,
            ResolveError::NotAPacket { .. } => Code::NotAPacket,
            ResolveError::Outdated { .. } => Code::Outdated,
            ResolveError::Unreachable | ResolveError::Dht(_) => Code::DhtUnreachable,
            ResolveError::Busy => Code::Busy,
            ResolveError::NotCached(_) => Code::NotCached,
        };
        Problem::new(code, error)
    }
}

/// What a question ends in.
pub type Outcome = Result<Answer, ResolveError>;

/// The resolver. Cheap to clone; clones share cache and lookups.
#[derive(Debug, Clone)]
pub struct Resolver {
    lookups: Arc<Lookups>,
}

impl Resolver {
    /// A resolver that asks this DHT, no relays, and remembers in memory only.
    pub fn new(dht: Dht) -> Self {
        Self::with(dht, None, Cache::memory(), ResolverConfig::default())
    }

    /// A resolver with these sources, this memory and these weights.
    pub fn with(dht: Dht, relays: Option<Relays>, cache: Cache, config: ResolverConfig) -> Self {
        let (updates, _) = broadcast::channel(MAX_UPDATES);
        Self {
            lookups: Arc::new(Lookups::new(dht, relays, cache, config, updates)),
        }
    }

    /// A resolver that asks the same DHT, taking nothing down, and the same relays, and knows nothing of what this one remembers:
    /// it begins with nothing, highest sequence numbers included, and leaves nothing on disk.
    pub fn afresh(&self) -> Self {
        let lookups = &*self.lookups;
        Self::with(
            lookups.dht.forgetful(),
            lookups.relays.clone(),
            Cache::memory(),
            lookups.config,
        )
    }

    /// The records of a key, for a person.
    ///
    /// # Errors
    /// [`ResolveError`].
    pub async fn resolve(&self, key: &PublicKey, policy: Policy) -> Outcome {
        self.resolve_for(key, policy, Priority::Page).await
    }

    /// The records of a key.
    ///
    /// # Errors
    /// [`ResolveError`].
    pub async fn resolve_for(
        &self,
        key: &PublicKey,
        policy: Policy,
        priority: Priority,
    ) -> Outcome {
        self.lookups.asked.send_replace(Some(Instant::now()));
        let cache = &self.lookups.cache;
        let kept = cache.get(key);
        match policy {
            Policy::CacheOnly => self.remembered(kept.ok_or(ResolveError::NotCached(*key))?),
            Policy::CacheFirst => {
                let Some(entry) = kept else {
                    if cache.is_absent(key) {
                        return Err(ResolveError::NoRecord(*key));
                    }
                    let asked = self.lookups.ask(key, Reach::Enough, priority).await;
                    return self.as_wanted(asked);
                };
                if self.is_fresh(&entry) {
                    return self.remembered(entry);
                }
                self.refresh(key, entry, priority).await
            }
            Policy::NetworkOnly => {
                let asked = self.lookups.ask(key, Reach::Everywhere, priority).await;
                self.as_wanted(asked)
            }
        }
    }

    /// The newest records there are, in the network or known before, for those who write: what they
    /// merge with must not depend on what readers want to be shown.
    ///
    /// # Errors
    /// [`ResolveError`].
    pub async fn newest(&self, key: &PublicKey) -> Outcome {
        self.lookups
            .ask(key, Reach::Everywhere, Priority::Page)
            .await
    }

    /// What the network gave; nothing of before where that is not wanted.
    fn as_wanted(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Ok(Answer {
                stale: true,
                instead_of: Some(error),
                ..
            }) if !self.lookups.config.stale => Err(error),
            other => other,
        }
    }

    /// Asks the network about a key whose packet has expired, and gives that packet when the
    /// network is slow or away (RFC 8767, section 5).
    async fn refresh(&self, key: &PublicKey, entry: Entry, priority: Priority) -> Outcome {
        let config = &self.lookups.config;
        let mut asked = std::pin::pin!(self.lookups.ask(key, Reach::Enough, priority));
        if !config.stale {
            return self.as_wanted(asked.await);
        }
        let young = SystemTime::now()
            .duration_since(entry.seen.at)
            .is_ok_and(|age| age <= config.stale_for);
        let outcome = if young {
            match tokio::time::timeout(config.stale_after, &mut asked).await {
                Ok(outcome) => outcome,
                Err(_) => return self.remembered(entry),
            }
        } else {
            asked.await
        };
        match outcome {
            Err(ResolveError::Unreachable | ResolveError::Dht(_) | ResolveError::Busy) => {
                self.remembered(entry)
            }
            other => other,
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
        priority: Priority,
    ) -> Result<Route, ResolveError> {
        let answer = self.resolve_for(host.key(), policy, priority).await?;
        let mut search = Search::new(host.clone(), scheme, clock_number());
        search.supply(Some(&answer.packet));
        let mut failures = Vec::new();
        while let Some(key) = search.wanted() {
            if key == *host.key() {
                search.supply(Some(&answer.packet));
                continue;
            }
            match self.resolve_for(&key, policy, priority).await {
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

    /// Hears of newer items from now on, whoever asked for them.
    pub fn updates(&self) -> broadcast::Receiver<Update> {
        self.lookups.updates.subscribe()
    }

    /// When it was last asked for a key; `None` until then.
    pub fn last_asked(&self) -> watch::Receiver<Option<Instant>> {
        self.lookups.asked.subscribe()
    }

    /// Takes in an item that was signed here, and returns when it can't be forgotten any more. Tells
    /// whether it is the newest of its key then.
    ///
    /// # Errors
    /// [`CacheError`] when it could not be written to disk.
    pub async fn learn(&self, item: SignedItem) -> Result<bool, CacheError> {
        let seen = Seen {
            at: SystemTime::now(),
            from: Origin::Published,
        };
        let news = self.lookups.is_news(&item);
        let kept = self.cache().keep_durably(item.clone(), seen).await;
        if news && !matches!(kept, Ok(Err(_))) {
            self.lookups.announce(&item);
        }
        let is_newest = |entry: Entry| entry.newest.item() == &item;
        Ok(kept?.is_ok_and(is_newest))
    }

    /// Forgets all that is remembered, as [`Cache::clear`] does. What lookups that are under way
    /// still find is not remembered either.
    ///
    /// # Errors
    /// [`CacheError`] when the file could not be cleared.
    pub async fn forget(&self) -> Result<(), CacheError> {
        self.lookups.forget().await
    }

    /// What is remembered.
    pub fn cache(&self) -> &Cache {
        &self.lookups.cache
    }

    /// How the DHT is doing.
    pub async fn dht_info(&self) -> DhtInfo {
        self.lookups.dht.info().await
    }

    /// Between which bounds a packet's time to live is held.
    pub fn ttl_bounds(&self) -> TtlBounds {
        self.lookups.config.ttl
    }

    /// The DHT in use.
    pub fn dht(&self) -> &Dht {
        &self.lookups.dht
    }

    /// The relays in use.
    pub fn relays(&self) -> Option<&Relays> {
        self.lookups.relays.as_ref()
    }

    /// How the relays are doing.
    pub fn relay_statuses(&self) -> Vec<RelayStatus> {
        self.lookups
            .relays
            .as_ref()
            .map(Relays::statuses)
            .unwrap_or_default()
    }

    fn remembered(&self, entry: Entry) -> Outcome {
        let stale = !self.is_fresh(&entry);
        let source = Source::Cache {
            origin: entry.seen.from.clone(),
        };
        let answer = answer(entry, source, Vec::new(), self.lookups.config.ttl)?;
        Ok(Answer { stale, ..answer })
    }

    fn is_fresh(&self, entry: &Entry) -> bool {
        let bounds = self.lookups.config.ttl;
        let ttl = match &entry.newest {
            Newest::Packet(packet) => packet.ttl(bounds),
            Newest::Other(_) => bounds.least,
        };
        // A clock that was set back makes the age negative: then ask again.
        SystemTime::now()
            .duration_since(entry.seen.at)
            .is_ok_and(|age| age < ttl)
    }
}

/// An entry as an answer, not stale; an item that is no packet is none.
fn answer(
    entry: Entry,
    source: Source,
    failures: Vec<SourceFailure>,
    bounds: TtlBounds,
) -> Outcome {
    match entry.newest {
        Newest::Packet(packet) => Ok(Answer {
            ttl: packet.ttl(bounds),
            future_seq: packet.seq().is_future(SystemTime::now()),
            packet,
            source,
            seen_at: entry.seen.at,
            stale: false,
            instead_of: None,
            failures,
        }),
        Newest::Other(item) => Err(ResolveError::NotAPacket {
            key: *item.key(),
            seq: item.seq(),
        }),
    }
}

/// A number that differs from call to call, to shuffle by.
fn clock_number() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::from(since.subsec_nanos()))
}
