//! Taking packets in.
//!
//! What is acknowledged is on disk and in the DHT. Both happen at the same time; of several packets
//! for one key one after the other is put, so that none meets its predecessor on the way. A put
//! goes on when the client has left.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::sync::Semaphore;

use super::{BUSY_PAUSE, Source};
use crate::{
    cache::{CacheError, Newest},
    dht::DhtError,
    item::{Seq, SignedItem},
    key::PublicKey,
    packet::SignedPacket,
    resolver,
    server::{config, hot::Held, refusal::seconds},
    tasks,
};

/// How often a put is tried again that no node has answered.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(250);
/// How soon a client may try again when the DHT can't be reached.
const UNREACHABLE_PAUSE: Duration = Duration::from_secs(10);

/// How many puts of one key may wait for each other, the one under way included.
const MAX_OF_A_KEY: usize = 8;

/// What must be true of the packet that is to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Its sequence number is this one.
    Seq(Seq),
    /// Its `ETag` is one of these.
    Tag(Vec<String>),
    /// There is one.
    Any,
    /// It is no later than this second.
    NotAfter(SystemTime),
}

/// Why a packet was not put.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PutRefusal {
    /// All clients together put too much.
    #[error("too many packets are put just now; try again in {} s", seconds(.retry_after))]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// A newer packet is known.
    #[error("a newer packet is known for this key; read it, merge, and sign again")]
    Older,
    /// What was to be replaced is not there.
    #[error("the packet to be replaced is not the one named in the condition")]
    Condition,
    /// It can't be kept on disk.
    #[error("the packet can’t be written down here: {0}")]
    Disk(#[from] CacheError),
    /// Nodes refused it.
    #[error("{0}")]
    Refused(DhtError),
    /// No node could be asked. The packet is known here, and will be found by who asks here.
    #[error("no node of the DHT has stored the packet; try again in {} s", seconds(.retry_after))]
    Unreachable {
        /// When to try again.
        retry_after: Duration,
    },
}

/// The puts that are under way.
#[derive(Debug)]
pub(super) struct Puts {
    at_once: Semaphore,
    waiting: Semaphore,
    keys: Mutex<HashMap<PublicKey, Arc<Semaphore>>>,
}

/// A key that nobody else puts at the moment.
struct Turn<'a> {
    puts: &'a Puts,
    key: PublicKey,
    queue: Arc<Semaphore>,
}

impl Puts {
    pub(super) fn new(limits: &config::Limits) -> Self {
        let at_once = limits.puts.count();
        Self {
            at_once: Semaphore::new(at_once),
            waiting: Semaphore::new(at_once + limits.puts_waiting.count()),
            keys: Mutex::default(),
        }
    }

    /// A place in the queue of one key; `None` where it is full, lest one key take all places there
    /// are.
    fn turn(&self, key: PublicKey) -> Option<Turn<'_>> {
        let mut keys = self.keys();
        let queue = keys
            .entry(key)
            .or_insert_with(|| Arc::new(Semaphore::new(1)));
        // One is the map's.
        if Arc::strong_count(queue) > MAX_OF_A_KEY {
            return None;
        }
        Some(Turn {
            puts: self,
            key,
            queue: Arc::clone(queue),
        })
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<PublicKey, Arc<Semaphore>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut keys = self.puts.keys();
        if let Entry::Occupied(entry) = keys.entry(self.key)
            // One is the map's, one ours.
            && Arc::strong_count(entry.get()) <= 2
        {
            entry.remove();
        }
    }
}

impl Source {
    /// Takes a packet in: on disk, into the DHT, and among those that are kept there. Tells how
    /// many nodes have stored it. Whoever asks has paid.
    ///
    /// # Errors
    /// [`PutRefusal`].
    pub(crate) async fn put(
        &self,
        packet: SignedPacket,
        condition: Option<Condition>,
    ) -> Result<u32, PutRefusal> {
        let source = self.clone();
        // Whoever asked may leave; what has begun is brought to its end.
        let put = tasks::spawn(async move { source.put_in_turn(packet, condition).await });
        put.await.unwrap_or(Err(PutRefusal::Unreachable {
            retry_after: UNREACHABLE_PAUSE,
        }))
    }

    async fn put_in_turn(
        &self,
        packet: SignedPacket,
        condition: Option<Condition>,
    ) -> Result<u32, PutRefusal> {
        let inner = &*self.inner;
        let busy = || PutRefusal::Busy {
            retry_after: BUSY_PAUSE,
        };
        let shed = || {
            inner.metrics.shed.add();
            busy()
        };
        let turn = inner.puts.turn(*packet.key()).ok_or_else(shed)?;
        let _waiting = inner.puts.waiting.try_acquire().map_err(|_| shed())?;
        let _turn = turn.queue.acquire().await.map_err(|_| busy())?;
        let item = packet.item();
        self.may_replace(item, condition.as_ref())?;
        let _at_once = inner.puts.at_once.acquire().await.map_err(|_| busy())?;
        // Something newer may have turned up meanwhile.
        self.may_replace(item, condition.as_ref())?;
        inner.metrics.puts.add();
        // Nodes compare, too, where the condition is one that they understand.
        let replaces = match condition {
            Some(Condition::Seq(seq)) => Some(seq),
            _ => None,
        };
        let stored = if condition.is_some() {
            // What is refused in the end must not be known here as the newest.
            let stored = self.store(item, replaces).await;
            if stored.is_ok() {
                self.learn(item).await?;
            }
            stored
        } else {
            let (learned, stored) = tokio::join!(self.learn(item), self.store(item, replaces));
            learned?;
            stored
        };
        match stored {
            Ok(nodes) => self.stored(packet, nodes).await,
            Err(DhtError::Conflict) => self.after_conflict(packet, condition).await,
            Err(error @ DhtError::Refused { .. }) => Err(PutRefusal::Refused(error)),
            Err(error) => {
                tracing::debug!(%error, key = %packet.key(), "a packet could not be put");
                Err(PutRefusal::Unreachable {
                    retry_after: UNREACHABLE_PAUSE,
                })
            }
        }
    }

