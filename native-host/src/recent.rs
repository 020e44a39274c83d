//! What was of use lately, in bounded memory: a map for things that all count the same. Where they
//! are weighed, or changed under a lock of their own, moka does that, and each of its caches costs ten
//! times the code.

use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lru::LruCache;
use tokio::time::Instant;

/// How many locks a large map has.
const PARTS: usize = 16;
/// What is smaller than this has one.
const LARGE: usize = 4096;

/// A map that forgets what was not used for the longest time. Its clones are one map.
pub(crate) struct Recent<K, V> {
    parts: Arc<[Mutex<Kept<K, V>>]>,
    hasher: RandomState,
}

/// What is behind one lock. It takes memory for what is there, not for all that may be.
struct Kept<K, V> {
    entries: LruCache<K, (V, Instant)>,
    most: usize,
    life: Life,
}

/// When entries are forgotten though there is room for them.
#[derive(Clone, Copy)]
enum Life {
    Endless,
    /// So long after they were put there.
    SincePut(Duration),
    /// So long after they were last used.
    SinceUse(Duration),
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// A map that remembers so many at most.
    pub(crate) fn new(most: usize) -> Self {
        Self::of(most, Life::Endless)
    }

    /// The same, whose entries are forgotten so long after they were put there, used or not.
    pub(crate) fn for_a_while(most: usize, life: Duration) -> Self {
        Self::of(most, Life::SincePut(life))
    }

    /// The same, whose entries are forgotten when they were not used for so long.
    pub(crate) fn while_used(most: usize, idle: Duration) -> Self {
        Self::of(most, Life::SinceUse(idle))
    }

    fn of(most: usize, life: Life) -> Self {
        let parts = if most < LARGE { 1 } else { PARTS };
        let part = |_| {
            Mutex::new(Kept {
                entries: LruCache::unbounded(),
                most: (most / parts).max(1),
                life,
            })
        };
        Self {
            parts: (0..parts).map(part).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.part(key)?.get(key)
    }

    pub(crate) fn insert(&self, key: K, value: V) {
        if let Some(mut part) = self.part(&key) {
            part.put(key, value);
        }
    }

    /// What is there, or else is made now.
    pub(crate) fn get_or_insert(&self, key: K, make: impl FnOnce() -> V) -> V {
        let Some(mut part) = self.part(&key) else {
            return make();
        };
        part.get(&key).unwrap_or_else(|| {
            let value = make();
            part.put(key, value.clone());
            value
        })
    }

    pub(crate) fn remove(&self, key: &K) {
        if let Some(mut part) = self.part(key) {
            part.entries.pop(key);
        }
    }

    pub(crate) fn clear(&self) {
        for mut part in self.parts() {
            part.entries.clear();
        }
    }

    /// How many there are, with those whose time is over and that nobody has come across since.
    pub(crate) fn len(&self) -> usize {
        self.parts().map(|part| part.entries.len()).sum()
    }

    /// The part that a key is in; there always is one.
    fn part(&self, key: &K) -> Option<MutexGuard<'_, Kept<K, V>>> {
        let at = match self.parts.len() {
            1 => 0,
            parts => self.hasher.hash_one(key) as usize % parts,
        };
        self.parts.get(at).map(lock)
    }

    fn parts(&self) -> impl Iterator<Item = MutexGuard<'_, Kept<K, V>>> {
        self.parts.iter().map(lock)
    }
}

/// It is whole at every moment, even if a holder panics.
fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    fn get(&mut self, key: &K) -> Option<V> {
        let (value, since) = self.entries.get_mut(key)?;
        match self.life {
            Life::SincePut(life) | Life::SinceUse(life) if since.elapsed() >= life => {
                self.entries.pop(key);
                return None;
            }
            Life::SinceUse(_) => *since = Instant::now(),
            Life::SincePut(_) | Life::Endless => (),
        }
        Some(value.clone())
    }

    fn put(&mut self, key: K, value: V) {
        self.entries.put(key, (value, Instant::now()));
        while self.entries.len() > self.most || self.last_is_idle() {
            self.entries.pop_lru();
        }
    }

    /// Whether the time of the one not used for the longest is over. Where time counts from when they
    /// were put there, that one need not be the oldest, so nobody looks.
    fn last_is_idle(&self) -> bool {
        let Life::SinceUse(idle) = self.life else {
            return false;
        };
        let last = self.entries.peek_lru();
        last.is_some_and(|(_, (_, since))| since.elapsed() >= idle)
    }
}

impl<K, V> Clone for Recent<K, V> {
    fn clone(&self) -> Self {
        Self {
            parts: Arc::clone(&self.parts),
            hasher: self.hasher.clone(),
        }
    }
}

impl<K, V> fmt::Debug for Recent<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten() {
        let recent = Recent::new(8);
        recent.insert(0, "used");
        for other in 1..100 {
            recent.insert(other, "not");
            assert_eq!(recent.get(&0), Some("used"), "after {other}");
        }
        let left: Vec<_> = (1..100).filter(|key| recent.get(key).is_some()).collect();
        assert_eq!(left, [93, 94, 95, 96, 97, 98, 99]);
    }

    #[test]
    fn there_are_never_more_than_agreed() {
        let recent = Recent::new(4);
        for key in 0..50 {
            recent.insert(key % 7, key);
            _ = recent.get(&(key % 3));
            assert!(recent.len() <= 4);
        }
    }

    #[test]
    fn a_large_one_is_bounded_too() {
        let recent = Recent::new(LARGE);
        for key in 0..3 * LARGE {
            recent.insert(key, ());
            assert_eq!(recent.get(&key), Some(()));
        }
        assert_eq!(recent.len(), LARGE);
        recent.clear();
        assert_eq!(recent.len(), 0);
    }

    #[test]
    fn the_last_word_counts_and_what_was_removed_is_gone() {
        let recent = Recent::new(4);
        for key in 0..3 {
            recent.insert(key, "first");
        }
        recent.insert(0, "last");
        assert_eq!(recent.get(&0), Some("last"));
        recent.remove(&0);
        assert_eq!(recent.get(&0), None);
        assert_eq!(recent.get_or_insert(0, || "made"), "made");
        assert_eq!(recent.get_or_insert(0, || "again"), "made");
        recent.clone().clear();
        assert_eq!(recent.get(&0), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_life_ends_whether_or_not_somebody_asks() {
        let recent = Recent::for_a_while(4, Duration::from_secs(60));
        recent.insert(0, ());
        advance(Duration::from_secs(59)).await;
        assert_eq!(recent.get(&0), Some(()));
        advance(Duration::from_secs(1)).await;
        assert_eq!(recent.get(&0), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_asks_for_is_forgotten_and_its_memory_given_back() {
        let recent = Recent::while_used(8, Duration::from_secs(60));
        recent.insert("left", ());
        recent.insert("left too", ());
        recent.insert("used", ());
        for _ in 0..3 {
            advance(Duration::from_secs(30)).await;
            assert_eq!(recent.get(&"used"), Some(()));
        }
        assert_eq!(recent.get(&"left"), None);
        assert_eq!(recent.len(), 2);
        recent.insert("new", ());
        assert_eq!(recent.len(), 2);
        assert_eq!(recent.get(&"used"), Some(()));
    }
}
