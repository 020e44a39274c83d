//! What comes in.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{Engine, Now, family};
use crate::dht::{
    bencode,
    id::{self, Node},
    krpc::{Body, Message, Method, Query, Response},
    lookup::{self, Lookup},
    query::Answer,
    transactions::{Pending, Purpose},
};

impl Engine {
    /// Takes a datagram in.
    pub(in crate::dht) fn receive(&mut self, bytes: &[u8], from: SocketAddr, now: Now) {
        if from.port() == 0 {
            return;
        }
        let message = match Message::decode(bytes) {
            Ok(message) => message,
            Err(error) => {
                tracing::trace!(%from, %error, "not a message");
                return;
            }
        };
        match &message.body {
            Body::Query(query) => self.asked(query, &message, from, bytes.len(), now),
            Body::Response(response) => {
                let Some(pending) = self.transactions.end(from, message.transaction) else {
                    tracing::trace!(%from, "an answer that nobody waits for");
                    return;
                };
                self.heard_from(from, response, &message, pending, now);
                match pending.purpose {
                    Purpose::Step(number) => self.step_answered(number, from, response, now),
                    Purpose::Store(number) => self.stored(number, from, now),
                    Purpose::Confirm(number) => self.confirmed(number, from, response, now),
                    Purpose::Ping => {}
                }
            }
            Body::Error { code, text } => {
                let Some(pending) = self.transactions.end(from, message.transaction) else {
                    return;
                };
                match pending.purpose {
                    Purpose::Store(number) => self.refused(number, from, *code, text, now),
                    Purpose::Step(number) => {
                        tracing::trace!(%from, code, "a node refuses to be asked");
                        self.with_lookup(number, now, |_, lookup| {
                            for query in &mut lookup.queries {
                                query.is_useless(&from);
                            }
                        });
                    }
                    Purpose::Confirm(_) | Purpose::Ping => {}
                }
            }
        }
    }

    /// Somebody asks. Who doesn't serve keeps silent, having said so (BEP 43).
    fn asked(
        &mut self,
        query: &Query<'_>,
        message: &Message<'_>,
        from: SocketAddr,
        size: usize,
        now: Now,
    ) {
        let known = self
            .tables
            .get(family(&from))
            .is_some_and(|table| table.rtt(&from).is_some());
        if !known {
            self.views.visited();
        }
        let Some(server) = &mut self.server else {
            return;
        };
        let answer = server.answer(query, message.transaction, from, size, &self.tables, now.at);
        let Some(answer) = answer else { return };
        self.out.push((from, answer));
        // It may be a node worth knowing; whether it is where it says shows when it answers.
        if !message.read_only && !known && self.strangers.allowance(now.at) > 0 {
            self.strangers.spend(1);
            self.ask(from, Method::Ping, Purpose::Ping, now);
        }
    }

    /// A node that was asked has answered, whatever about.
    fn heard_from(
        &mut self,
        from: SocketAddr,
        response: &Response<'_>,
        message: &Message<'_>,
        pending: Pending,
        now: Now,
    ) {
        let took = now.at.saturating_duration_since(pending.sent);
        self.rtt.sample(took);
        self.shunned.remove(&from);
        if let Some(server) = &mut self.server {
            server.proves(from, now.at);
        }
        if let Some(address) = message.ip
            && let Some(address) = self.views.votes(from, address.ip())
        {
            self.moved(address);
        }
        self.views.answered();
        if !message.read_only {
            self.keep(from, response, took, now);
        }
    }

    fn keep(&mut self, from: SocketAddr, response: &Response<'_>, took: Duration, now: Now) {
        let node = Node {
            id: response.id,
            address: from,
        };
        if let Some(table) = self.tables.get_mut(family(&from))
            && table.own() != node.id
        {
            table.answered(node, now.unix, Some(took));
        }
    }

