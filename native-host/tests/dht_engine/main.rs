//! The DHT client in a network of real nodes: how it asks, what it remembers, what it stores.
//!
//! The network is the one of `tests/support/network`, which knows what it was asked and in which
//! order. Nothing here depends on time but that it ends.

#![allow(clippy::unwrap_used)]

mod ipv6;
mod moves;
#[path = "../support/network/mod.rs"]
mod network;
mod publishes;
mod remembers;
mod reports;
#[path = "../support/seeker.rs"]
mod seeker;
mod serves;
mod the_network;
