//! The nodes we know, of one family of addresses.
//!
//! Kademlia keeps many nodes near its own id and few far away, because it answers questions about its
//! neighbourhood. We mostly ask, and for any key, so that the table covers the whole space evenly:
//! [`REGIONS`] regions by the first byte of the id, each with at most [`PER_REGION`] nodes that have
//! answered us. In a network of millions that saves some two of four steps of a lookup. In the region
//! of our own id there is more room, and the nearest stay, for those who ask us.
//!
//! Only nodes that have answered are kept, never those that others speak of. Of one address there is
//! one node, of one subnet few in a region (BEP 42 on what one attacker can have many of).

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{
    id::{self, Id, Node},
    rtt::Rtt,
};

/// Regions of the space of ids.
const REGIONS: usize = 256;
/// Nodes that are kept in a region.
const PER_REGION: usize = 16;
/// Nodes that are kept in the region of our own id.
const PER_OWN_REGION: usize = 64;
/// Nodes of one subnet that are kept in a region.
const PER_SUBNET: usize = 2;
/// After how many questions without an answer a node is dropped.
const FAILURES: u8 = 2;

/// A node that has answered.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) node: Node,
    /// When it last answered, in seconds since 1970.
    pub(super) seen: u64,
    pub(super) rtt: Rtt,
    /// Questions since then that it left without an answer.
    failures: u8,
}

/// The nodes of one family.
#[derive(Debug)]
pub(super) struct Table {
    own: Id,
    regions: Vec<Vec<Entry>>,
    by_address: HashMap<SocketAddr, Id>,
    /// Goes up whenever something changes that is worth to be remembered.
    changes: u64,
}

impl Table {
    pub(super) fn new(own: Id) -> Self {
        Self {
            own,
            regions: vec![Vec::new(); REGIONS],
            by_address: HashMap::new(),
            changes: 0,
        }
    }

    /// Takes another id as our own.
    pub(super) fn rename(&mut self, own: Id) {
        self.own = own;
    }

    pub(super) fn own(&self) -> Id {
        self.own
    }

    pub(super) fn len(&self) -> usize {
        self.by_address.len()
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.regions.iter().flatten()
    }

    /// The estimate of a node's round trip.
    pub(super) fn rtt(&self, address: &SocketAddr) -> Option<&Rtt> {
        let id = self.by_address.get(address)?;
        let region = self.regions.get(region_of(id))?;
        let entry = region.iter().find(|entry| entry.node.address == *address)?;
        Some(&entry.rtt)
    }

    /// A node has answered; `seen` is when, `measured` the round trip where it is known.
    pub(super) fn answered(&mut self, node: Node, seen: u64, measured: Option<Duration>) {
        if let Some(known) = self.by_address.get(&node.address) {
            if *known == node.id {
                if let Some(entry) = self.entry(&node) {
                    entry.seen = seen;
                    entry.failures = 0;
                    if let Some(measured) = measured {
                        entry.rtt.sample(measured);
                    }
                    self.changes += 1;
                }
                return;
            }
            self.remove(&node.address);
        }
        let mut rtt = Rtt::default();
        if let Some(measured) = measured {
            rtt.sample(measured);
        }
        self.insert(Entry {
            node,
            seen,
            rtt,
            failures: 0,
        });
    }

    /// Takes a node that was remembered; it has to answer again before it counts as good.
    pub(super) fn remembered(&mut self, node: Node, seen: u64, rtt: Option<Duration>) {
        if !self.by_address.contains_key(&node.address) {
            self.insert(Entry {
                node,
                seen,
                rtt: rtt.map(Rtt::remembered).unwrap_or_default(),
                failures: 1,
            });
        }
    }

    /// A node has left a question without an answer, though the network is there.
    pub(super) fn failed(&mut self, address: &SocketAddr) {
        let Some(id) = self.by_address.get(address).copied() else {
            return;
        };
        let node = Node {
            id,
            address: *address,
        };
        let gone = self.entry(&node).is_some_and(|entry| {
            entry.failures += 1;
            entry.failures >= FAILURES
        });
        if gone {
            self.remove(address);
        }
    }

    /// The network has changed: every node has to answer again, and none is blamed for having been
    /// silent.
    pub(super) fn doubt(&mut self) {
        for entry in self.regions.iter_mut().flatten() {
            entry.failures = 0;
            entry.rtt = Rtt::default();
        }
    }

    /// The `count` nodes closest to a target, nearest first.
    pub(super) fn closest(&self, target: &Id, count: usize) -> Vec<Node> {
        let mut found: Vec<Node> = Vec::with_capacity(count + PER_OWN_REGION);
        let at = region_of(target);
        // In the order of XOR a region lies wholly before or behind another.
        for near in 0..REGIONS {
            if let Some(region) = self.regions.get(at ^ near) {
                found.extend(region.iter().map(|entry| entry.node));
            }
            if found.len() >= count {
                break;
            }
        }
        found.sort_by_cached_key(|node| node.id.distance(target));
        found.truncate(count);
        found
    }

    fn entry(&mut self, node: &Node) -> Option<&mut Entry> {
        self.regions
            .get_mut(region_of(&node.id))?
            .iter_mut()
            .find(|entry| entry.node == *node)
    }

    fn remove(&mut self, address: &SocketAddr) {
        let Some(id) = self.by_address.remove(address) else {
            return;
        };
        if let Some(region) = self.regions.get_mut(region_of(&id)) {
            region.retain(|entry| entry.node.address != *address);
        }
        self.changes += 1;
    }

