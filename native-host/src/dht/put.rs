//! Keeping an item on the closest nodes.
//!
//! A put begins as a lookup. As soon as the closest nodes that answer in time have answered, each is
//! sent the item with the token it gave; late ones follow when they come. A put that gets no answer is
//! sent again. A node that stays silent or refuses is replaced by the next closest.
//!
//! The condition of a put, that the item to replace is the one that was read (compare-and-swap of
//! BEP 44), is checked twice. What the nodes said during the lookup tells whether somebody else wrote
//! meanwhile: then nothing is sent at all. And each node gets the condition for what *it* said to hold,
//! because one that missed an earlier put would refuse the general one for no good reason.
//!
//! A put that is sent again may find its own item in place, which some nodes call a conflict. So a
//! node that reports one is asked what it holds before it is believed.

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{DhtError, PutReport, Refusal, query::Phase};
use crate::item::SignedItem;

/// How often an item is sent to a node.
const TRIES: u8 = 3;
/// How long the answer to the last of them is waited for at least: where much is put at once, nodes take
/// longer than for questions.
const LAST_WAIT: Duration = Duration::from_secs(1);
/// How many nodes may refuse for the same reason before all are taken to.
const ENOUGH_REFUSALS: usize = 8;
/// How many characters of a node's reason are kept.
const MAX_REASON: usize = 120;

/// A put that runs.
#[derive(Debug)]
pub(super) struct Put {
    pub(super) item: SignedItem,
    /// The `seq` of the newest item that was read.
    replaces: Option<i64>,
    reply: Option<oneshot::Sender<Result<PutReport, DhtError>>>,
    nodes: HashMap<SocketAddr, Sent>,
}

#[derive(Debug)]
struct Sent {
    token: Vec<u8>,
    cas: Option<i64>,
    tries: u8,
    state: State,
}

#[derive(Debug)]
enum State {
    Waits {
        until: Instant,
    },
    /// It reported a conflict, and is asked what it holds.
    Confirms {
        until: Instant,
        refusal: Refusal,
    },
    Stored,
    Refused(Refusal),
    Silent,
}

/// A datagram to send.
#[derive(Debug)]
pub(super) struct Send {
    pub(super) to: SocketAddr,
    pub(super) token: Vec<u8>,
    pub(super) cas: Option<i64>,
}

impl Put {
    pub(super) fn new(
        item: SignedItem,
        replaces: Option<i64>,
        reply: oneshot::Sender<Result<PutReport, DhtError>>,
    ) -> Self {
        Self {
            item,
            replaces,
            reply: Some(reply),
            nodes: HashMap::new(),
        }
    }

    /// Whether somebody else's item is in the way.
    pub(super) fn conflict(&self, newest: Option<&SignedItem>) -> Option<DhtError> {
        let newest = newest.filter(|newest| **newest != self.item)?;
        if newest.is_newer_than(&self.item) {
            return Some(DhtError::Conflict);
        }
        self.replaces
            .is_some_and(|replaces| newest.seq().get() > replaces)
            .then_some(DhtError::Mismatch)
    }

    /// Whether the item was sent to anybody yet.
    pub(super) fn has_begun(&self) -> bool {
        !self.nodes.is_empty()
    }

    /// Sends the item to a node, unless that was done before.
    pub(super) fn store(
        &mut self,
        to: SocketAddr,
        token: &[u8],
        held: Option<&SignedItem>,
        until: Instant,
    ) -> Option<Send> {
        if self.nodes.contains_key(&to) {
            return None;
        }
        let cas = self
            .replaces
            .map(|replaces| held.map_or(replaces, |held| held.seq().get()));
        let sent = Sent {
            token: token.to_vec(),
            cas,
            tries: 1,
            state: State::Waits { until },
        };
        let token = sent.token.clone();
        self.nodes.insert(to, sent);
        Some(Send { to, token, cas })
    }

    /// The item could not be sent to a node: it is tried again from then on, and not counted.
    pub(super) fn not_sent(&mut self, to: &SocketAddr, again: Instant) {
        if let Some(sent) = self.nodes.get_mut(to)
            && matches!(sent.state, State::Waits { .. })
        {
            sent.tries = sent.tries.saturating_sub(1);
            sent.state = State::Waits { until: again };
        }
    }

    /// A node has confirmed.
    pub(super) fn stored(&mut self, by: &SocketAddr) {
        if let Some(sent) = self.nodes.get_mut(by) {
            sent.state = State::Stored;
        }
    }

    /// A node has refused; `held` is what it said to hold before. Says whether it has to be asked what
    /// it holds now.
    pub(super) fn refused(
        &mut self,
        by: SocketAddr,
        code: i64,
        text: &[u8],
        held: Option<&SignedItem>,
        until: Instant,
    ) -> bool {
        let Some(sent) = self.nodes.get_mut(&by) else {
            return false;
        };
        if !matches!(sent.state, State::Waits { .. } | State::Silent) {
            return false;
        }
        let refusal = Refusal {
            node: by,
            code,
            reason: words(text),
        };
        if refusal.is_conflict() {
            if held == Some(&self.item) {
                sent.state = State::Stored;
                return false;
            }
            if sent.tries > 1 {
                sent.state = State::Confirms { until, refusal };
                return true;
            }
        }
        sent.state = State::Refused(refusal);
        false
    }

