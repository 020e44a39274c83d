//! What a node knows, taken down from it and given to it.

use super::{
    engine::{Engine, family},
    remember::{MAX_SEEDS, Memory, Remembered},
};

impl Memory {
    /// What a node has learnt.
    pub(super) fn of(engine: &Engine) -> Self {
        let nodes = engine.tables.iter().flat_map(|table| {
            table.entries().map(|entry| Remembered {
                node: entry.node,
                seen: entry.seen,
                rtt: entry.rtt.smoothed(),
            })
        });
        Self {
            nodes: nodes.collect(),
            holders: engine.holders.all(),
            cleared: 0,
            seeds: engine.seeds.clone(),
            // Not negative; more is no number of nodes.
            networks: [0, 1].map(|family| engine.views.network(family).nodes.unwrap_or(0.0) as u64),
        }
    }

    /// Gives it to a node that begins.
    pub(super) fn teach(&self, engine: &mut Engine, now: u64) {
        let mut nodes = self.nodes.clone();
        nodes.sort_by_key(|known| std::cmp::Reverse(known.seen));
        for known in nodes {
            let family = family(&known.node.address);
            if let Some(table) = engine.tables.get_mut(family) {
                table.remembered(known.node, known.seen, known.rtt);
            }
        }
        let mut rtts: Vec<_> = self.nodes.iter().filter_map(|known| known.rtt).collect();
        rtts.sort_unstable();
        if let Some(middle) = rtts.get(rtts.len() / 2) {
            engine.expect(*middle);
        }
        for holding in self.holders.iter().rev() {
            engine.holders.remember(holding.target, &holding.nodes, now);
        }
        engine.seeds.extend(self.seeds.iter().take(MAX_SEEDS));
        for (family, network) in self.networks.iter().enumerate() {
            if *network > 0 {
                engine.views.saw(family, *network as f64);
            }
        }
    }
}
