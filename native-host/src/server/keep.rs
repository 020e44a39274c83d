//! What was put here is kept in the DHT for a time.
//!
//! Nodes forget items after two hours or so (BEP 44), and who puts a packet at a relay may never
//! come back. So it is put again, about once an hour, until nobody has put it or asked for it for
//! some days. These are *guests*, apart from the keys that the user of this machine keeps, and may
//! be many: each has a time of its own, spread over the hour, and few are put at once. Their number
//! is bounded; beyond it a new one takes the place of the one that nobody has put or asked for for
//! the longest time, so that nobody who fills all places keeps others out. Of several servers on one
//! file, one does it: who holds the file's lease.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::{config, hot::Held, metrics::Metrics};
use crate::{
    cache::{Cache, CacheError, Guest},
    key::PublicKey,
    publisher::{Publisher, keeper::jittered},
    resolver::{ResolveError, Resolver},
};

/// How often it is looked whether somebody is due.
const ROUND: Duration = Duration::from_secs(10);
/// How many are put in one round, and at the same time.
const A_ROUND: usize = 512;
const AT_ONCE: usize = 24;
/// How long the lease is taken for.
const LEASE: Duration = Duration::from_secs(120);
/// How soon it is tried again after nobody stored it, and where few nodes did.
const FAILED: Duration = Duration::from_secs(5 * 60);
const FEW_NODES: u32 = 3;
/// How many keys that were asked for are noted in one round.
const MAX_NOTED: usize = 100_000;

/// Keeps what was put here published. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Keep {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    resolver: Resolver,
    publisher: Publisher,
    metrics: Arc<Metrics>,
    holder: String,
    /// In seconds; 0 where nothing is kept.
    keep_for: AtomicU64,
    every: AtomicU64,
    most: AtomicU64,
    /// Counts rounds, from 1.
    round: AtomicU64,
    asked_for: Mutex<HashSet<PublicKey>>,
}

impl Keep {
    pub(crate) fn new(
        resolver: Resolver,
        publisher: Publisher,
        metrics: Arc<Metrics>,
        relay: &config::Relay,
    ) -> Self {
        let keep = Self {
            inner: Arc::new(Inner {
                resolver,
                publisher,
                metrics,
                holder: format!("serve-{}-{:?}", std::process::id(), SystemTime::now()),
                keep_for: AtomicU64::default(),
                every: AtomicU64::default(),
                most: AtomicU64::default(),
                round: AtomicU64::new(1),
                asked_for: Mutex::default(),
            }),
        };
        keep.change(relay);
        keep
    }

    /// Keeps for another time from now on.
    pub(crate) fn change(&self, relay: &config::Relay) {
        let inner = &*self.inner;
        let days = relay.keep_days.get();
        inner.keep_for.store(days * 86_400, Ordering::Relaxed);
        let minutes = relay.keep_every_minutes.get();
        inner.every.store(minutes * 60, Ordering::Relaxed);
        inner.most.store(relay.keep_keys.get(), Ordering::Relaxed);
    }

