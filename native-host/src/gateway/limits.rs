//! How much of the gateway one key and one page may take.
//!
//! A key's site may have only so many requests under way. And a page may name only so many other
//! keys at once: each costs a lookup in the DHT, and a page with hundreds of them would keep
//! everybody else waiting and make this machine ask strangers' nodes all day. A page has a purse of
//! lookups that fills up again slowly; pages that don't tell who they are share one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::from::Page;
use crate::{
    key::PublicKey,
    problem::{Code, Problem},
    recent::Recent,
};

/// How many requests for one key are under way at the same time.
const PER_KEY: usize = 256;
/// How many unknown keys a page may name at once.
const PURSE: f64 = 64.0;
/// How many more each second.
const REFILL: f64 = 1.0;
/// How many pages have a purse; the least used one is forgotten, which fills it.
const MAX_PAGES: usize = 1024;

/// The limits of one gateway.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    under_way: Arc<Mutex<HashMap<PublicKey, usize>>>,
    purses: Recent<Option<Page>, Arc<Mutex<Purse>>>,
}

#[derive(Debug)]
struct Purse {
    left: f64,
    at: Instant,
}

/// One request's place among those under way for its key; given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    key: PublicKey,
    under_way: Arc<Mutex<HashMap<PublicKey, usize>>>,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self {
            under_way: Arc::default(),
            purses: Recent::while_used(MAX_PAGES, Duration::from_secs(10 * 60)),
        }
    }

    /// Takes a place for a request.
    pub(super) fn turn(&self, key: &PublicKey) -> Result<Turn, Problem> {
        let mut under_way = lock(&self.under_way);
        let count = under_way.entry(*key).or_default();
        if *count >= PER_KEY {
            let what = "too many requests for this key are under way";
            return Err(Problem::new(Code::Busy, what));
        }
        *count += 1;
        Ok(Turn {
            key: *key,
            under_way: Arc::clone(&self.under_way),
        })
    }

    /// Pays for the lookup of a key that nothing is known of yet, on behalf of a page.
    pub(super) fn pay_lookup(&self, key: &PublicKey, page: Option<Page>) -> Result<(), Problem> {
        if page == Some(Page::Key(*key)) {
            return Ok(());
        }
        let purse = self.purses.get_or_insert(page, || {
            Arc::new(Mutex::new(Purse {
                left: PURSE,
                at: Instant::now(),
            }))
        });
        let mut purse = lock(&purse);
        let now = Instant::now();
        let refilled = purse.left + REFILL * (now - purse.at).as_secs_f64();
        purse.left = refilled.min(PURSE);
        purse.at = now;
        if purse.left < 1.0 {
            let what = "a page names too many keys at once";
            return Err(Problem::new(Code::Busy, what));
        }
        purse.left -= 1.0;
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut under_way = lock(&self.under_way);
        if let Some(count) = under_way.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.key);
            }
        }
    }
}

/// What the locks guard is whole at every moment, even if a holder panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPair;

    fn key(number: u8) -> PublicKey {
        KeyPair::from_secret(&[number; 32]).public()
    }

    fn page(number: u8) -> Option<Page> {
        Some(Page::Key(key(number)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_has_so_many_lookups_and_gets_more_with_time() {
        let limits = Limits::new();
        let paid = |page| limits.pay_lookup(&key(2), page);
        for _ in 0..64 {
            paid(page(1)).unwrap();
        }
        assert_eq!(paid(page(1)).unwrap_err().code, Code::Busy);
        // Nobody else pays for it.
        paid(page(3)).unwrap();
        paid(None).unwrap();
        tokio::time::advance(Duration::from_secs(2)).await;
        paid(page(1)).unwrap();
        paid(page(1)).unwrap();
        assert_eq!(paid(page(1)).unwrap_err().code, Code::Busy);
    }

    #[tokio::test]
    async fn a_page_asks_for_its_own_key_as_often_as_it_likes() {
        let limits = Limits::new();
        for _ in 0..200 {
            limits.pay_lookup(&key(1), page(1)).unwrap();
        }
    }

    #[test]
    fn a_key_has_so_many_requests_under_way() {
        let limits = Limits::new();
        let mut turns: Vec<Turn> = (0..PER_KEY)
            .map(|_| limits.turn(&key(1)).unwrap())
            .collect();
        assert_eq!(limits.turn(&key(1)).unwrap_err().code, Code::Busy);
        limits.turn(&key(2)).unwrap();
        turns.pop();
        limits.turn(&key(1)).unwrap();
        drop(turns);
        assert!(lock(&limits.under_way).is_empty());
    }
}
