//! Questions that wait for an answer.
//!
//! An answer counts when it comes from the address that was asked and repeats the four bytes that
//! were chosen by chance for this one datagram. A question that is sent again has other bytes, so
//! that it is known which of the two was answered and how long that took.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::id::fill;

/// How long an answer may take and still be of use.
const LIFE: Duration = Duration::from_secs(10);
/// How many may be waited for.
const MAX_PENDING: usize = 50_000;
/// How often another id is drawn where one is taken.
const TRIES: usize = 8;
/// Random bytes are fetched in pieces of this size.
const CHANCE: usize = 1024;

/// What was asked, by the number of the lookup it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A step of a lookup.
    Step(u64),
    /// To keep an item.
    Store(u64),
    /// Whether an item is kept, after a node refused it.
    Confirm(u64),
    /// Whether a node is there.
    Ping,
}

/// A question that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) to: SocketAddr,
    pub(super) sent: Instant,
    pub(super) purpose: Purpose,
}

/// All that wait.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    pending: HashMap<[u8; 4], Pending>,
    in_order: VecDeque<(Instant, [u8; 4])>,
    chance: Vec<u8>,
}

impl Transactions {
    /// The transaction id of a new question; `None` when too many wait.
    pub(super) fn begin(
        &mut self,
        to: SocketAddr,
        purpose: Purpose,
        now: Instant,
    ) -> Option<[u8; 4]> {
        self.sweep(now);
        if self.pending.len() >= MAX_PENDING {
            return None;
        }
        // One that is taken comes up once in a very long while.
        let id = (0..TRIES).find_map(|_| {
            let id = self.any();
            (!self.pending.contains_key(&id)).then_some(id)
        })?;
        let sent = now;
        self.pending.insert(id, Pending { to, sent, purpose });
        self.in_order.push_back((now, id));
        Some(id)
    }

    /// The question that is answered, once.
    pub(super) fn end(&mut self, from: SocketAddr, id: &[u8]) -> Option<Pending> {
        let id = <[u8; 4]>::try_from(id).ok()?;
        if self.pending.get(&id)?.to != from {
            return None;
        }
        self.pending.remove(&id)
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    fn sweep(&mut self, now: Instant) {
        while let Some((sent, id)) = self.in_order.front() {
            if now.saturating_duration_since(*sent) < LIFE {
                return;
            }
            self.pending.remove(id);
            self.in_order.pop_front();
        }
    }

    fn any(&mut self) -> [u8; 4] {
        if self.chance.len() < 4 {
            self.chance.resize(CHANCE, 0);
            fill(&mut self.chance);
        }
        let rest = self.chance.split_off(self.chance.len() - 4);
        rest.try_into().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_once_and_from_whom_was_asked() {
        let mut transactions = Transactions::default();
        let now = Instant::now();
        let [asked, other]: [SocketAddr; 2] =
            [([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into()];
        let id = transactions.begin(asked, Purpose::Ping, now).unwrap();
        assert!(transactions.end(other, &id).is_none());
        assert!(transactions.end(asked, &id[..3]).is_none());
        assert!(transactions.end(asked, &id).is_some());
        assert!(transactions.end(asked, &id).is_none());
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_time() {
        let mut transactions = Transactions::default();
        let now = Instant::now();
        let to = ([127, 0, 0, 1], 1).into();
        for _ in 0..MAX_PENDING + 1000 {
            transactions.begin(to, Purpose::Ping, now);
        }
        assert_eq!(transactions.len(), MAX_PENDING);
        assert!(transactions.begin(to, Purpose::Ping, now + LIFE).is_some());
        assert_eq!(transactions.len(), 1);
    }
}
