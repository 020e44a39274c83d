//! One iterative lookup (Kademlia), as a state machine that is told the time.
//!
//! A lookup walks towards a target: it asks the closest nodes it has heard of, they name closer ones,
//! and it ends when the [`K`] closest that are alive have answered. What makes it quick:
//!
//! - Nodes that will be asked in any case are asked at once. How close that is follows from the
//!   number of nodes in the network. Of those further away only a few are asked at a time.
//! - A node whose answer is *overdue*, by its own round trip (`rtt`) or by what other answers took in
//!   this very lookup, no longer holds anybody up: its place goes to the next one, and it is asked once
//!   more. It may still answer; it is not waited for when enough others have answered.
//! - As many more are asked as will be silent, by what was seen before.
//! - When few answer, the network is small, bad, or gone, and there is patience instead: nothing is
//!   called silent before a second has passed.
//!
//! What makes it hard to lead astray:
//!
//! - The *window*, the closest nodes that count, takes few of one subnet, few whose id doesn't suit
//!   their address (BEP 42), and reaches at least as far as half of the nodes that ought to be there:
//!   many nodes put close around a target make it wider, not blind.
//! - Whoever names nodes of which none is there is not believed before others are.
//! - Where the closest are far closer than chance would have it, the lookup doesn't claim to have
//!   heard the network.
//! - The number of nodes that are heard of and asked, and the time, are bounded.
//!
//! Nothing here sends, receives or verifies. `Engine` does, and says what came of it. `asking` is whom a
//! lookup asks and when it stops waiting, `window` which nodes count and what they say together.

mod asking;
mod window;

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::id::{Distance, Id, Node};

/// How many of the closest nodes keep an item, and have to answer (BEP 5 has 8; `mainline` and
/// bittorrent-dht have 20).
pub(super) const K: usize = 20;
/// How many nodes are held in memory.
const MAX_CANDIDATES: usize = 1000;
/// How many are asked.
const MAX_ASKED: u32 = 400;

/// A lookup in one family of addresses.
#[derive(Debug)]
pub(super) struct Query {
    target: Id,
    storing: bool,
    network: Network,
    candidates: BTreeMap<Place, Candidate>,
    /// First nodes, of whom only the address is known.
    seeds: Vec<Seed>,
    by_address: HashMap<SocketAddr, Known>,
    references: HashMap<SocketAddr, Reference>,
    /// How long answers took, the quickest first.
    times: Vec<Duration>,
    started: Instant,
    asked: u32,
    answered: u32,
    given_up: bool,
}

/// What is known of the network before a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Network {
    /// The number of nodes.
    pub(super) nodes: Option<f64>,
    /// Whether that is more than a guess.
    pub(super) sure: bool,
    /// The part of nodes that don't answer.
    pub(super) silent: f64,
    /// How many are not asked, having been silent of late.
    pub(super) missing: usize,
}

/// Where a node stands among the candidates. Whoever claims the id of another doesn't take its place.
type Place = (Distance, SocketAddr);

/// Under what a node is found that has an address.
#[derive(Debug, Clone, Copy)]
enum Known {
    Seed,
    Candidate(Place),
}

#[derive(Debug)]
struct Seed {
    address: SocketAddr,
    state: State,
}

#[derive(Debug)]
struct Candidate {
    node: Node,
    state: State,
    /// Who named it; nobody for those we knew ourselves.
    by: Option<SocketAddr>,
    /// To be asked before all others.
    first: bool,
}

#[derive(Debug)]
enum State {
    Fresh,
    Asked {
        at: Instant,
        timeout: Duration,
    },
    /// Overdue, and asked again where that matters.
    Late {
        asked: Instant,
        since: Instant,
        timeout: Duration,
    },
    Silent,
    Answered(Answer),
    /// Answered, and of no use.
    Useless,
}

/// What became of the nodes that somebody named.
#[derive(Debug, Default)]
struct Reference {
    silent: u32,
    answered: u32,
}

