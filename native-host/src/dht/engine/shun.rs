//! Who was silent of late, and is not asked though others name them.

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{Now, family};

/// How long a node that was silent is not asked when others name it.
const SHUN: Duration = Duration::from_secs(3 * 60);
/// How many questions left without an answer are more than bad luck.
pub(super) const SILENT: u8 = 2;
/// How many are shunned at a time.
const MAX_SHUNNED: usize = 5000;

/// The nodes that were silent: how many questions long, and until when that counts.
#[derive(Debug, Default)]
pub(super) struct Shunned {
    nodes: HashMap<SocketAddr, (u8, Instant)>,
}

impl Shunned {
    /// A node has left so many questions without an answer.
    pub(super) fn was_silent(&mut self, address: SocketAddr, questions: u8, now: Now) {
        let known = self.nodes.contains_key(&address);
        if !known && self.nodes.len() >= MAX_SHUNNED {
            self.sweep(now);
        }
        if known || self.nodes.len() < MAX_SHUNNED {
            let (silent, until) = self.nodes.entry(address).or_insert((0, now.at));
            *silent = silent.saturating_add(questions);
            *until = now.at + SHUN;
        }
    }

    /// A node has answered.
    pub(super) fn remove(&mut self, address: &SocketAddr) {
        self.nodes.remove(address);
    }

    /// Whether a node is not to be asked.
    pub(super) fn has(&self, address: &SocketAddr, now: Now) -> bool {
        self.nodes
            .get(address)
            .is_some_and(|silent| counts(silent, now))
    }

    /// How many of a family are not.
    pub(super) fn of(&self, family: usize, now: Now) -> usize {
        let nodes = self.nodes.iter();
        nodes
            .filter(|(address, silent)| self::family(address) == family && counts(silent, now))
            .count()
    }

    /// Forgets what doesn't count any more.
    pub(super) fn sweep(&mut self, now: Now) {
        self.nodes.retain(|_, (_, until)| *until > now.at);
    }
}

fn counts((silent, until): &(u8, Instant), now: Now) -> bool {
    *silent >= SILENT && *until > now.at
}
