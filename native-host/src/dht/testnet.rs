//! A DHT of our own on this machine: to try things, and for tests.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::{Dht, DhtConfig, DhtError, Node, ServerConfig, engine::Command};

/// Up to so many nodes, each knows all.
const ALL: usize = 200;
/// In a larger network, how many neighbours a node knows.
const NEIGHBOURS: usize = 64;

/// A local DHT on a loopback address. It ends when dropped.
pub struct Testnet {
    nodes: Vec<Dht>,
    bootstrap: Vec<String>,
}

impl std::fmt::Debug for Testnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Testnet")
            .field("bootstrap", &self.bootstrap())
            .finish_non_exhaustive()
    }
}

impl Testnet {
    /// Starts `nodes` nodes that know each other.
    ///
    /// # Errors
    /// [`DhtError::Socket`].
    pub async fn start(nodes: usize) -> Result<Self, DhtError> {
        let mut net = Self {
            nodes: Vec::with_capacity(nodes),
            bootstrap: Vec::with_capacity(nodes),
        };
        let mut all = Vec::with_capacity(nodes);
        for _ in 0..nodes {
            let node = Dht::new(DhtConfig {
                bootstrap: Vec::new(),
                server: Some(ServerConfig {
                    // All who try things here are one address.
                    queries_per_second: 10_000,
                    ..ServerConfig::default()
                }),
                bind_v4: Some(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)),
                ipv6: false,
                ..DhtConfig::default()
            });
            let own = node.node().await?.nodes.first().copied();
            let own = own.ok_or_else(|| DhtError::Socket("no address".to_owned()))?;
            net.bootstrap.push(own.address.to_string());
            net.nodes.push(node);
            all.push(own);
        }
        for (node, own) in net.nodes.iter().zip(&all) {
            let known = known_to(own, &all);
            node.node().await?.send(Command::Know(known))?;
        }
        Ok(net)
    }

    /// The nodes' addresses, as [`DhtConfig::bootstrap`] takes them.
    pub fn bootstrap(&self) -> &[String] {
        &self.bootstrap
    }

    /// Stops all nodes but the first `nodes`.
    pub fn truncate(&mut self, nodes: usize) {
        self.nodes.truncate(nodes);
    }
}

/// The nodes that one knows: its neighbours, and some everywhere.
fn known_to(own: &Node, all: &[Node]) -> Vec<Node> {
    let mut known: Vec<_> = all.iter().filter(|node| *node != own).copied().collect();
    if known.len() > ALL {
        known.sort_by_cached_key(|node| node.id.distance(&own.id));
        let far = known.split_off(NEIGHBOURS);
        let every = far.len().div_ceil(ALL - NEIGHBOURS).max(1);
        known.extend(far.into_iter().step_by(every));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPair;

    #[tokio::test]
    async fn without_first_nodes_there_is_nobody_to_ask() {
        let dht = Dht::new(DhtConfig {
            bootstrap: Vec::new(),
            ..DhtConfig::default()
        });
        let key = KeyPair::from_secret(&[1; 32]).public();
        for _ in 0..2 {
            let error = dht.get(&key).await.err();
            assert_eq!(error, Some(DhtError::Unreachable));
        }
    }
}