    /// Makes room in the region where there is a node less worth keeping.
    fn insert(&mut self, entry: Entry) {
        let own = self.own;
        let number = region_of(&entry.node.id);
        let is_own = number == region_of(&own);
        let Some(region) = self.regions.get_mut(number) else {
            return;
        };
        let room = if is_own { PER_OWN_REGION } else { PER_REGION };
        let subnet = subnet(entry.node.address.ip());
        let neighbours: Vec<_> = region
            .iter()
            .enumerate()
            .filter(|(_, other)| {
                subnet.is_some() && self::subnet(other.node.address.ip()) == subnet
            })
            .map(|(at, _)| at)
            .collect();
        let crowded = neighbours.len() >= PER_SUBNET;
        if crowded || region.len() >= room {
            let worth = |entry: &Entry| worth(entry, is_own.then_some(&own));
            let least = (0..region.len())
                .filter(|at| !crowded || neighbours.contains(at))
                .min_by_key(|at| region.get(*at).map(worth));
            let Some(least) = least else { return };
            if region.get(least).map(worth) >= Some(worth(&entry)) {
                return;
            }
            let gone = region.swap_remove(least);
            self.by_address.remove(&gone.node.address);
        }
        self.by_address.insert(entry.node.address, entry.node.id);
        region.push(entry);
        self.changes += 1;
    }
}

/// How much a node is worth keeping. One that has been there for long stays for longer (Kademlia),
/// so that a new one replaces none that is good.
fn worth(entry: &Entry, own: Option<&Id>) -> (bool, bool, std::cmp::Reverse<Option<id::Distance>>) {
    (
        entry.failures == 0,
        entry.node.id.suits(entry.node.address.ip()),
        std::cmp::Reverse(own.map(|own| own.distance(&entry.node.id))),
    )
}

fn region_of(id: &Id) -> usize {
    usize::from(id.as_bytes()[0])
}

/// What one party easily has many addresses of: an IPv4 /24, an IPv6 /48. `None` where machines
/// share it by nature: in private networks, and on this machine's usual address.
pub(super) fn subnet(address: IpAddr) -> Option<[u8; 6]> {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let shared = v4.is_private() || v4.is_link_local() || [a, b, c] == [127, 0, 0];
            (!shared).then_some([4, 0, 0, a, b, c])
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, ..] = v6.octets();
            id::is_public(address).then_some([a, b, c, d, e, f])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(first: u8, number: u16) -> Node {
        let mut id = [0; 20];
        id[0] = first;
        id[1..3].copy_from_slice(&number.to_be_bytes());
        let [high, low] = number.to_be_bytes();
        Node {
            id: Id::new(id),
            address: SocketAddr::from(([127, first.max(1), high, low], 6881)),
        }
    }

    fn table() -> Table {
        Table::new(Id::new([0; 20]))
    }

    #[test]
    fn the_closest_are_found_in_order() {
        let mut table = table();
        for first in 0..=255 {
            table.answered(node(first, u16::from(first)), 1, None);
        }
        let target = Id::new([0b1010_0000; 20]);
        let found = table.closest(&target, 8);
        let firsts: Vec<_> = found.iter().map(|node| node.id.as_bytes()[0]).collect();
        assert_eq!(firsts, [160, 161, 162, 163, 164, 165, 166, 167]);
        let all = table.closest(&target, 1000);
        assert_eq!(all.len(), 256);
        assert!(all.is_sorted_by_key(|node| node.id.distance(&target)));
    }

    #[test]
    fn good_nodes_stay_and_silent_ones_make_room() {
        let mut table = table();
        for number in 0..40 {
            table.answered(node(9, number * 256), 1, None);
        }
        assert_eq!(table.len(), PER_REGION);
        let first = node(9, 0);
        assert!(table.closest(&first.id, 40).contains(&first));
        table.failed(&first.address);
        assert!(table.closest(&first.id, 40).contains(&first));
        // Doubted, it gives way to one that answers.
        let new = node(9, 99 * 256);
        table.answered(new, 2, None);
        let kept = table.closest(&first.id, 40);
        assert!(kept.contains(&new) && !kept.contains(&first));
        // And who fails again is dropped at once.
        table.failed(&new.address);
        table.failed(&new.address);
        assert_eq!(table.len(), PER_REGION - 1);
        assert_eq!(table.rtt(&new.address), None);
    }

    #[test]
    fn what_is_remembered_is_doubted() {
        let mut table = table();
        table.remembered(node(1, 1), 1, Some(Duration::from_millis(70)));
        let rtt = table.rtt(&node(1, 1).address).unwrap();
        assert_eq!(rtt.smoothed(), Some(Duration::from_millis(70)));
        table.failed(&node(1, 1).address);
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn one_subnet_does_not_fill_a_region() {
        let mut table = table();
        for number in 0..50 {
            // All in 127.9.0.0/24.
            table.answered(node(9, number), 1, None);
        }
        assert_eq!(table.len(), PER_SUBNET);
    }

    #[test]
    fn the_nearest_to_our_own_id_are_kept() {
        let mut table = table();
        for number in (0..200).rev() {
            table.answered(node(0, number * 256), 1, None);
        }
        assert_eq!(table.len(), PER_OWN_REGION);
        let nearest = table.closest(&Id::new([0; 20]), PER_OWN_REGION);
        let expected: Vec<_> = (0..PER_OWN_REGION as u16)
            .map(|at| node(0, at * 256))
            .collect();
        assert_eq!(nearest, expected);
    }

    #[test]
    fn an_address_has_one_id() {
        let mut table = table();
        let before = node(1, 1);
        table.answered(before, 1, None);
        let after = Node {
            id: Id::new([7; 20]),
            ..before
        };
        table.answered(after, 1, None);
        assert_eq!(table.closest(&before.id, 9), [after]);
    }
}