    /// A node has said what it holds after it reported a conflict.
    pub(super) fn confirmed(&mut self, by: &SocketAddr, holds: bool) {
        let Some(sent) = self.nodes.get_mut(by) else {
            return;
        };
        if let State::Confirms { refusal, .. } = &sent.state {
            sent.state = match holds {
                true => State::Stored,
                false => State::Refused(refusal.clone()),
            };
        }
    }

    /// Lets time pass: what to send again.
    pub(super) fn expire(
        &mut self,
        now: Instant,
        timeout: impl Fn(&SocketAddr) -> Duration,
        allowance: &mut usize,
    ) -> Vec<Send> {
        let mut again = Vec::new();
        for (to, sent) in &mut self.nodes {
            match &sent.state {
                State::Waits { until } if now >= *until => {
                    if sent.tries >= TRIES {
                        sent.state = State::Silent;
                    } else if *allowance > 0 {
                        *allowance -= 1;
                        sent.tries += 1;
                        let wait = timeout(to) * u32::from(sent.tries);
                        let wait = match sent.tries {
                            TRIES => wait.max(LAST_WAIT),
                            _ => wait,
                        };
                        sent.state = State::Waits { until: now + wait };
                        again.push(Send {
                            to: *to,
                            token: sent.token.clone(),
                            cas: sent.cas,
                        });
                    }
                }
                State::Confirms { until, refusal } if now >= *until => {
                    sent.state = State::Refused(refusal.clone());
                }
                _ => {}
            }
        }
        again
    }

    /// Those who don't keep the item and have to be replaced.
    pub(super) fn useless(&self) -> Vec<SocketAddr> {
        if self.is_hopeless() {
            return Vec::new();
        }
        self.nodes
            .iter()
            .filter(|(_, sent)| match &sent.state {
                State::Silent => true,
                State::Refused(refusal) => !refusal.is_conflict(),
                _ => false,
            })
            .map(|(to, _)| *to)
            .collect()
    }

    /// Whether nodes refuse for a reason that others will have, too.
    fn is_hopeless(&self) -> bool {
        let refusals = self.refusals();
        self.stored_on() == 0 && refusals.len() >= ENOUGH_REFUSALS
    }

    /// When to look again, if nothing comes in before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.nodes
            .values()
            .filter_map(|sent| match &sent.state {
                State::Waits { until } | State::Confirms { until, .. } => Some(*until),
                _ => None,
            })
            .min()
    }

    /// Whether all is said, when the lookup is this far.
    pub(super) fn is_done(&self, lookup: Phase) -> bool {
        lookup == Phase::Done && self.deadline().is_none()
    }

    /// Tells whoever waits how it ended.
    pub(super) fn finish(&mut self, conflict: Option<DhtError>) {
        let result = match conflict {
            Some(conflict) => Err(conflict),
            None => self.outcome(),
        };
        if let Some(reply) = self.reply.take() {
            // Nobody may be waiting.
            _ = reply.send(result);
        }
    }

    fn outcome(&self) -> Result<PutReport, DhtError> {
        let refusals = self.refusals();
        let conflicts = refusals.iter().filter(|refusal| refusal.is_conflict());
        let conflicts = conflicts.count();
        let stored = self.stored_on();
        if stored == 0 || conflicts > stored {
            return Err(commonest(&refusals));
        }
        Ok(PutReport {
            stored: u32::try_from(stored).unwrap_or(u32::MAX),
            refused: refusals,
        })
    }

    fn stored_on(&self) -> usize {
        let stored = |sent: &&Sent| matches!(sent.state, State::Stored);
        self.nodes.values().filter(stored).count()
    }

    fn refusals(&self) -> Vec<Refusal> {
        self.nodes
            .values()
            .filter_map(|sent| match &sent.state {
                State::Refused(refusal) => Some(refusal.clone()),
                _ => None,
            })
            .collect()
    }
}

/// What failed most often.
fn commonest(refusals: &[Refusal]) -> DhtError {
    let count = |code| refusals.iter().filter(|other| other.code == code).count();
    let Some(refusal) = refusals.iter().max_by_key(|refusal| count(refusal.code)) else {
        return DhtError::Unreachable;
    };
    match refusal.code {
        Refusal::MISMATCH => DhtError::Mismatch,
        Refusal::CONFLICT => DhtError::Conflict,
        Refusal::TOO_LARGE => DhtError::TooLarge,
        Refusal::BAD_SIGNATURE => DhtError::BadSignature,
        code => DhtError::Refused {
            code,
            reason: refusal.reason.clone(),
        },
    }
}

/// Foreign text, as much of it as is fit to be shown.
fn words(text: &[u8]) -> String {
    String::from_utf8_lossy(text)
        .chars()
        .filter(|character| !character.is_control())
        .take(MAX_REASON)
        .collect()
}

#[cfg(test)]
mod tests;
