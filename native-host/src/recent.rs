//! What was of use lately, in bounded memory: a map for things that all count the same. Where they
//! are weighed, or changed under a lock of their own, moka does that, and each of its caches costs ten
//! times the code.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How many locks a large map has.
const PARTS: usize = 16;
/// What is smaller than this has one.
const LARGE: usize = 4096;

/// A map that forgets what was not used for the longest time. Its clones are one map.
pub(crate) struct Recent<K, V> {
    parts: Arc<[Mutex<Kept<K, V>>]>,
    hasher: RandomState,
}

/// Two generations, each half of the whole. What is used moves to the younger one; when that is full,
/// it becomes the older one, and what was left in that is forgotten. So no order has to be kept.
struct Kept<K, V> {
    young: HashMap<K, (V, Instant)>,
    old: HashMap<K, (V, Instant)>,
    half: usize,
    life: Option<Duration>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// A map that remembers so many at most, and the last half as many for certain.
    pub(crate) fn new(most: usize) -> Self {
        Self::of(most, None)
    }

    /// The same, whose entries are forgotten so long after they were put there, used or not.
    pub(crate) fn for_a_while(most: usize, life: Duration) -> Self {
        Self::of(most, Some(life))
    }

    fn of(most: usize, life: Option<Duration>) -> Self {
        let parts = if most < LARGE { 1 } else { PARTS };
        let half = (most / parts / 2).max(1);
        let part = |_| {
            Mutex::new(Kept {
                young: HashMap::new(),
                old: HashMap::new(),
                half,
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
            part.put(key, (value, Instant::now()));
        }
    }

    /// What is there, or else is made now.
    pub(crate) fn get_or_insert(&self, key: K, make: impl FnOnce() -> V) -> V {
        let Some(mut part) = self.part(&key) else {
            return make();
        };
        part.get(&key).unwrap_or_else(|| {
            let value = make();
            part.put(key, (value.clone(), Instant::now()));
            value
        })
    }

    pub(crate) fn remove(&self, key: &K) {
        if let Some(mut part) = self.part(key) {
            part.remove(key);
        }
    }

    pub(crate) fn clear(&self) {
        for mut part in self.parts() {
            part.young.clear();
            part.old.clear();
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        let lengths = self.parts().map(|part| part.young.len() + part.old.len());
        lengths.sum()
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
        if let Some((key, value)) = self.old.remove_entry(key) {
            self.put(key, value);
        }
        let (value, since) = self.young.get(key)?;
        if self.life.is_some_and(|life| since.elapsed() >= life) {
            self.remove(key);
            return None;
        }
        Some(value.clone())
    }

    fn put(&mut self, key: K, value: (V, Instant)) {
        self.old.remove(&key);
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
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
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten() {
        let recent = Recent::new(8);
        recent.insert(0, "used");
        for other in 1..100 {
            recent.insert(other, "not");
            assert_eq!(recent.get(&0), Some("used"), "after {other}");
        }
        let left = (1..100).filter(|key| recent.get(key).is_some()).count();
        assert!((3..=7).contains(&left), "{left}");
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
        assert!((LARGE / 2..=LARGE).contains(&recent.len()));
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

    #[test]
    fn a_life_ends_whether_or_not_somebody_asks() {
        let recent = Recent::for_a_while(4, Duration::ZERO);
        recent.insert(0, ());
        assert_eq!(recent.get(&0), None);
        let recent = Recent::for_a_while(4, Duration::from_secs(3600));
        recent.insert(0, ());
        assert_eq!(recent.get(&0), Some(()));
    }
}
