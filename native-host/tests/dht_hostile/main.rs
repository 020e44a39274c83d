//! The DHT as enemies would have it: lies, garbage, floods and crowds around a key.
//!
//! Whatever the nodes do, a lookup ends, sends no more than so many packets, and gives what the key
//! has signed or nothing; a node of ours holds no more than it means to and answers nobody with more
//! than was asked for. Nothing here depends on time but that it ends.

#![allow(clippy::unwrap_used)]

mod items;
mod mostly_dead;
mod names;
#[path = "../support/network/mod.rs"]
mod network;
mod routes;
#[path = "../support/seeker.rs"]
mod seeker;
mod server;
mod sybils;
mod transactions;

use network::{
    Network, Plan,
    bencode::Value,
    node::{Asked, Behaviour, Sent},
};
use std::sync::Arc;

/// More packets than this no lookup sends, whatever it is told.
const MOST_PACKETS: usize = 500;

/// A network without delays.
fn plan(nodes: usize) -> Plan {
    Plan::ideal(nodes)
}

/// A node that does this.
fn behaviour(does: impl Fn(Asked<'_>) -> Vec<Sent> + Send + Sync + 'static) -> Behaviour {
    Arc::new(does)
}

/// A node whose answers are honest but for what this changes in their content.
fn tampers(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Behaviour {
    behaviour(move |asked| asked.tampered(&change))
}

/// Lets every third node behave like that, none of these excepted; gives which.
fn every_third(net: &Network, except: &[usize], behaves: &Behaviour) -> Vec<usize> {
    let chosen: Vec<_> = (0..net.size())
        .filter(|node| node % 3 == 0 && !except.contains(node))
        .collect();
    for node in &chosen {
        net.behave(*node, Arc::clone(behaves));
    }
    chosen
}
