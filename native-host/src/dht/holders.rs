//! Which nodes had the item of a key when it was last looked up: they are asked first.
//!
//! Bounded in keys and nodes; the keys that were looked up last stay. Keys are kept as their targets,
//! which are hashes.

use lru::LruCache;

use super::id::{Id, Node};

/// How many keys are kept in mind.
pub(super) const MAX_KEYS: usize = 2000;
/// How many nodes of each.
pub(super) const MAX_NODES: usize = 8;

/// The nodes that held an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holding {
    pub(super) target: Id,
    /// The quickest first.
    pub(super) nodes: Vec<Node>,
    /// When they were seen to hold it, in seconds since 1970.
    pub(super) at: u64,
}

/// The nodes that held items.
#[derive(Debug)]
pub(super) struct Holders {
    by_target: LruCache<Id, Holding>,
    /// Goes up with every change.
    clock: u64,
}

impl Default for Holders {
    fn default() -> Self {
        Self {
            by_target: LruCache::unbounded(),
            clock: 0,
        }
    }
}

impl Holders {
    /// Keeps nodes in mind, the best first.
    pub(super) fn remember(&mut self, target: Id, nodes: &[Node], at: u64) {
        if nodes.is_empty() {
            return;
        }
        self.clock += 1;
        let nodes = nodes.iter().take(MAX_NODES).copied().collect();
        let holding = Holding { target, nodes, at };
        self.by_target.put(target, holding);
        if self.by_target.len() > MAX_KEYS {
            self.by_target.pop_lru();
        }
    }

    /// Forgets all of them.
    pub(super) fn forget(&mut self) {
        self.by_target.clear();
        self.clock += 1;
    }

    /// The nodes that held the item of a target.
    pub(super) fn of(&self, target: &Id) -> &[Node] {
        self.by_target
            .peek(target)
            .map_or(&[], |holding| holding.nodes.as_slice())
    }

    /// All of them, those of the last lookups first.
    pub(super) fn all(&self) -> Vec<Holding> {
        let all = self.by_target.iter();
        all.map(|(_, holding)| holding.clone()).collect()
    }

    /// Goes up whenever there is news.
    pub(super) fn changes(&self) -> u64 {
        self.clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: Node = Node {
        id: Id::new([1; 20]),
        address: std::net::SocketAddr::new(
            std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)),
            6881,
        ),
    };

    #[test]
    fn the_last_keys_stay() {
        let mut holders = Holders::default();
        let target = |number: usize| Id::of_bytes(&number.to_be_bytes());
        for number in 0..=MAX_KEYS {
            holders.remember(target(number), &[NODE; 20], 1);
        }
        assert_eq!(holders.of(&target(0)), []);
        assert_eq!(holders.of(&target(1)), [NODE; MAX_NODES]);
        assert_eq!(holders.all().len(), MAX_KEYS);
        assert_eq!(holders.all()[0].target, target(MAX_KEYS));
    }

    #[test]
    fn what_is_to_be_forgotten_is() {
        let mut holders = Holders::default();
        let target = Id::new([1; 20]);
        holders.remember(target, &[NODE], 10);
        let changes = holders.changes();
        holders.forget();
        assert_ne!(holders.changes(), changes);
        assert_eq!((holders.of(&target).len(), holders.all().len()), (0, 0));
    }
}
