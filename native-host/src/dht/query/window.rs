//! Which nodes count in a lookup, and what they say together.

use std::net::SocketAddr;

use super::{Answer, K, MAX_ASKED, Network, Phase, Place, Query, State, Tally};
use crate::dht::{id::Node, table::subnet};

/// How many nodes the window has at most, where it is made wider.
const MAX_WINDOW: usize = 3 * K;
/// How many of the window may have ids that don't suit their address.
const MAX_UNSUITED: usize = K / 2;
/// How many of the window may be in one subnet.
pub(super) const MAX_IN_SUBNET: usize = 2;
/// By what part of the distance that is to be expected the closest may be nearer.
const CROWDED: f64 = 0.2;
/// So many nodes named by somebody, all silent, and no other: the rest can wait.
const DISCREDITED: u32 = 4;

/// So few nodes speak for no network that has more.
const FEW: usize = 4;

/// The closest nodes that count.
pub(super) struct Window {
    pub(super) members: Vec<Place>,
    pub(super) full: bool,
}

impl Query {
    /// The closest nodes that answered, nearest first: those that speak for the network, and keep
    /// items.
    pub(in crate::dht) fn closest(&self) -> impl Iterator<Item = (&Node, &Answer)> {
        self.window(0).members.into_iter().filter_map(|place| {
            let candidate = self.candidates.get(&place)?;
            match &candidate.state {
                State::Answered(answer) => Some((&candidate.node, answer)),
                _ => None,
            }
        })
    }

    /// What was seen so far.
    pub(in crate::dht) fn tally(&self) -> Tally {
        let closest = self.closest().count();
        let silent = self
            .states()
            .filter(|state| matches!(state, State::Silent | State::Late { .. }))
            .count();
        // Of few, as many have to be there as are not; one alone speaks only where there is no other.
        let most = closest >= silent && (closest > 1 || silent == 0);
        let spoke = closest >= K / 2 || (closest >= self.few(silent) && most);
        let plausible = !self.is_crowded();
        Tally {
            asked: self.asked,
            answered: self.answered,
            closest: u32::try_from(closest).unwrap_or(u32::MAX),
            settled: spoke && plausible && !self.given_up && self.asked < MAX_ASKED,
        }
    }

    /// How many have to answer at least to speak for the network: all that are there, where these are
    /// fewer. That so many are silent is all the same to a network in which others were heard of.
    fn few(&self, silent: usize) -> usize {
        let heard_of = self
            .states()
            .filter(|state| !matches!(state, State::Useless))
            .count();
        let known = match self.network {
            // Not negative, and bounded by what it is compared with.
            Network {
                nodes: Some(nodes),
                sure: true,
                ..
            } => (nodes as usize).saturating_sub(self.network.missing),
            _ => 0,
        };
        let there = match known > heard_of {
            // Of most of them nobody has said a word.
            true => known,
            false => heard_of.saturating_sub(silent),
        };
        there.clamp(1, FEW)
    }

    /// Whether there are far more nodes around the target than chance puts there. Somebody did, and the
    /// nodes that we would ask may be hidden behind them.
    fn is_crowded(&self) -> bool {
        let (Some(nodes), true) = (self.network.nodes, self.network.sure) else {
            return false;
        };
        let farthest = self.closest().nth(K - 1);
        farthest.is_some_and(|(node, _)| {
            let reach = node.id.distance(&self.target).fraction();
            reach < CROWDED * K as f64 / nodes
        })
    }

    /// The number of nodes in the network, by how dense they are around the target.
    pub(in crate::dht) fn estimate(&self) -> Option<f64> {
        if self.phase() != Phase::Done || self.given_up {
            return None;
        }
        let answered: Vec<_> = self.closest().map(|(node, _)| node).take(K).collect();
        let farthest = answered.last()?.id.distance(&self.target).fraction();
        if answered.len() < K {
            return Some(answered.len() as f64);
        }
        (farthest > 0.0).then(|| (answered.len() - 1) as f64 / farthest)
    }

    /// The closest nodes that count: those that answered or may do so in time. Nodes that were named
    /// by somebody who is not believed come in where there are too few others.
    ///
    /// With a reserve it has so many more.
    pub(super) fn window(&self, reserve: usize) -> Window {
        let window = self.window_of(K + reserve, false);
        if window.full {
            return window;
        }
        self.window_of(K + reserve, true)
    }

    /// Those who are late.
    pub(in crate::dht) fn late_nodes(&self) -> Vec<SocketAddr> {
        let candidates = self.candidates.values();
        let candidates = candidates.map(|candidate| (candidate.node.address, &candidate.state));
        let seeds = self.seeds.iter().map(|seed| (seed.address, &seed.state));
        candidates
            .chain(seeds)
            .filter(|(_, state)| matches!(state, State::Late { .. }))
            .map(|(address, _)| address)
            .collect()
    }

    fn window_of(&self, count: usize, believing: bool) -> Window {
        let reach = self
            .network
            .nodes
            .map_or(0.0, |nodes| (K / 2) as f64 / nodes);
        let mut members = Vec::with_capacity(MAX_WINDOW);
        let mut subnets: Vec<[u8; 6]> = Vec::new();
        let mut unsuited = 0;
        for (place, candidate) in &self.candidates {
            match &candidate.state {
                State::Late { .. } | State::Silent | State::Useless => continue,
                State::Answered(answer) if self.storing && answer.token.is_none() => continue,
                State::Fresh if !believing => {
                    if candidate.by.is_some_and(|by| self.is_discredited(by)) {
                        continue;
                    }
                }
                State::Fresh | State::Asked { .. } | State::Answered(_) => {}
            }
            let ip = candidate.node.address.ip();
            if let Some(subnet) = subnet(ip) {
                if subnets.iter().filter(|other| **other == subnet).count() >= MAX_IN_SUBNET {
                    continue;
                }
                subnets.push(subnet);
            }
            if !candidate.node.id.suits(ip) {
                unsuited += 1;
                if unsuited > MAX_UNSUITED {
                    continue;
                }
            }
            members.push(*place);
            let wide = members.len() >= MAX_WINDOW || place.0.fraction() >= reach;
            if members.len() >= count && wide {
                return Window {
                    members,
                    full: true,
                };
            }
        }
        Window {
            members,
            full: false,
        }
    }

    pub(super) fn is_discredited(&self, by: SocketAddr) -> bool {
        self.references
            .get(&by)
            .is_some_and(|named| named.answered == 0 && named.silent >= DISCREDITED)
    }

    pub(super) fn states(&self) -> impl Iterator<Item = &State> {
        let candidates = self.candidates.values().map(|candidate| &candidate.state);
        candidates.chain(self.seeds.iter().map(|seed| &seed.state))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.states()
            .filter(|state| matches!(state, State::Asked { .. }))
            .count()
    }

    pub(super) fn late(&self) -> usize {
        self.states()
            .filter(|state| matches!(state, State::Late { .. }))
            .count()
    }
}
