//! Where all faces of the server have packets from.
//!
//! In front stands memory with answers that are ready to be sent ([`Held`]); behind it the
//! resolver, by whose rules it is cache first, one lookup per key however many ask, and an answer
//! past its time rather than none. What memory, disk and the short list of absent keys can tell is
//! paid for as a request; what has to be looked up in the network is paid for as a lookup, waits in
//! a queue of its own with an end, and is refused beyond that. So a flood of unknown keys uses up
//! its own purse and its own queue, and answers that are known are none the slower.

mod put;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast::error::RecvError};

use self::put::Puts;
pub(crate) use self::put::{Condition, PutRefusal};
use super::{
    config::Config,
    hot::{Held, Hot, text},
    keep::Keep,
    limits::{Client, Cost, Limits},
    metrics::Metrics,
    refusal::Refusal,
};
use crate::{
    key::PublicKey,
    publisher::Publisher,
    resolver::{Answer, Policy, Priority, ResolveError, Resolver, Update},
    tasks,
};

/// How soon whoever was refused for want of room may try again.
const BUSY_PAUSE: Duration = Duration::from_secs(2);

/// A packet as it is given to a client.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    /// The packet, shared and ready to be sent.
    pub(crate) held: Arc<Held>,
    /// Whether it is past its time.
    pub(crate) stale: bool,
}

impl Hit {
    /// How long the packet still counts as fresh; nothing for a stale one.
    pub(crate) fn remaining(&self, now: SystemTime) -> Duration {
        self.held.remaining(now)
    }
}

/// Where packets come from. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    resolver: Resolver,
    publisher: Publisher,
    hot: Hot,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    keep: Keep,
    flights: Arc<Flights>,
    puts: Puts,
    stale: bool,
}

impl Source {
    /// Packets from this resolver, put into the network by this publisher.
    pub(crate) fn new(
        resolver: Resolver,
        publisher: Publisher,
        keep: Keep,
        limits: Arc<Limits>,
        metrics: Arc<Metrics>,
        config: &Config,
    ) -> Self {
        let source = Self {
            inner: Arc::new(Inner {
                hot: Hot::new(config.cache.hot_mib.get()),
                limits,
                metrics,
                keep,
                flights: Arc::new(Flights::new(config.limits.lookups_waiting.count())),
                puts: Puts::new(&config.limits),
                stale: config.cache.stale,
                publisher,
                resolver,
            }),
        };
        source.listen();
        source
    }

    /// The limits, to make a [`Client`] by.
    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The resolver behind it all.
    pub(crate) fn resolver(&self) -> &Resolver {
        &self.inner.resolver
    }

    /// What is kept published for others.
    pub(crate) fn keep(&self) -> &Keep {
        &self.inner.keep
    }

    /// A fresh packet that memory has, by the 52 characters of its key in lower case; `None` where
    /// [`Source::packet`] has to be asked. Takes well under a microsecond; who gives it to a client lets
    /// that pay, and notes that it was asked for.
    pub(crate) fn hot(&self, key: &[u8; 52]) -> Option<Hit> {
        let now = SystemTime::now();
        let held = self.inner.hot.get(key, now)?;
        Some(Hit { held, stale: false })
    }

