//! How long to wait for an answer: estimates of the round trip, of each node and of all.
//!
//! As TCP does it (RFC 6298): a smoothed round trip and its variation, and from these the time after
//! which an answer is *overdue*. A node that was never heard of is expected to answer like the others.

use std::time::Duration;

/// No answer is overdue sooner: a busy machine is not a lost datagram.
const LEAST: Duration = Duration::from_millis(200);
/// Nor waited for longer.
const MOST: Duration = Duration::from_secs(1);
/// How long to wait while nothing is known of the network.
const UNKNOWN: Duration = Duration::from_millis(500);

/// How many measurements are too few to tell the variation from.
const FEW: u8 = 4;

/// An estimate of the round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rtt {
    known: Option<(Duration, Duration)>,
    /// How many measurements it is from, as far as that matters.
    samples: u8,
}

impl Rtt {
    /// An estimate from what was remembered.
    pub(super) fn remembered(smoothed: Duration) -> Self {
        Self {
            known: Some((smoothed.min(MOST), smoothed.min(MOST) / 2)),
            samples: 1,
        }
    }

    /// Takes a measured round trip into account (RFC 6298, section 2).
    pub(super) fn sample(&mut self, measured: Duration) {
        // When the machine stands still for a moment, all answers seem to have taken as long.
        let most = self
            .smoothed()
            .map_or(MOST, |smoothed| smoothed * 3 + LEAST / 2);
        let measured = measured.min(most).min(MOST);
        self.samples = self.samples.saturating_add(1);
        self.known = Some(match self.known {
            None => (measured, measured / 2),
            Some((smoothed, variation)) => (
                smoothed * 7 / 8 + measured / 8,
                variation * 3 / 4 + smoothed.abs_diff(measured) / 4,
            ),
        });
    }

    /// After how long an answer is overdue.
    pub(super) fn timeout(&self) -> Duration {
        match self.known {
            None => UNKNOWN,
            Some((smoothed, variation)) => (smoothed + 4 * variation).clamp(LEAST, MOST),
        }
    }

    /// The same for a node among others: how much its round trip varies shows only after a few
    /// measurements, until which it is expected to vary like theirs.
    pub(super) fn timeout_among(&self, others: &Self) -> Duration {
        match (self.known, others.known) {
            (Some((smoothed, _)), Some((_, variation))) if self.samples < FEW => {
                (smoothed + 4 * variation).clamp(LEAST, MOST)
            }
            (Some(_), _) => self.timeout(),
            (None, _) => others.timeout(),
        }
    }

    /// The smoothed round trip.
    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.known.map(|(smoothed, _)| smoothed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_estimate_follows_what_is_measured() {
        let mut rtt = Rtt::default();
        assert_eq!(rtt.timeout(), UNKNOWN);
        rtt.sample(ms(100));
        assert_eq!(rtt.timeout(), ms(300));
        for _ in 0..100 {
            rtt.sample(ms(100));
        }
        // Steady, the variation is gone.
        assert_eq!(rtt.timeout(), LEAST);
        for _ in 0..50 {
            rtt.sample(ms(400));
        }
        let smoothed = rtt.smoothed().unwrap();
        assert!(smoothed > ms(390) && smoothed <= ms(400), "{smoothed:?}");
        assert!(rtt.timeout() >= smoothed);
    }

    #[test]
    fn a_node_met_once_is_expected_to_vary_like_the_others() {
        let (mut others, mut node) = (Rtt::default(), Rtt::default());
        assert_eq!(node.timeout_among(&others), UNKNOWN);
        for _ in 0..100 {
            others.sample(ms(80));
            others.sample(ms(120));
        }
        assert_eq!(node.timeout_among(&others), others.timeout());
        node.sample(ms(150));
        assert!(node.timeout_among(&others) < ms(250));
        assert_eq!(node.timeout(), ms(450));
        for _ in 0..FEW {
            node.sample(ms(150));
        }
        assert_eq!(node.timeout_among(&others), node.timeout());
    }

    #[test]
    fn no_measurement_makes_it_wait_for_ever() {
        let mut rtt = Rtt::default();
        rtt.sample(Duration::MAX);
        assert_eq!(rtt.timeout(), MOST);
        assert_eq!(Rtt::remembered(Duration::MAX).timeout(), MOST);
    }
}
