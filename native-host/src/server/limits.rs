//! How much one place may ask for.
//!
//! Each place (an IPv4 address, an IPv6 network) has three purses: for answers that cost next to
//! nothing, for questions that reach the DHT, and for packets it puts. A purse fills up again at a
//! steady rate (the generic cell rate algorithm, as in ATM's traffic management: one number, the
//! moment at which the purse would be full). A flood of one kind leaves the others alone. Datagrams
//! that anybody may have sent in a place's name have purses of their own, filled at the same rates:
//! they don't empty those of who is there. How many
//! places are remembered is bounded; the one not heard of for the longest time is forgotten first,
//! and any after an hour.

use std::{
    net::IpAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{config, refusal::Refusal};
use crate::{
    connections::{Network, Place},
    recent::Recent,
};

/// What is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// An answer from memory or disk, or a refusal.
    Request,
    /// A question that reaches the DHT.
    Lookup,
    /// A packet to put.
    Put,
}

/// How many kinds of cost there are.
const COSTS: usize = 3;
/// A place that was not heard of for so long is forgotten: with usual limits its purses are long full.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// The purses of all places.
#[derive(Debug)]
pub(crate) struct Limits {
    places: Recent<Place, Arc<Purses>>,
    rates: [Rate; COSTS],
    exempt: RwLock<Vec<Network>>,
    began: Instant,
}

/// A client, with its purses at hand.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    address: IpAddr,
    /// `None` for whom there are no limits.
    purses: Option<Arc<Purses>>,
    unproven: bool,
}

impl Client {
    /// The same, when anybody may have asked in its name.
    pub(crate) fn unproven(mut self) -> Self {
        self.unproven = true;
        self
    }

    /// Whether anybody may have asked in its name.
    pub(crate) fn is_unproven(&self) -> bool {
        self.unproven
    }

    /// Who it is.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }
}

/// When each purse is full again, in nanoseconds since the server began.
#[derive(Debug, Default)]
struct Purses {
    proven: [AtomicU64; COSTS],
    unproven: [AtomicU64; COSTS],
}

/// How fast a purse fills, in nanoseconds.
#[derive(Debug, Default)]
struct Rate {
    /// For one.
    each: AtomicU64,
    /// For all that fits in.
    whole: AtomicU64,
}

impl Rate {
    fn set(&self, per_second: u64, burst: u64) {
        let each = 1_000_000_000 / per_second.max(1);
        self.each.store(each, Ordering::Relaxed);
        self.whole
            .store(each.saturating_mul(burst), Ordering::Relaxed);
    }
}

impl Limits {
    pub(crate) fn new(limits: &config::Limits) -> Self {
        let new = Self {
            places: Recent::while_used(
                usize::try_from(limits.addresses.get()).unwrap_or(usize::MAX),
                REMEMBERED,
            ),
            rates: Default::default(),
            exempt: RwLock::default(),
            began: Instant::now(),
        };
        new.change(limits);
        new
    }

    /// Takes other rates from now on. What was spent stays spent.
    pub(crate) fn change(&self, limits: &config::Limits) {
        let rates = [
            (
                limits.requests_per_second.get(),
                limits.requests_burst.get(),
            ),
            (limits.lookups_per_second.get(), limits.lookups_burst.get()),
            (limits.puts_per_second.get(), limits.puts_burst.get()),
        ];
        for (rate, (per_second, burst)) in self.rates.iter().zip(rates) {
            rate.set(per_second, burst);
        }
        *self.exempt.write().unwrap_or_else(PoisonError::into_inner) = limits.exempt.clone();
    }

