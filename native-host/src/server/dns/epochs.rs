//! Which answers are older than the last change of what they were made of.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::key::PublicKey;

/// How many groups of keys are told apart.
const GROUPS: usize = 4096;

/// Counts the changes of keys, in groups: an answer that was made before the last change of its
/// group is not used again. So it takes no search to forget what a key's old packet said.
pub(super) struct Epochs(Vec<AtomicU32>);

/// A group, and its count when a packet was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Epoch {
    group: u16,
    count: u32,
}

impl Default for Epochs {
    fn default() -> Self {
        Self((0..GROUPS).map(|_| AtomicU32::new(0)).collect())
    }
}

impl Epochs {
    /// What holds for a key now.
    pub(super) fn of(&self, key: &PublicKey) -> Epoch {
        let [first, second, ..] = *key.as_bytes();
        let group = u16::from_be_bytes([first, second]) % GROUPS as u16;
        Epoch {
            group,
            count: self.count(group),
        }
    }

    /// Whether nothing has changed since.
    pub(super) fn is_current(&self, epoch: Epoch) -> bool {
        self.count(epoch.group) == epoch.count
    }

    /// A key has changed.
    pub(super) fn advance(&self, key: &PublicKey) {
        let group = usize::from(self.of(key).group);
        if let Some(count) = self.0.get(group) {
            count.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Any key may have changed.
    pub(super) fn advance_all(&self) {
        for count in &self.0 {
            count.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn count(&self, group: u16) -> u32 {
        self.0
            .get(usize::from(group))
            .map_or(0, |count| count.load(Ordering::Acquire))
    }
}