    /// Most nodes see us at another address: a node that serves takes an id that suits it (BEP 42).
    fn moved(&mut self, address: IpAddr) {
        if self.server.is_none() {
            return;
        }
        if let Some(table) = self.tables.get_mut(usize::from(address.is_ipv6()))
            && !table.own().suits(address)
        {
            table.rename(id::Id::for_address(address));
        }
    }

    fn step_answered(&mut self, number: u64, from: SocketAddr, response: &Response<'_>, now: Now) {
        self.with_lookup(number, now, |engine, lookup| {
            let of = family(&from);
            if !lookup
                .queries
                .get(of)
                .is_some_and(|query| query.waits_for(&from))
            {
                return;
            }
            if let Some(query) = lookup.queries.get_mut(of) {
                query.times(&from, now.at);
            }
            let answer = Answer {
                token: response.token.map(<[u8]>::to_vec),
                held: lookup.take(response),
            };
            let named = response.nodes.as_deref().unwrap_or_default();
            let named: Vec<_> = named
                .iter()
                .filter(|node| engine.is_worth_asking(node, from, now))
                .copied()
                .collect();
            let (v4, v6): (Vec<_>, Vec<_>) =
                named.into_iter().partition(|node| node.address.is_ipv4());
            let (same, other) = if of == 0 { (v4, v6) } else { (v6, v4) };
            let node = Node {
                id: response.id,
                address: from,
            };
            engine.views.asked(true);
            if let Some(query) = lookup.queries.get_mut(of) {
                query.answered(node, answer, &same);
            }
            if engine.families.iter().all(|there| *there)
                && let Some(query) = lookup.queries.get_mut(1 - of)
            {
                query.hears(&other, from);
            }
        });
    }

    /// Whether a node that somebody names is one to be asked. A node of the public network that sends
    /// us to addresses of our own is up to no good.
    fn is_worth_asking(&self, node: &Node, by: SocketAddr, now: Now) -> bool {
        let ip = node.address.ip();
        !ip.is_unspecified()
            && !ip.is_multicast()
            && (id::is_public(ip) || !id::is_public(by.ip()))
            && !self.shunned.has(&node.address, now)
            && !self.tables.iter().any(|table| table.own() == node.id)
    }

    fn stored(&mut self, number: u64, by: SocketAddr, now: Now) {
        self.with_lookup(number, now, |_, lookup| {
            if let lookup::Purpose::Put(put) = &mut lookup.purpose {
                put.stored(&by);
            }
        });
    }

    fn refused(&mut self, number: u64, by: SocketAddr, code: i64, text: &[u8], now: Now) {
        self.with_lookup(number, now, |engine, lookup| {
            let held = lookup
                .queries
                .iter()
                .find_map(|query| query.answer_of(&by))
                .and_then(|answer| lookup.item(answer.held))
                .cloned();
            let until = now.at + engine.timeout(&by);
            let target = lookup.target;
            if let lookup::Purpose::Put(put) = &mut lookup.purpose
                && put.refused(by, code, text, held.as_ref(), until)
            {
                engine.confirm(by, target, number, now);
            }
        });
    }

    fn confirmed(&mut self, number: u64, by: SocketAddr, response: &Response<'_>, now: Now) {
        self.with_lookup(number, now, |_, lookup| {
            if let lookup::Purpose::Put(put) = &mut lookup.purpose {
                let item = &put.item;
                let holds = response.key == Some(*item.key().as_bytes())
                    && response.signature == Some(*item.signature())
                    && response.seq == Some(item.seq().get())
                    && response.value.and_then(bencode::as_bytes) == Some(item.value());
                put.confirmed(&by, holds);
            }
        });
    }

    /// Changes a lookup that still runs, and takes it on from there.
    fn with_lookup(&mut self, number: u64, now: Now, change: impl FnOnce(&mut Self, &mut Lookup)) {
        let Some(mut running) = self.lookups.remove(&number) else {
            return;
        };
        change(self, &mut running.lookup);
        self.lookups.insert(number, running);
        self.advance(number, now);
    }
}