/// What a node answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// To be sent with a put.
    pub(super) token: Option<Vec<u8>>,
    pub(super) held: Held,
}

/// What a node has of the item that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Held {
    #[default]
    Nothing,
    /// One that is verified, by its number in the lookup.
    Item(usize),
    /// One that its key has not signed.
    Forged,
}

/// How far a lookup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Closer nodes may turn up.
    Searching,
    /// All that answer in time have answered. They are few, so that late ones are waited for.
    Ready,
    Done,
}

/// What a lookup saw, in numbers of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) asked: u32,
    pub(super) answered: u32,
    /// Of the closest that are alive, those that answered.
    pub(super) closest: u32,
    /// Whether these are enough to speak for the network.
    pub(super) settled: bool,
}

impl Query {
    /// A lookup of `target`; with `storing`, only nodes that give a token count.
    pub(super) fn new(target: Id, storing: bool, network: Network, now: Instant) -> Self {
        Self {
            target,
            storing,
            network,
            candidates: BTreeMap::new(),
            seeds: Vec::new(),
            by_address: HashMap::new(),
            references: HashMap::new(),
            times: Vec::new(),
            started: now,
            asked: 0,
            answered: 0,
            given_up: false,
        }
    }

    /// Adds a node that we know.
    pub(super) fn knows(&mut self, node: Node) {
        self.add(node, None, false);
    }

    /// Adds a node that had the item before: it is asked first.
    pub(super) fn prefers(&mut self, node: Node) {
        self.add(node, None, true);
    }

    /// Adds the address of a first node.
    pub(super) fn may_begin_at(&mut self, address: SocketAddr) {
        if self.by_address.contains_key(&address) || self.seeds.len() >= MAX_CANDIDATES {
            return;
        }
        self.by_address.insert(address, Known::Seed);
        self.seeds.push(Seed {
            address,
            state: State::Fresh,
        });
    }

    /// Whether anybody has answered.
    pub(super) fn has_answers(&self) -> bool {
        self.answered > 0
    }

