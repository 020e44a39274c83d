//! Who asks, how often, and how much they are given.
//!
//! Every address has a bounded number of questions a second, and credit: how many bytes it gets before
//! it has shown that it receives them. Of addresses a bounded number is kept in mind. When there are
//! too many, those go that have not asked for longest: a flood from everywhere drives out itself, and
//! locks out nobody who comes after it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use lru::LruCache;

use crate::{connections::Place, dht::id::is_public};

/// For how many seconds an address may save its questions up.
pub(super) const BURST_SECONDS: f64 = 4.0;
/// How many times the bytes of its questions an unproven address gets.
pub(super) const FACTOR: f64 = 4.0;
/// How many bytes it gets beyond that in the beginning, for a few lookups.
const CREDIT: f64 = 16_384.0;
/// How fast credit comes back, in bytes a second.
pub(super) const CREDIT_PER_SECOND: f64 = 512.0;
/// How much an address may save up.
pub(super) const MAX_CREDIT: f64 = 2.0 * CREDIT;
/// How long an address counts as proven.
const PROVEN_FOR: Duration = Duration::from_secs(15 * 60);
/// How many addresses are kept in mind.
pub(super) const MAX_ADDRESSES: usize = 20_000;

/// The addresses in mind.
#[derive(Debug)]
pub(super) struct Visitors {
    /// In the order in which they last asked.
    by_address: LruCache<Visitor, Visits>,
    per_second: f64,
}

/// Who asks. On this machine every program is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Visitor {
    Public(Place),
    Local(SocketAddr),
}

#[derive(Debug)]
struct Visits {
    questions: f64,
    credit: f64,
    at: Instant,
    proven: Option<Instant>,
}

impl Visitors {
    /// So many questions a second are taken of each.
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            by_address: LruCache::unbounded(),
            per_second: f64::from(per_second.max(1)),
        }
    }

    /// An address has answered a question of ours, or has shown a token.
    pub(super) fn proves(&mut self, address: SocketAddr, now: Instant) {
        if let Some(visits) = self.known(address) {
            visits.proven = Some(now);
        }
    }

    /// Whether a question of so many bytes is let in.
    pub(super) fn admits(&mut self, from: SocketAddr, size: usize, now: Instant) -> bool {
        let per_second = self.per_second;
        let most = per_second * BURST_SECONDS;
        let visits = self.comes(from, || Visits {
            questions: most,
            credit: CREDIT,
            at: now,
            proven: None,
        });
        let passed = now.saturating_duration_since(visits.at).as_secs_f64();
        visits.at = now;
        visits.questions = (visits.questions + passed * per_second).min(most);
        let credit = visits.credit + passed * CREDIT_PER_SECOND;
        visits.credit = credit.min(CREDIT.max(visits.credit)) + FACTOR * size as f64;
        visits.credit = visits.credit.min(MAX_CREDIT);
        if visits.questions < 1.0 {
            return false;
        }
        visits.questions -= 1.0;
        true
    }

    /// Whether an address may get so many bytes.
    pub(super) fn affords(&mut self, bytes: usize, to: SocketAddr, now: Instant) -> bool {
        let Some(visits) = self.known(to) else {
            return false;
        };
        let proven = visits
            .proven
            .is_some_and(|proven| now.saturating_duration_since(proven) < PROVEN_FOR);
        if proven {
            return true;
        }
        if visits.credit < bytes as f64 {
            return false;
        }
        visits.credit -= bytes as f64;
        true
    }

    /// Forgets those who asked too long ago for it to matter.
    pub(super) fn sweep(&mut self, now: Instant) {
        let old = |visits: &Visits| now.saturating_duration_since(visits.at) >= PROVEN_FOR;
        while self
            .by_address
            .peek_lru()
            .is_some_and(|(_, visits)| old(visits))
        {
            self.by_address.pop_lru();
        }
    }

    fn known(&mut self, address: SocketAddr) -> Option<&mut Visits> {
        self.by_address.peek_mut(&Visitor::at(address))
    }

    fn comes(&mut self, address: SocketAddr, new: impl FnOnce() -> Visits) -> &mut Visits {
        let visitor = Visitor::at(address);
        if self.by_address.len() >= MAX_ADDRESSES && !self.by_address.contains(&visitor) {
            self.by_address.pop_lru();
        }
        self.by_address.get_or_insert_mut(visitor, new)
    }

    /// How many are in mind.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_address.len()
    }
}

impl Visitor {
    fn at(address: SocketAddr) -> Self {
        let ip = address.ip();
        if is_public(ip) {
            Self::Public(Place::from(ip))
        } else {
            Self::Local(address)
        }
    }
}
