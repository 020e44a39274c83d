//! The part of the engine that puts: what a lookup for a put does beside looking up.

use std::{net::SocketAddr, time::Duration};

use super::{Engine, Now};
use crate::{
    dht::{
        DhtError, bencode,
        id::Id,
        krpc::{self, Method, Mutable},
        lookup::{self, Lookup},
        pace::Pace,
        put,
        query::Query,
        transactions::Purpose,
    },
    item::SignedItem,
};

impl Engine {
    /// What makes an end of the put that a lookup is for.
    pub(super) fn conflict(&self, lookup: &Lookup) -> Option<DhtError> {
        match &lookup.purpose {
            lookup::Purpose::Put(put) if !put.has_begun() => put.conflict(lookup.newest()),
            _ => None,
        }
    }

    /// Lets time pass for the put that a lookup is for, and has nodes replaced.
    pub(super) fn renew(
        &self,
        lookup: &mut Lookup,
        allowance: &mut usize,
        now: Now,
    ) -> Vec<put::Send> {
        let lookup::Purpose::Put(put) = &mut lookup.purpose else {
            return Vec::new();
        };
        let usual = usual(&lookup.queries);
        let timeout = |address: &SocketAddr| self.timeout(address).min(usual);
        let sends = put.expire(now.at, timeout, allowance);
        for address in put.useless() {
            for query in &mut lookup.queries {
                query.is_useless(&address);
            }
        }
        sends
    }

    /// Sends an item to nodes; those to whom it can't be sent now get it later.
    pub(super) fn send_all(
        &mut self,
        sends: Vec<put::Send>,
        lookup: &mut Lookup,
        number: u64,
        now: Now,
    ) {
        let lookup::Purpose::Put(put) = &mut lookup.purpose else {
            return;
        };
        for send in sends {
            if !self.send_item(&put.item, &send, number, now) {
                put.not_sent(&send.to, Pace::again(now.at));
            }
        }
    }

    pub(super) fn store_on_closest(
        &self,
        lookup: &mut Lookup,
        allowance: &mut usize,
        now: Now,
    ) -> Vec<put::Send> {
        let usual = usual(&lookup.queries);
        let mut closest = Vec::new();
        for query in &lookup.queries {
            for (node, answer) in query.closest() {
                if let Some(token) = &answer.token {
                    let held = lookup.item(answer.held).cloned();
                    closest.push((node.address, token.clone(), held));
                }
            }
        }
        let lookup::Purpose::Put(put) = &mut lookup.purpose else {
            return Vec::new();
        };
        let mut sends = Vec::new();
        for (to, token, held) in closest {
            if *allowance == 0 {
                break;
            }
            let until = now.at + self.timeout(&to).min(usual);
            if let Some(send) = put.store(to, &token, held.as_ref(), until) {
                *allowance -= 1;
                sends.push(send);
            }
        }
        sends
    }

    pub(super) fn confirm(&mut self, to: SocketAddr, target: Id, number: u64, now: Now) {
        let method = Method::Get { target, seq: None };
        // One that can't be asked is believed, when time is up.
        self.ask(to, method, Purpose::Confirm(number), now);
    }

    fn send_item(&mut self, item: &SignedItem, send: &put::Send, number: u64, now: Now) -> bool {
        let mut value = Vec::with_capacity(item.value().len() + 5);
        bencode::write_bytes(&mut value, item.value());
        let put = krpc::Put {
            token: &send.token,
            value: &value,
            mutable: Some(Mutable {
                key: *item.key().as_bytes(),
                signature: *item.signature(),
                seq: item.seq().get(),
                cas: send.cas,
                salt: None,
            }),
            target: Some(Id::of_key(item.key())),
        };
        self.ask(send.to, Method::Put(put), Purpose::Store(number), now)
    }
}

/// After how long an answer is overdue by what others took in a lookup; no time at all if that can't be
/// told.
fn usual(queries: &[Query; 2]) -> Duration {
    let usual = queries.iter().filter_map(Query::usual).max();
    usual.unwrap_or(Duration::MAX)
}
