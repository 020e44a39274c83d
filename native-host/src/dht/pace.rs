//! Sending no faster than routers and receivers can take.
//!
//! Many lookups and puts at once would fill the buffers between us and the nodes, and what does not
//! fit there is lost. A bucket of tokens lets a burst pass and spreads what comes on top of it: who
//! gets no token asks again when there are some. What strangers have us send comes out of a bucket of
//! its own, so that they can't empty ours.

use std::time::{Duration, Instant};

/// How many datagrams may go out at once.
const BURST: f64 = 256.0;
/// How many a second after that.
const PER_SECOND: f64 = 6000.0;
/// The same of questions that we ask because strangers asked us something.
const STRANGERS_BURST: f64 = 64.0;
const STRANGERS_PER_SECOND: f64 = 16.0;
/// How long one who got none waits.
const PAUSE: Duration = Duration::from_millis(4);

/// The bucket.
#[derive(Debug)]
pub(super) struct Pace {
    tokens: f64,
    at: Instant,
    burst: f64,
    per_second: f64,
}

impl Pace {
    /// For what we do of our own accord.
    pub(super) fn new(now: Instant) -> Self {
        Self::with(BURST, PER_SECOND, now)
    }

    /// For what strangers have us do.
    pub(super) fn of_strangers(now: Instant) -> Self {
        Self::with(STRANGERS_BURST, STRANGERS_PER_SECOND, now)
    }

    fn with(burst: f64, per_second: f64, now: Instant) -> Self {
        Self {
            tokens: burst,
            at: now,
            burst,
            per_second,
        }
    }

    /// How many datagrams may go out now.
    pub(super) fn allowance(&mut self, now: Instant) -> usize {
        let passed = now.saturating_duration_since(self.at);
        self.at = self.at.max(now);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_second).min(self.burst);
        // Not negative, and small.
        self.tokens as usize
    }

    /// So many went out.
    pub(super) fn spend(&mut self, count: usize) {
        self.tokens -= count as f64;
    }

    /// When to come again for one who got none.
    pub(super) fn again(now: Instant) -> Instant {
        now + PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_is_spread() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut sent = 0;
        for tick in 0..100 {
            let now = start + PAUSE * tick;
            let allowed = pace.allowance(now);
            pace.spend(allowed);
            sent += allowed;
        }
        let seconds = (PAUSE * 99).as_secs_f64();
        let most = BURST + PER_SECOND * seconds;
        assert!(sent as f64 <= most && sent as f64 > most - 2.0, "{sent}");
    }
}
