//! What the nodes that we meet tell of the network and of ourselves.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use super::{id, query::Network, table::subnet};

/// From how many lookups the number of nodes is estimated.
const ESTIMATES: usize = 15;
/// How many estimates make more than a guess.
const SURE: usize = 4;
/// Over how many nodes the part of silent ones is smoothed.
const SMOOTHED_OVER: f64 = 200.0;
/// How many nodes' word on our address is kept.
const VOTES: usize = 25;
/// How many have to agree at least.
const FEWEST_VOTES: usize = 5;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Views {
    /// Of IPv4 and of IPv6, the last ones.
    estimates: [VecDeque<f64>; 2],
    /// Who sees us where, of IPv4 and of IPv6.
    votes: [VecDeque<(IpAddr, IpAddr)>; 2],
    public: [Option<IpAddr>; 2],
    answered: bool,
    /// The part of nodes that don't answer, of the last few hundred.
    silent: f64,
    visited: bool,
}

impl Views {
    /// A lookup found the network this dense.
    pub(super) fn saw(&mut self, family: usize, nodes: f64) {
        let Some(estimates) = self.estimates.get_mut(family) else {
            return;
        };
        if estimates.len() >= ESTIMATES {
            estimates.pop_front();
        }
        estimates.push_back(nodes);
    }

    /// The number of nodes of a family, if it is known. The middle of several estimates: one lookup
    /// may have gone where many nodes were put on purpose.
    pub(super) fn network(&self, family: usize) -> Network {
        let estimates = self.estimates.get(family).into_iter().flatten();
        let mut estimates: Vec<_> = estimates.copied().collect();
        estimates.sort_unstable_by(f64::total_cmp);
        Network {
            nodes: estimates.get(estimates.len() / 2).copied(),
            sure: estimates.len() >= SURE,
            silent: self.silent,
            missing: 0,
        }
    }

    /// A node that was asked has answered, or has not at all.
    pub(super) fn asked(&mut self, answered: bool) {
        let silent = if answered { 0.0 } else { 1.0 };
        self.silent += (silent - self.silent) / SMOOTHED_OVER;
    }

    /// The number of nodes of both families.
    pub(super) fn nodes(&self) -> usize {
        let nodes: f64 = [0, 1]
            .iter()
            .filter_map(|family| self.network(*family).nodes)
            .sum();
        // Not negative; a network larger than that is none.
        nodes.round() as usize
    }

    /// A node says where it sees us. Gives the public address on which most agree, when that is news.
    pub(super) fn votes(&mut self, node: SocketAddr, address: IpAddr) -> Option<IpAddr> {
        let voter = node.ip();
        // A network of this machine, or of a house, sees us at an address of its own.
        let plausible = id::is_public(address) || !id::is_public(voter);
        if !plausible || voter.is_ipv6() != address.is_ipv6() {
            return None;
        }
        let family = usize::from(address.is_ipv6());
        let votes = self.votes.get_mut(family)?;
        // Who has many addresses has one vote all the same. On this machine every program has the same.
        let party = |ip| (subnet(ip).is_none().then_some(ip), subnet(ip));
        votes.retain(|(other, _)| voter.is_loopback() || party(*other) != party(voter));
        if votes.len() >= VOTES {
            votes.pop_front();
        }
        votes.push_back((voter, address));
        let count = |address: &IpAddr| votes.iter().filter(|vote| vote.1 == *address).count();
        let most = votes
            .iter()
            .map(|(_, address)| *address)
            .max_by_key(count)?;
        let agreed = count(&most);
        if agreed < FEWEST_VOTES || agreed * 2 <= votes.len() {
            return None;
        }
        let public = self.public.get_mut(family)?;
        let moved = *public != Some(most);
        *public = Some(most);
        moved.then_some(most)
    }

    /// The votes are for an address that we may not have any more.
    pub(super) fn forget_address(&mut self) {
        self.votes = Default::default();
        self.public = [None; 2];
    }

    /// This machine's public IPv4 address, as most nodes see it.
    pub(super) fn public_v4(&self) -> Option<Ipv4Addr> {
        match self.public {
            [Some(IpAddr::V4(v4)), _] => Some(v4),
            _ => None,
        }
    }

    pub(super) fn answered(&mut self) {
        self.answered = true;
    }

    /// Whether any node has ever answered.
    pub(super) fn has_answered(&self) -> bool {
        self.answered
    }

    /// Somebody asked us whom we had not asked.
    pub(super) fn visited(&mut self) {
        self.visited = true;
    }

    /// Whether strangers can reach us.
    pub(super) fn was_visited(&self) -> bool {
        self.visited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_odd_lookup_changes_little() {
        let mut views = Views::default();
        assert_eq!(views.network(0), Network::default());
        for estimate in [500.0, 520.0, 480.0, 1e9, 510.0] {
            views.saw(0, estimate);
        }
        assert_eq!(views.network(0).nodes, Some(510.0));
        assert!(views.network(0).sure && !views.network(1).sure);
        assert_eq!(views.nodes(), 510);
    }

    #[test]
    fn the_part_of_silent_nodes_is_followed() {
        let mut views = Views::default();
        for number in 0..2000 {
            views.asked(number % 5 != 0);
        }
        let silent = views.network(0).silent;
        assert!((0.15..0.25).contains(&silent), "{silent}");
    }

    #[test]
    fn most_nodes_say_where_we_are() {
        let mut views = Views::default();
        let node = |number, last| SocketAddr::from(([198, 18, number, last], 6881));
        let ours: IpAddr = "203.0.113.5".parse().unwrap();
        let theirs: IpAddr = "198.51.100.1".parse().unwrap();
        for number in 0..5 {
            assert_eq!(views.public_v4(), None);
            views.votes(node(number, 1), ours);
        }
        // One party has one vote, however many addresses it has.
        for last in 0..50 {
            views.votes(node(9, last), theirs);
        }
        // Nor is anybody asked who can't see us there, nor about addresses that are nobody's.
        for number in 10..30 {
            let v6 = SocketAddr::from(([0x2001, 0xdb8, number, 0, 0, 0, 0, 1], 6881));
            views.votes(v6, theirs);
            views.votes(node(40, 1), [192, 168, 1, 1].into());
        }
        assert_eq!(views.public_v4(), Some(Ipv4Addr::new(203, 0, 113, 5)));
    }
}
