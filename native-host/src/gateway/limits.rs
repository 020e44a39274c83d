//! How much of the gateway one key and one page may take.
//!
//! A key's site may have only so many requests under way. And a page may name only so many other
//! keys at once: each costs a lookup in the DHT, and a page with hundreds of them would keep
//! everybody else waiting and make this machine ask strangers' nodes all day. A page has a purse of
//! lookups that fills up again slowly; it is known by the `Origin` or `Referer` of its requests,
//! and pages that hide both share one purse.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper::{HeaderMap, Uri, header};
use moka::sync::Cache;
use tokio::time::Instant;

use crate::{
    key::{KeyHost, PublicKey},
    problem::{Code, Problem},
};

/// How many requests for one key are under way at the same time.
const PER_KEY: usize = 256;
/// How many unknown keys a page may name at once.
const PURSE: f64 = 64.0;
/// How many more each second.
const REFILL: f64 = 1.0;
/// How many pages have a purse; the least used one is forgotten, which fills it.
const MAX_PAGES: u64 = 1024;

/// The limits of one gateway.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    under_way: Arc<Mutex<HashMap<PublicKey, usize>>>,
    purses: Cache<String, Arc<Mutex<Purse>>>,
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
            purses: Cache::builder()
                .max_capacity(MAX_PAGES)
                .time_to_idle(Duration::from_secs(10 * 60))
                .build(),
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

    /// Pays for the lookup of a key that nothing is known of yet, on behalf of the page that sent
    /// these fields.
    pub(super) fn pay_lookup(&self, host: &KeyHost, headers: &HeaderMap) -> Result<(), Problem> {
        let page = page(headers);
        if page == host.as_str() {
            return Ok(());
        }
        let purse = self.purses.get_with(page, || {
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

/// The host of the page that a request comes from; empty where it is not told.
fn page(headers: &HeaderMap) -> String {
    [header::ORIGIN, header::REFERER]
        .iter()
        .filter_map(|name| headers.get(name)?.to_str().ok()?.parse::<Uri>().ok())
        .find_map(|uri| Some(uri.host()?.to_ascii_lowercase()))
        .unwrap_or_default()
}

/// What the locks guard is whole at every moment, even if a holder panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPair;
    use hyper::header::HeaderValue;

    fn host(number: u8) -> KeyHost {
        KeyHost::from(KeyPair::from_secret(&[number; 32]).public())
    }

    fn from(page: &str) -> HeaderMap {
        let value = HeaderValue::from_str(&format!("http://{page}/x")).unwrap();
        HeaderMap::from_iter([(header::REFERER, value)])
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_has_so_many_lookups_and_gets_more_with_time() {
        let limits = Limits::new();
        let page = from(host(1).as_str());
        let paid = |page: &HeaderMap| limits.pay_lookup(&host(2), page);
        for _ in 0..64 {
            paid(&page).unwrap();
        }
        assert_eq!(paid(&page).unwrap_err().code, Code::Busy);
        // Nobody else pays for it.
        paid(&from(host(3).as_str())).unwrap();
        paid(&HeaderMap::new()).unwrap();
        tokio::time::advance(Duration::from_secs(2)).await;
        paid(&page).unwrap();
        paid(&page).unwrap();
        assert_eq!(paid(&page).unwrap_err().code, Code::Busy);
    }

    #[tokio::test]
    async fn a_page_asks_for_its_own_key_as_often_as_it_likes() {
        let limits = Limits::new();
        for _ in 0..200 {
            let page = from(host(1).as_str());
            limits.pay_lookup(&host(1), &page).unwrap();
        }
    }

    #[test]
    fn a_key_has_so_many_requests_under_way() {
        let limits = Limits::new();
        let mut turns: Vec<Turn> = (0..PER_KEY)
            .map(|_| limits.turn(host(1).key()).unwrap())
            .collect();
        assert_eq!(limits.turn(host(1).key()).unwrap_err().code, Code::Busy);
        limits.turn(host(2).key()).unwrap();
        turns.pop();
        limits.turn(host(1).key()).unwrap();
        drop(turns);
        assert!(lock(&limits.under_way).is_empty());
    }
}