    /// The client at an address.
    pub(crate) fn client(&self, address: IpAddr) -> Client {
        let exempt = self
            .exempt
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|network| network.contains(address));
        let purses = (!exempt).then(|| self.places.get_or_insert(address.into(), Arc::default));
        Client {
            address,
            purses,
            unproven: false,
        }
    }

    /// Lets a client pay.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] when its purse is empty.
    pub(crate) fn pay(&self, client: &Client, cost: Cost) -> Result<(), Refusal> {
        let Some(purses) = &client.purses else {
            return Ok(());
        };
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let purses = if client.unproven {
            &purses.unproven
        } else {
            &purses.proven
        };
        let (Some(purse), Some(rate)) = (purses.get(cost as usize), self.rates.get(cost as usize))
        else {
            return Ok(());
        };
        let each = rate.each.load(Ordering::Relaxed);
        let whole = rate.whole.load(Ordering::Relaxed);
        purse
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full| {
                let next = full.max(now).saturating_add(each);
                (next - now <= whole).then_some(next)
            })
            .map(drop)
            .map_err(|full| {
                let wait = full.saturating_add(each).saturating_sub(now + whole);
                Refusal::TooMany {
                    retry_after: Duration::from_nanos(wait),
                }
            })
    }

    /// How many places are remembered.
    pub(crate) fn places(&self) -> u64 {
        self.places.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::Config;

    fn limits(text: &str) -> config::Limits {
        let text = format!("[limits]\n{text}");
        Config::parse("serve.toml".as_ref(), &text).unwrap().limits
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_purse_is_emptied_and_others_are_not() {
        // So slow that none fills up again while the test runs.
        let limits = Limits::new(&limits(
            "lookups-burst = 3\nlookups-per-second = 1\nputs-burst = 1\nputs-per-second = 1",
        ));
        let client = limits.client(address("203.0.113.1"));
        for _ in 0..3 {
            limits.pay(&client, Cost::Lookup).unwrap();
        }
        let Err(Refusal::TooMany { retry_after }) = limits.pay(&client, Cost::Lookup) else {
            panic!("a fourth lookup is one too many");
        };
        assert!(retry_after <= Duration::from_secs(1), "{retry_after:?}");
        assert!(retry_after > Duration::ZERO);
        // Another cost, another address; the same network.
        limits.pay(&client, Cost::Request).unwrap();
        limits.pay(&client, Cost::Put).unwrap();
        let other = limits.client(address("203.0.113.2"));
        limits.pay(&other, Cost::Lookup).unwrap();
        let one = limits.client(address("2001:db8::1"));
        let neighbour = limits.client(address("2001:db8::2"));
        limits.pay(&one, Cost::Put).unwrap();
        limits.pay(&neighbour, Cost::Put).unwrap_err();
    }

    #[test]
    fn what_is_sent_in_anothers_name_is_not_at_their_cost() {
        let limits = Limits::new(&limits("lookups-burst = 1\nlookups-per-second = 1"));
        let client = limits.client(address("203.0.113.1"));
        let unproven = client.clone().unproven();
        limits.pay(&unproven, Cost::Lookup).unwrap();
        limits.pay(&unproven, Cost::Lookup).unwrap_err();
        limits.pay(&client, Cost::Lookup).unwrap();
        limits.pay(&client, Cost::Lookup).unwrap_err();
    }

    #[test]
    fn a_purse_fills_up_again() {
        let limits = Limits::new(&limits("puts-burst = 1\nputs-per-second = 1000"));
        let client = limits.client(address("203.0.113.1"));
        limits.pay(&client, Cost::Put).unwrap();
        let began = Instant::now();
        while limits.pay(&client, Cost::Put).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60));
            std::thread::yield_now();
        }
    }

    #[test]
    fn some_have_no_limits_and_that_can_change() {
        let strict = "puts-burst = 1\nputs-per-second = 1";
        let limits_of = limits(strict);
        let all = Limits::new(&limits_of);
        let own = all.client(address("127.0.0.1"));
        for _ in 0..100 {
            all.pay(&own, Cost::Put).unwrap();
        }
        all.change(&limits(&format!("{strict}\nexempt = []")));
        let own = all.client(address("127.0.0.1"));
        all.pay(&own, Cost::Put).unwrap();
        all.pay(&own, Cost::Put).unwrap_err();
    }

    #[test]
    fn only_so_many_places_are_remembered() {
        let limits = Limits::new(&limits("addresses = 16"));
        for last in 0..1000_u32 {
            limits.client(IpAddr::V4(last.into()));
        }
        assert!(limits.places() <= 16, "{}", limits.places());
    }
}
