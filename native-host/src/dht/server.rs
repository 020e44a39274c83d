//! Answering the questions of others: giving back to the network that we use.
//!
//! A node in server mode says that it is there (`ping`), names the nodes it knows closest to a target
//! (`find_node`, `get_peers`, `get`) and keeps items (`put`). It keeps no lists of peers.
//!
//! UDP addresses are easily forged, so that whoever answers can be used to flood somebody else. Here
//! no answer is larger than one packet, and an address that has not shown to receive what we send to
//! it, by a token or by answering a question of ours, gets at most a few times the bytes that came
//! from it, after a first credit for honest beginners. Every address has a bounded number of
//! questions a second, the whole program a bounded memory of addresses (`visitors`).

mod visitors;

use std::{net::SocketAddr, time::Instant};

use super::{
    ServerConfig, VERSION,
    id::{Id, Node},
    krpc::{Body, Message, Method, Put, Query, Response, Want},
    store::Store,
    table::Table,
    tokens::Tokens,
};
use visitors::Visitors;

/// How many nodes an answer names of each family: `mainline` does so, too, and saves steps.
const NODES: usize = 20;
/// The most bytes of an answer: one packet of any network.
const LARGEST: usize = 1400;
/// What an answer takes beside an item's value and the nodes.
const AROUND_ITEM: usize = 300;
/// What a node takes.
const NODE_BYTES: usize = 38;

/// The tables of both families, IPv4 first.
pub(super) type Tables = [Table; 2];

/// What answers.
#[derive(Debug)]
pub(super) struct Server {
    tokens: Tokens,
    store: Store,
    visitors: Visitors,
}

impl Server {
    pub(super) fn new(config: &ServerConfig, now: Instant) -> Self {
        Self {
            tokens: Tokens::new(now),
            store: Store::new(config.items),
            visitors: Visitors::new(config.queries_per_second),
        }
    }

    /// The number of items kept.
    pub(super) fn items(&self) -> usize {
        self.store.len()
    }

    /// An address has answered a question of ours.
    pub(super) fn proves(&mut self, address: SocketAddr, now: Instant) {
        self.visitors.proves(address, now);
    }

    /// The answer to a question of `size` bytes, if there is to be one.
    pub(super) fn answer(
        &mut self,
        query: &Query<'_>,
        transaction: &[u8],
        from: SocketAddr,
        size: usize,
        tables: &Tables,
        now: Instant,
    ) -> Option<Vec<u8>> {
        if !self.visitors.admits(from, size, now) {
            return None;
        }
        let own = tables.get(usize::from(from.is_ipv6()))?.own();
        let token = self.tokens.of(from, now);
        let mut response = Response::of(own);
        let mut refusal = None;
        match &query.method {
            Method::Ping => {}
            Method::FindNode(target) | Method::GetPeers(target) => {
                response.nodes = Some(nodes(tables, target, query.want, from, NODES));
            }
            Method::Get { target, seq } => {
                response.token = Some(&token);
                let mut count = NODES;
                if let Some(kept) = self.store.get(target, now) {
                    response.seq = kept.mutable.map(|mutable| mutable.seq);
                    // Who has one as new already is told that, and not sent it again.
                    if seq.is_none_or(|than| response.seq.is_none_or(|seq| seq > than)) {
                        response.value = Some(&kept.value);
                        response.key = kept.mutable.map(|mutable| mutable.key);
                        response.signature = kept.mutable.map(|mutable| mutable.signature);
                        let room = LARGEST.saturating_sub(AROUND_ITEM + kept.value.len());
                        count = (room / NODE_BYTES).min(NODES);
                    }
                }
                response.nodes = Some(nodes(tables, target, query.want, from, count));
            }
            Method::Put(put) => refusal = self.keep(put, from, now).err(),
            Method::Incomplete(_) => refusal = Some((203, "an argument is missing or wrong")),
            Method::Other(_) => refusal = Some((204, "method unknown")),
        }
        let message = Message {
            transaction,
            version: Some(&VERSION),
            read_only: false,
            ip: Some(from),
            body: match refusal {
                None => Body::Response(response),
                Some((code, text)) => Body::Error {
                    code,
                    text: text.as_bytes(),
                },
            },
        };
        let bytes = message.encode();
        self.visitors
            .affords(bytes.len(), from, now)
            .then_some(bytes)
    }

    /// Drops what is past its time.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.store.sweep(now);
        self.visitors.sweep(now);
    }

    fn keep(
        &mut self,
        put: &Put<'_>,
        from: SocketAddr,
        now: Instant,
    ) -> Result<(), (i64, &'static str)> {
        if !self.tokens.is_valid(put.token, from, now) {
            return Err((203, "bad token"));
        }
        self.visitors.proves(from, now);
        self.store
            .put(put, from.ip(), now)
            .map_err(super::store::Refused::error)
    }
}

/// The nodes closest to a target, of the families that are wanted.
fn nodes(tables: &Tables, target: &Id, want: Want, from: SocketAddr, count: usize) -> Vec<Node> {
    let [v4, v6] = tables;
    let unsaid = want == Want::default();
    let mut nodes = Vec::new();
    if want.v4 || unsaid && from.is_ipv4() {
        nodes.extend(v4.closest(target, count));
    }
    if want.v6 || unsaid && from.is_ipv6() {
        // They take half as much space again.
        let count = if nodes.is_empty() { count } else { count / 2 };
        nodes.extend(v6.closest(target, count));
    }
    // Nobody needs to be told of themselves.
    nodes.retain(|node| node.address != from);
    nodes
}

#[cfg(test)]
mod tests;
