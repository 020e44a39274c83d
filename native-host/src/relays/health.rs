//! How a relay is doing, and when to leave it alone.
//!
//! A relay rests when it asks for it (`Retry-After`), and when it has failed several times in a
//! row. Each further failure doubles the rest. A rest is never cut short, but always bounded, so
//! that no relay is lost until the program starts again.

use std::time::{Duration, Instant, SystemTime};

use url::Url;

use super::{RelayError, RelayStatus};

/// With this many failures in a row a relay begins to rest.
const PATIENCE: u32 = 3;
/// How long the first rest takes.
const FIRST_REST: Duration = Duration::from_secs(10);
/// How long a rest because of failures takes at most.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// The pause after status 429 when the relay names none.
const DEFAULT_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause that a relay is granted, whatever it asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What is known of one relay.
#[derive(Debug, Default)]
pub(super) struct Health {
    last_success: Option<SystemTime>,
    latency: Option<Duration>,
    last_error: Option<(SystemTime, RelayError)>,
    failures: u32,
    /// When the last failure that counts was noted.
    counted: Option<Instant>,
    rest_until: Option<Instant>,
}

impl Health {
    /// For how long from `now` the relay is left alone.
    pub(super) fn resting(&self, now: Instant) -> Option<Duration> {
        let wait = self.rest_until?.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    /// Notes how a request went that was made at `started` and ended at `now`.
    pub(super) fn note(&mut self, error: Option<&RelayError>, started: Instant, now: Instant) {
        let Some(error) = error.filter(|error| is_failure(error)) else {
            self.last_success = Some(SystemTime::now());
            self.latency = Some(now.saturating_duration_since(started));
            self.failures = 0;
            return;
        };
        self.last_error = Some((SystemTime::now(), error.clone()));
        // A network that goes away fails all requests of the moment: that is one failure.
        if self.counted.is_none_or(|counted| started >= counted) {
            self.counted = Some(now);
            self.failures = self.failures.saturating_add(1);
            if let Some(beyond) = self.failures.checked_sub(PATIENCE) {
                let factor = 2u32.saturating_pow(beyond);
                self.rest(now, FIRST_REST.saturating_mul(factor).min(LONGEST_REST));
            }
        }
        match error {
            RelayError::RateLimited { retry_after } => {
                self.rest(now, retry_after.unwrap_or(DEFAULT_PAUSE).min(LONGEST_PAUSE));
            }
            RelayError::Unavailable {
                retry_after: Some(pause),
                ..
            } => self.rest(now, (*pause).min(LONGEST_PAUSE)),
            _ => {}
        }
    }

    /// What a person may want to know.
    pub(super) fn status(&self, url: Url, now: Instant) -> RelayStatus {
        RelayStatus {
            url,
            last_success: self.last_success,
            latency: self.latency,
            last_error: self.last_error.clone(),
            failures: self.failures,
            resting: self.resting(now),
        }
    }

    fn rest(&mut self, now: Instant, pause: Duration) {
        self.rest_until = self.rest_until.max(now.checked_add(pause));
    }
}

/// Whether the relay failed, rather than answered with something unwelcome.
fn is_failure(error: &RelayError) -> bool {
    !matches!(
        error,
        RelayError::Conflict | RelayError::Refused { .. } | RelayError::ItemTooLarge
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// One request after the other, each taking a second.
    struct Course {
        health: Health,
        now: Instant,
    }

    impl Course {
        fn new() -> Self {
            Self {
                health: Health::default(),
                now: Instant::now(),
            }
        }

        fn request(&mut self, error: Option<RelayError>) -> Option<Duration> {
            let started = self.now;
            self.now += SECOND;
            self.health.note(error.as_ref(), started, self.now);
            self.health.resting(self.now)
        }
    }

    #[test]
    fn rests_double_up_to_a_bound_and_end() {
        let mut course = Course::new();
        let rests: Vec<_> = (0..9)
            .map(|_| {
                let rest = course.request(Some(RelayError::Timeout));
                course.now += rest.unwrap_or_default();
                assert_eq!(course.health.resting(course.now), None);
                rest.map(|rest| rest.as_secs())
            })
            .collect();
        let seconds = [10, 20, 40, 80, 160, 300, 300].map(Some);
        assert_eq!(rests, [&[None, None][..], &seconds].concat());
    }

    #[test]
    fn an_answer_ends_the_count() {
        let mut course = Course::new();
        for _ in 0..5 {
            assert_eq!(course.request(Some(RelayError::Timeout)), None);
            assert_eq!(course.request(Some(RelayError::TooLarge)), None);
            assert_eq!(course.request(None), None);
        }
        let url: Url = "http://127.0.0.1/".parse().unwrap();
        let status = course.health.status(url, course.now);
        assert_eq!(status.failures, 0);
        assert_eq!(status.latency, Some(SECOND));
        assert!(status.last_success.is_some());
        // What went wrong before stays known.
        assert_eq!(status.last_error.unwrap().1, RelayError::TooLarge);
    }

    #[test]
    fn unwelcome_answers_are_no_failures() {
        let mut course = Course::new();
        for _ in 0..5 {
            let reason = String::new();
            assert_eq!(course.request(Some(RelayError::Conflict)), None);
            assert_eq!(course.request(Some(RelayError::Refused { reason })), None);
            assert_eq!(course.request(Some(RelayError::ItemTooLarge)), None);
        }
        assert_eq!(course.health.failures, 0);
        assert!(course.health.last_success.is_some());
    }

    #[test]
    fn requests_that_fail_together_count_once() {
        let mut health = Health::default();
        let start = Instant::now();
        for _ in 0..20 {
            health.note(Some(&RelayError::Timeout), start, start + SECOND);
        }
        assert_eq!(health.failures, 1);
        assert_eq!(health.resting(start + SECOND), None);
    }

    #[test]
    fn a_pause_that_is_asked_for_is_kept_within_reason() {
        let limited = |seconds: Option<u64>| {
            Some(RelayError::RateLimited {
                retry_after: seconds.map(Duration::from_secs),
            })
        };
        assert_eq!(Course::new().request(limited(None)), Some(DEFAULT_PAUSE));
        let mut course = Course::new();
        assert_eq!(course.request(limited(Some(90))), Some(90 * SECOND));
        // Requests that were on their way neither end nor shorten it.
        assert_eq!(course.request(None), Some(89 * SECOND));
        assert_eq!(course.request(limited(Some(1))), Some(88 * SECOND));
        let forever = limited(Some(u64::MAX));
        assert_eq!(Course::new().request(forever), Some(LONGEST_PAUSE));
        let unavailable = RelayError::Unavailable {
            retry_after: Some(7 * SECOND),
            reason: String::new(),
        };
        assert_eq!(Course::new().request(Some(unavailable)), Some(7 * SECOND));
    }
}
