//! Why a question has no answer, and when to ask again.

use std::time::Duration;

use crate::resolver::ResolveError;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Refusal {
    /// The client asks for too much.
    #[error("too many requests from your address; try again in {} s", seconds(.retry_after))]
    TooMany {
        /// When it may ask again.
        retry_after: Duration,
    },
    /// All clients together ask for too much.
    #[error("too many keys are looked up just now; try again in {} s", seconds(.retry_after))]
    Busy {
        /// When to ask again.
        retry_after: Duration,
    },
    /// There is no packet, or the network can't be reached.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
}

/// A pause in whole seconds, at least one.
pub(crate) fn seconds(pause: &Duration) -> u64 {
    pause.as_secs_f64().ceil().max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_whole_seconds() {
        assert_eq!(seconds(&Duration::ZERO), 1);
        assert_eq!(seconds(&Duration::from_millis(1001)), 2);
    }
}