    /// Writes an item down as the newest of its key.
    async fn learn(&self, item: &SignedItem) -> Result<(), PutRefusal> {
        match self.inner.resolver.learn(item.clone()).await? {
            true => Ok(()),
            false => Err(PutRefusal::Older),
        }
    }

    /// A node knows another item. Some kinds of node say so of a repeat of what they hold, too; else
    /// the nodes know better than we do, and so will we.
    async fn after_conflict(
        &self,
        packet: SignedPacket,
        condition: Option<Condition>,
    ) -> Result<u32, PutRefusal> {
        let newest = self.inner.resolver.newest(packet.key()).await;
        if let Ok(answer) = &newest
            && answer.packet.item() == packet.item()
            && let resolver::Source::Dht { nodes } = answer.source
        {
            return self.stored(packet, nodes).await;
        }
        match condition {
            Some(_) => Err(PutRefusal::Condition),
            None => Err(PutRefusal::Older),
        }
    }

    /// A packet is on disk and in the DHT: it is kept there, and at hand here.
    async fn stored(&self, packet: SignedPacket, nodes: u32) -> Result<u32, PutRefusal> {
        let inner = &*self.inner;
        inner.keep.begin(*packet.key(), nodes).await?;
        let ttl = packet.ttl(inner.resolver.ttl_bounds());
        let held = Held::new(packet, SystemTime::now(), ttl);
        inner.hot.keep(Arc::new(held));
        Ok(nodes)
    }

    /// Whether what is known here lets the item replace it.
    fn may_replace(
        &self,
        item: &SignedItem,
        condition: Option<&Condition>,
    ) -> Result<(), PutRefusal> {
        let cache = self.inner.resolver.cache();
        let known = cache.get(item.key());
        let Some(newest) = known.as_ref().map(|entry| &entry.newest) else {
            // The packet itself may be forgotten while its number is not.
            let floor = cache.floor(item.key());
            if floor.is_some_and(|floor| item.seq() < floor.seq) {
                return Err(PutRefusal::Older);
            }
            return match condition {
                Some(Condition::Any | Condition::Tag(_)) => Err(PutRefusal::Condition),
                // Whether it is true, only the nodes can tell.
                _ => Ok(()),
            };
        };
        if newest.item().is_newer_than(item) {
            return Err(PutRefusal::Older);
        }
        // Putting the same again changes nothing, whatever the condition was when it was first put.
        if newest.item() == item {
            return Ok(());
        }
        let holds = match condition {
            None | Some(Condition::Any) => true,
            Some(Condition::Seq(seq)) => newest.item().seq() == *seq,
            Some(Condition::Tag(tags)) => match newest {
                Newest::Packet(packet) => {
                    let held = Held::new(packet.clone(), SystemTime::now(), Duration::ZERO);
                    tags.iter().any(|tag| held.etag == tag.as_str())
                }
                Newest::Other(_) => false,
            },
            Some(Condition::NotAfter(time)) => {
                let next_second = *time + Duration::from_secs(1);
                newest.item().seq() < Seq::at(next_second)
            }
        };
        holds.then_some(()).ok_or(PutRefusal::Condition)
    }

    /// Stores an item in the DHT.
    async fn store(&self, item: &SignedItem, replaces: Option<Seq>) -> Result<u32, DhtError> {
        let mut outcome = Err(DhtError::Unreachable);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            outcome = self
                .inner
                .publisher
                .dht()
                .put(item, replaces.map(Seq::get))
                .await
                .map(|report| report.stored);
            match outcome {
                Ok(0) | Err(DhtError::Unreachable) => {}
                _ => return outcome,
            }
        }
        match outcome {
            Ok(0) => Err(DhtError::Unreachable),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPair;

    #[test]
    fn one_key_does_not_take_the_places_of_others() {
        let puts = Puts::new(&config::Limits::default());
        let key = |number| KeyPair::from_secret(&[number; 32]).public();
        let mut waiting: Vec<_> = (0..MAX_OF_A_KEY)
            .map(|_| puts.turn(key(1)).unwrap())
            .collect();
        assert!(puts.turn(key(1)).is_none());
        assert!(puts.turn(key(2)).is_some());
        waiting.pop();
        assert!(puts.turn(key(1)).is_some());
        waiting.clear();
        assert!(puts.keys().is_empty());
    }
}