    /// The packet of a key.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) async fn packet(
        &self,
        key: &PublicKey,
        policy: Policy,
        client: &Client,
    ) -> Result<Hit, Refusal> {
        let inner = &*self.inner;
        if policy != Policy::NetworkOnly {
            match self.known(key, policy).await {
                Some(Ok(hit)) if !hit.stale || policy == Policy::CacheOnly => {
                    inner.limits.pay(client, Cost::Request)?;
                    inner.metrics.known.add();
                    inner.keep.note(&hit.held);
                    return Ok(hit);
                }
                Some(Err(error)) => {
                    inner.limits.pay(client, Cost::Request)?;
                    inner.metrics.known_absent.add();
                    return Err(error.into());
                }
                _ => {}
            }
        }
        match self.looked_up(key, policy, client).await {
            Ok(hit) => {
                inner.keep.note(&hit.held);
                Ok(hit)
            }
            // What is past its time is better than being sent away.
            Err(refused @ (Refusal::TooMany { .. } | Refusal::Busy { .. }))
                if inner.stale && policy == Policy::CacheFirst =>
            {
                let remembered = inner.resolver.resolve(key, Policy::CacheOnly).await;
                let Ok(answer) = remembered else {
                    return Err(refused);
                };
                inner.limits.pay(client, Cost::Request)?;
                inner.metrics.stale.add();
                Ok(self.hold(answer))
            }
            Err(other) => Err(other),
        }
    }

    /// What memory and disk know of a key, fresh or not; `None` where that is nothing.
    async fn known(&self, key: &PublicKey, policy: Policy) -> Option<Result<Hit, ResolveError>> {
        let inner = &*self.inner;
        if let Some(held) = inner.hot.get(&text(key), SystemTime::now()) {
            return Some(Ok(Hit { held, stale: false }));
        }
        match inner.resolver.resolve(key, Policy::CacheOnly).await {
            Ok(answer) => Some(Ok(self.hold(answer))),
            Err(ResolveError::NotCached(_)) if policy == Policy::CacheFirst => inner
                .resolver
                .cache()
                .is_absent(key)
                .then_some(Err(ResolveError::NoRecord(*key))),
            // A newer item that is no packet may have been replaced since.
            Err(ResolveError::NotAPacket { .. }) if policy == Policy::CacheFirst => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// What the network says, within the budget for that.
    async fn looked_up(
        &self,
        key: &PublicKey,
        policy: Policy,
        client: &Client,
    ) -> Result<Hit, Refusal> {
        let inner = &*self.inner;
        let _flight = match inner.flights.join(key, policy) {
            Some(flight) => {
                inner.limits.pay(client, Cost::Request)?;
                flight
            }
            None => {
                inner.limits.pay(client, Cost::Lookup)?;
                inner.flights.begin(key, policy).ok_or_else(|| {
                    inner.metrics.shed.add();
                    Refusal::Busy {
                        retry_after: BUSY_PAUSE,
                    }
                })?
            }
        };
        inner.metrics.lookups.add();
        let began = Instant::now();
        let answer = inner
            .resolver
            .resolve_for(key, policy, Priority::Page)
            .await;
        inner.metrics.lookup_times.note(began.elapsed());
        let answer = answer.map_err(|error| match error {
            ResolveError::Busy => Refusal::Busy {
                retry_after: BUSY_PAUSE,
            },
            other => other.into(),
        })?;
        match answer.instead_of {
            // Whoever asks the network alone wants to hear what it says.
            Some(error) if policy == Policy::NetworkOnly => Err(error.into()),
            _ => Ok(self.hold(answer)),
        }
    }

    /// Keeps an answer at hand where it is fresh.
    fn hold(&self, answer: Answer) -> Hit {
        let stale = answer.stale;
        let held = Arc::new(Held::new(answer.packet, answer.seen_at, answer.ttl));
        let held = if stale {
            held
        } else {
            self.inner.hot.keep(held)
        };
        Hit { held, stale }
    }

    /// Lets go of answers when newer items turn up, whoever asked for them.
    fn listen(&self) {
        let mut updates = self.inner.resolver.updates();
        let inner = Arc::downgrade(&self.inner);
        tasks::spawn(async move {
            loop {
                let update = updates.recv().await;
                let Some(inner) = inner.upgrade() else { return };
                match update {
                    Ok(Update { key, seq, .. }) => inner.hot.outdate(&text(&key), seq),
                    // Too many to follow.
                    Err(RecvError::Lagged(_)) => inner.hot.clear(),
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }
}

/// The keys that are looked up in the network just now. The first to ask for one needs a place;
/// those who join need none, and who leaves last gives it back.
#[derive(Debug)]
struct Flights {
    places: Arc<Semaphore>,
    under_way: Mutex<HashMap<(PublicKey, bool), (usize, OwnedSemaphorePermit)>>,
}

/// One who waits for a lookup.
#[derive(Debug)]
struct Flight {
    flights: Arc<Flights>,
    /// The key, and whether the network alone is asked.
    which: (PublicKey, bool),
}

impl Flights {
    fn new(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            under_way: Mutex::default(),
        }
    }

    /// Joins a lookup that is under way.
    fn join(self: &Arc<Self>, key: &PublicKey, policy: Policy) -> Option<Flight> {
        let which = (*key, policy == Policy::NetworkOnly);
        let mut under_way = self.under_way();
        let (count, _) = under_way.get_mut(&which)?;
        *count += 1;
        drop(under_way);
        Some(Flight {
            flights: Arc::clone(self),
            which,
        })
    }

    /// Begins a lookup, or joins one after all; `None` where there is no place.
    fn begin(self: &Arc<Self>, key: &PublicKey, policy: Policy) -> Option<Flight> {
        let which = (*key, policy == Policy::NetworkOnly);
        let mut under_way = self.under_way();
        match under_way.entry(which) {
            Entry::Occupied(mut entry) => entry.get_mut().0 += 1,
            Entry::Vacant(entry) => {
                let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
                entry.insert((1, place));
            }
        }
        drop(under_way);
        Some(Flight {
            flights: Arc::clone(self),
            which,
        })
    }

    fn under_way(
        &self,
    ) -> MutexGuard<'_, HashMap<(PublicKey, bool), (usize, OwnedSemaphorePermit)>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut under_way = self.flights.under_way();
        if let Entry::Occupied(mut entry) = under_way.entry(self.which) {
            entry.get_mut().0 -= 1;
            if entry.get().0 == 0 {
                // With its place.
                drop(entry.remove());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPair;

    fn key(number: u8) -> PublicKey {
        KeyPair::from_secret(&[number; 32]).public()
    }

    #[test]
    fn many_who_ask_for_one_key_take_one_place() {
        let flights = Arc::new(Flights::new(1));
        let first = flights.begin(&key(1), Policy::CacheFirst).unwrap();
        let second = flights.join(&key(1), Policy::CacheFirst).unwrap();
        assert!(flights.join(&key(2), Policy::CacheFirst).is_none());
        assert!(flights.begin(&key(2), Policy::CacheFirst).is_none());
        // The network alone is another search.
        assert!(flights.join(&key(1), Policy::NetworkOnly).is_none());
        drop(first);
        // The one who still waits holds the place.
        assert!(flights.begin(&key(2), Policy::CacheFirst).is_none());
        drop(second);
        assert!(flights.under_way().is_empty());
        flights.begin(&key(2), Policy::CacheFirst).unwrap();
    }
}