    /// Ends it as it is.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
    }

    /// Whether there is anybody to ask.
    pub(super) fn is_empty(&self) -> bool {
        self.by_address.is_empty()
    }

    fn add(&mut self, node: Node, by: Option<SocketAddr>, first: bool) {
        if let Some(known) = self.by_address.get(&node.address).copied() {
            let Known::Candidate(place) = known else {
                // A first node that has a name now: its turn comes by its distance.
                let fresh = |seed: &Seed| matches!(seed.state, State::Fresh);
                let at = self
                    .seeds
                    .iter()
                    .position(|seed| seed.address == node.address);
                if let Some(at) = at.filter(|at| self.seeds.get(*at).is_some_and(fresh)) {
                    self.seeds.swap_remove(at);
                    self.by_address.remove(&node.address);
                    self.add(node, by, first);
                }
                return;
            };
            let nearer = node.id.distance(&self.target) < place.0;
            let candidate = self.candidates.get(&place);
            if nearer && candidate.is_some_and(|known| matches!(known.state, State::Fresh)) {
                // Whoever said that it is farther away may want it not to be asked. What it is itself
                // it says when it answers.
                let first = first || candidate.is_some_and(|known| known.first);
                self.forget(place);
                self.add(node, by, first);
                return;
            }
            let doubted = candidate
                .and_then(|candidate| candidate.by)
                .is_some_and(|by| self.is_discredited(by));
            if let Some(candidate) = self.candidates.get_mut(&place) {
                candidate.first |= first;
                if doubted {
                    candidate.by = by;
                }
            }
            return;
        }
        let place = (node.id.distance(&self.target), node.address);
        if self.candidates.len() >= MAX_CANDIDATES {
            let farthest = self.candidates.last_key_value().map(|(place, _)| *place);
            match farthest {
                Some(farthest) if place < farthest => self.forget(farthest),
                _ => return,
            }
        }
        self.by_address
            .insert(node.address, Known::Candidate(place));
        self.candidates.insert(
            place,
            Candidate {
                node,
                state: State::Fresh,
                by,
                first,
            },
        );
    }

    fn forget(&mut self, place: Place) {
        if let Some(candidate) = self.candidates.remove(&place) {
            self.by_address.remove(&candidate.node.address);
        }
    }

    /// Whether an answer of this node would be news.
    pub(super) fn waits_for(&self, address: &SocketAddr) -> bool {
        match self.by_address.get(address) {
            None => false,
            Some(Known::Seed) => true,
            Some(Known::Candidate(place)) => self.candidates.get(place).is_some_and(|candidate| {
                !matches!(candidate.state, State::Answered(_) | State::Useless)
            }),
        }
    }

    /// Somebody has named these nodes.
    pub(super) fn hears(&mut self, of: &[Node], by: SocketAddr) {
        for node in of {
            self.add(*node, Some(by), false);
        }
    }

    /// What a node answered.
    pub(super) fn answer_of(&self, address: &SocketAddr) -> Option<&Answer> {
        let Known::Candidate(place) = self.by_address.get(address)? else {
            return None;
        };
        match &self.candidates.get(place)?.state {
            State::Answered(answer) => Some(answer),
            _ => None,
        }
    }

    /// A node has answered and named others of this family.
    pub(super) fn answered(&mut self, from: Node, answer: Answer, named: &[Node]) {
        let Some(known) = self.by_address.get(&from.address).copied() else {
            return;
        };
        let (mut by, mut first) = (None, false);
        match known {
            Known::Seed => self.seeds.retain(|seed| seed.address != from.address),
            Known::Candidate(place) => {
                let Some(candidate) = self.candidates.get_mut(&place) else {
                    return;
                };
                if matches!(candidate.state, State::Answered(_) | State::Useless) {
                    return;
                }
                (by, first) = (candidate.by, candidate.first);
                if candidate.node.id != from.id {
                    // It has another id than was said.
                    self.forget(place);
                }
            }
        }
        self.answered += 1;
        if let Some(by) = by {
            self.references.entry(by).or_default().answered += 1;
        }
        let place = (from.id.distance(&self.target), from.address);
        let candidate = Candidate {
            node: from,
            state: State::Answered(answer),
            by,
            first,
        };
        self.candidates.insert(place, candidate);
        self.by_address
            .insert(from.address, Known::Candidate(place));
        self.hears(named, from.address);
    }

    /// A node is of no use after all: it refused, or its answer was none.
    pub(super) fn is_useless(&mut self, address: &SocketAddr) {
        match self.by_address.get(address) {
            Some(Known::Candidate(place)) => {
                if let Some(candidate) = self.candidates.get_mut(place) {
                    candidate.state = State::Useless;
                }
            }
            Some(Known::Seed) => {
                for seed in &mut self.seeds {
                    if seed.address == *address {
                        seed.state = State::Useless;
                    }
                }
            }
            None => {}
        }
    }

    /// How far it is.
    pub(super) fn phase(&self) -> Phase {
        if self.given_up {
            return Phase::Done;
        }
        let window = self.window(0);
        let exhausted = self.asked >= MAX_ASKED;
        let waits = window.members.iter().any(|place| {
            match self.candidates.get(place).map(|candidate| &candidate.state) {
                Some(State::Fresh) => !exhausted,
                Some(State::Asked { .. }) => true,
                _ => false,
            }
        });
        let begins = !window.full
            && self.seeds.iter().any(|seed| match seed.state {
                State::Fresh => window.members.len() < K && !exhausted,
                State::Asked { .. } => true,
                _ => false,
            });
        if waits || begins {
            return Phase::Searching;
        }
        // Enough have answered: those who are late would add nothing to what so many say.
        if window.full {
            return Phase::Done;
        }
        let late = self.late() > 0;
        match (late, self.answered) {
            // Nobody there yet is no reason to begin with anything.
            (true, 0) => Phase::Searching,
            (true, _) => Phase::Ready,
            (false, _) => Phase::Done,
        }
    }
}

#[cfg(test)]
mod tests;