    fn keep_for(&self) -> Option<Duration> {
        let seconds = self.inner.keep_for.load(Ordering::Relaxed);
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    /// When a key that so many nodes have just stored is put next.
    fn next(&self, key: &PublicKey, nodes: u32, now: SystemTime) -> SystemTime {
        let every = Duration::from_secs(self.inner.every.load(Ordering::Relaxed));
        let pause = if nodes < FEW_NODES {
            FAILED.min(every)
        } else {
            every
        };
        now + jittered(pause, key, now)
    }

    /// Keeps a key from now on that so many nodes have just stored. Where there is no room for
    /// another, the key that was not wanted for the longest time is kept no longer.
    pub(super) async fn begin(&self, key: PublicKey, nodes: u32) -> Result<(), CacheError> {
        let Some(keep_for) = self.keep_for() else {
            return Ok(());
        };
        let now = SystemTime::now();
        let guest = Guest {
            key,
            ends_at: now + keep_for,
            next_at: self.next(&key, nodes, now),
        };
        let most = self.inner.most.load(Ordering::Relaxed);
        let left = self.cache().take_guest(guest, most).await?;
        self.inner.metrics.not_kept.add_many(left as u64);
        Ok(())
    }

    /// Notes that a packet was asked for, once a round.
    pub(crate) fn note(&self, held: &Held) {
        let round = self.inner.round.load(Ordering::Relaxed);
        if held.noted.load(Ordering::Relaxed) == round {
            return;
        }
        held.noted.store(round, Ordering::Relaxed);
        let mut asked_for = self.asked_for();
        if asked_for.len() < MAX_NOTED {
            asked_for.insert(*held.packet.key());
        }
    }

    /// Works until it is stopped, then writes down what was asked for.
    pub(super) async fn run(&self, stopping: CancellationToken) {
        let work = async {
            loop {
                // Where more wait than fit into a round, the next one begins at once.
                if self.round(SystemTime::now()).await < A_ROUND {
                    tokio::time::sleep(ROUND).await;
                }
            }
        };
        stopping.run_until_cancelled(work).await;
        self.write_down(SystemTime::now()).await;
        self.cache().release_lease(&self.inner.holder).await;
    }

    /// Puts those that are due, and tells for how many that was noted.
    pub(super) async fn round(&self, now: SystemTime) -> usize {
        self.write_down(now).await;
        if !self
            .cache()
            .take_lease(&self.inner.holder, now, LEASE)
            .await
        {
            return 0;
        }
        if let Err(error) = self.cache().guests_leave(now).await {
            tracing::debug!(%error, "can’t let go of keys whose time has ended");
        }
        let due = match self.cache().guests_due(now, A_ROUND) {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "can’t read which keys are to be put again");
                return 0;
            }
        };
        stream::iter(due)
            .map(|guest| self.put_again(guest.key))
            .buffer_unordered(AT_ONCE)
            .filter(|noted| std::future::ready(*noted))
            .count()
            .await
    }

    /// Puts the newest item of a key again, and tells whether that could be noted.
    async fn put_again(&self, key: PublicKey) -> bool {
        let inner = &*self.inner;
        // Its answer is in the cache then, a newer item that is no packet too.
        let found = inner.resolver.newest(&key).await;
        let nodes = match self.cache().get(&key) {
            Some(entry) => {
                let stored = inner.publisher.store(entry.newest.item(), None).await;
                stored.nodes()
            }
            None => 0,
        };
        if nodes > 0 {
            inner.metrics.put_again.add();
        } else {
            inner.metrics.put_again_failed.add();
        }
        // Nobody has it any more, neither here nor there: it is tried until its time ends.
        let gone = matches!(found, Err(ResolveError::NoRecord(_))) && nodes == 0;
        let now = SystemTime::now();
        let nodes = if gone { FEW_NODES } else { nodes };
        let next = self.next(&key, nodes, now);
        let noted = self.cache().put_off_guest(key, next).await;
        if let Err(error) = &noted {
            tracing::warn!(%key, %error, "can’t note that a key was put again");
        }
        noted.is_ok()
    }

    /// Writes down what was asked for since the last round.
    async fn write_down(&self, now: SystemTime) {
        self.inner.round.fetch_add(1, Ordering::Relaxed);
        let keys: Vec<_> = self.asked_for().drain().collect();
        let Some(keep_for) = self.keep_for() else {
            return;
        };
        if keys.is_empty() {
            return;
        }
        if let Err(error) = self.cache().guests_asked_for(keys, now + keep_for).await {
            tracing::debug!(%error, "can’t note which keys were asked for");
        }
    }

    fn cache(&self) -> &Cache {
        self.inner.resolver.cache()
    }

    fn asked_for(&self) -> std::sync::MutexGuard<'_, HashSet<PublicKey>> {
        self.inner
            .asked_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dht::{Dht, DhtConfig, Testnet},
        item::{Seq, SignedItem},
        key::KeyPair,
        packet::SignedPacket,
        resolver::Policy,
        server::config::Config,
        zone,
    };

    const HOUR: Duration = Duration::from_secs(60 * 60);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn config(text: &str) -> config::Relay {
        let text = format!("[relay]\n{text}");
        Config::parse("serve.toml".as_ref(), &text).unwrap().relay
    }

    fn dht(net: &Testnet) -> Dht {
        Dht::new(DhtConfig {
            bootstrap: net.bootstrap().to_vec(),
            ..DhtConfig::default()
        })
    }

    fn keep(net: &Testnet, relay: &str) -> Keep {
        let resolver = Resolver::new(dht(net));
        let publisher = Publisher::new(resolver.dht().clone(), None, resolver.clone());
        Keep::new(resolver, publisher, Arc::default(), &config(relay))
    }

    fn item(number: u8) -> SignedItem {
        let pair = KeyPair::from_secret(&[number; 32]);
        let records = zone::parse("@ A 203.0.113.7", &pair.public()).unwrap();
        let packet = SignedPacket::sign(&pair, Seq::at(SystemTime::now()), &records).unwrap();
        packet.item().clone()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_put_is_put_again_until_nobody_asks_for_it() {
        let net = Testnet::start(5).await.unwrap();
        let keep = keep(&net, "keep-days = 2");
        let item = item(1);
        let key = *item.key();
        keep.inner.resolver.learn(item.clone()).await.unwrap();
        let now = SystemTime::now();
        keep.begin(key, 20).await.unwrap();
        // Not yet.
        assert_eq!(keep.round(now).await, 0);
        assert_eq!(keep.inner.metrics.put_again.get(), 0);
        // An hour later, the network has forgotten it, which this one never knew.
        assert_eq!(keep.round(now + 2 * HOUR).await, 1);
        assert_eq!(keep.inner.metrics.put_again.get(), 1);
        let found = Resolver::new(dht(&net))
            .resolve(&key, Policy::NetworkOnly)
            .await;
        assert_eq!(found.unwrap().packet.item(), &item);
        // Somebody asks on the second day, and nobody afterwards.
        let packet = SignedPacket::try_from(item).unwrap();
        let held = Held::new(packet, now, HOUR);
        keep.note(&held);
        keep.round(now + DAY).await;
        keep.round(now + 2 * DAY + HOUR).await;
        assert_eq!(keep.cache().guests(), 1);
        keep.round(now + 3 * DAY + HOUR).await;
        assert_eq!(keep.cache().guests(), 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_so_many_are_kept_and_none_where_that_is_off() {
        let net = Testnet::start(2).await.unwrap();
        let few = keep(&net, "keep-keys = 2");
        for number in 1..=3 {
            few.begin(*item(number).key(), 20).await.unwrap();
        }
        assert_eq!(few.cache().guests(), 2);
        assert_eq!(few.inner.metrics.not_kept.get(), 1);
        // One that is there already is no other.
        few.begin(*item(3).key(), 20).await.unwrap();
        assert_eq!(few.inner.metrics.not_kept.get(), 1);
        // Fewer than there are.
        few.change(&config("keep-keys = 1"));
        few.begin(*item(4).key(), 20).await.unwrap();
        assert_eq!(few.cache().guests(), 1);
        for off in ["keep-days = 0", "keep-keys = 0"] {
            let off = keep(&net, off);
            off.begin(*item(1).key(), 20).await.unwrap();
            assert_eq!(off.cache().guests(), 0);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_fills_all_places_keeps_nobody_out_and_drives_out_nobody_who_is_wanted() {
        let net = Testnet::start(2).await.unwrap();
        let keep = keep(&net, "keep-keys = 3");
        let wanted = item(1);
        keep.begin(*wanted.key(), 20).await.unwrap();
        for number in 2..=9 {
            // Somebody asks for it between any two of the others.
            keep.note(&Held::new(
                SignedPacket::try_from(wanted.clone()).unwrap(),
                SystemTime::now(),
                HOUR,
            ));
            keep.write_down(SystemTime::now()).await;
            keep.begin(*item(number).key(), 20).await.unwrap();
        }
        let later = SystemTime::now() + 2 * HOUR;
        let kept = keep.cache().guests_due(later, 10).unwrap();
        let keys: HashSet<_> = kept.iter().map(|guest| guest.key).collect();
        let expected = [1, 8, 9].map(|number| *item(number).key());
        assert_eq!(keys, HashSet::from(expected));
    }
}
