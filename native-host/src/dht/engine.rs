//! The node itself, without sockets and clocks: told what came in and what time it is, it says what
//! goes out.
//!
//! One [`Engine`] owns all state: the tables of both families, the questions that wait for an answer,
//! the lookups that run, and what it has learnt of the network. `driver` moves datagrams between it
//! and the sockets. Everything happens in response to something: an answer, a command, a time that
//! has come; nothing is waited for in between.

mod command;
mod receive;
mod shun;
mod storing;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{
    DhtConfig, DhtError, DhtInfo, VERSION,
    holders::Holders,
    id::{Id, Node},
    krpc::{self, Body, Message, Method, Want},
    lookup::{self, Lookup},
    pace::Pace,
    put::Put,
    query::{K, Network, Phase, Query},
    rtt::Rtt,
    server::{Server, Tables},
    table::Table,
    transactions::{Purpose, Transactions},
    views::Views,
};
use crate::key::PublicKey;

use shun::{SILENT, Shunned};

pub(super) use command::{Command, Now};

/// How many nodes of the table a lookup begins with.
const KNOWN: usize = 2 * K;
/// How many addresses of first nodes are kept.
const MAX_SEEDS: usize = 200;
/// How many nodes make a table that needs no filling.
const ENOUGH_NODES: usize = 250;
/// How often a table with fewer is filled, and one with enough kept fresh.
const FILL: Duration = Duration::from_secs(30);
const REFRESH: Duration = Duration::from_secs(10 * 60);
/// How long nobody may have asked before the table is no longer kept fresh.
const IDLE: Duration = Duration::from_secs(2 * 60 * 60);

/// The node.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) tables: Tables,
    pub(super) holders: Holders,
    pub(super) views: Views,
    pub(super) seeds: Vec<SocketAddr>,
    /// Whether a lookup has ended in which nobody answered, until somebody takes note.
    pub(super) unheard: bool,
    /// Which families are used: there are sockets for them, and a way leads out.
    pub(super) families: [bool; 2],
    transactions: Transactions,
    lookups: BTreeMap<u64, Running>,
    next: u64,
    rtt: Rtt,
    shunned: Shunned,
    pace: Pace,
    /// For questions to those who ask us.
    strangers: Pace,
    server: Option<Server>,
    out: Vec<(SocketAddr, Vec<u8>)>,
    fill_at: Option<Instant>,
    used: Instant,
}

#[derive(Debug)]
struct Running {
    lookup: Lookup,
    wake: Option<Instant>,
}

impl Engine {
    pub(super) fn new(config: &DhtConfig, families: [bool; 2], now: Now) -> Self {
        Self {
            tables: [Table::new(Id::random()), Table::new(Id::random())],
            holders: Holders::default(),
            views: Views::default(),
            seeds: Vec::new(),
            unheard: false,
            families,
            transactions: Transactions::default(),
            lookups: BTreeMap::new(),
            next: 0,
            rtt: Rtt::default(),
            shunned: Shunned::default(),
            pace: Pace::new(now.at),
            strangers: Pace::of_strangers(now.at),
            server: config
                .server
                .as_ref()
                .map(|server| Server::new(server, now.at)),
            out: Vec::new(),
            fill_at: None,
            used: now.at,
        }
    }

    /// Expects nodes to answer after so long, until there are measurements.
    pub(super) fn expect(&mut self, rtt: Duration) {
        self.rtt = Rtt::remembered(rtt);
    }

    /// The datagrams to send.
    pub(super) fn outgoing(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.out)
    }

    /// Whether anybody is known to ask, of a family that is used.
    pub(super) fn knows_anybody(&self) -> bool {
        let used = |seed: &SocketAddr| self.families.get(family(seed)) == Some(&true);
        let mut tables = self.tables.iter().zip(self.families);
        self.seeds.iter().any(used) || tables.any(|(table, used)| used && table.len() > 0)
    }

    /// Does what is wanted.
    pub(super) fn command(&mut self, command: Command, now: Now) {
        match command {
            Command::Get { key, items, report } => {
                self.used = now.at;
                let purpose = lookup::Purpose::Get { items, report };
                self.begin(Id::of_key(&key), Some(key), purpose, now);
            }
            Command::Put {
                item,
                replaces,
                reply,
            } => {
                self.used = now.at;
                let key = *item.key();
                let purpose = lookup::Purpose::Put(Put::new(item, replaces, reply));
                self.begin(Id::of_key(&key), Some(key), purpose, now);
            }
            Command::Join(report) => {
                let [own, _] = &self.tables;
                self.begin(own.own(), None, lookup::Purpose::Find(report), now);
            }
            Command::Stay => {
                self.fill_at = Some(now.at + FILL / 10);
                self.command(Command::Join(None), now);
            }
            Command::Info(reply) => {
                // Whoever asked may have left.
                _ = reply.send(self.info());
            }
            Command::Seeds(seeds) => self.meet(&seeds, now),
            Command::Know(nodes) => {
                for node in nodes {
                    if let Some(table) = self.tables.get_mut(family(&node.address)) {
                        table.answered(node, now.unix, None);
                    }
                }
            }
            // The driver's.
            Command::Recall(_) | Command::Forget(..) | Command::Save(_) | Command::LookUp => {}
        }
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self, now: Now) {
        let due: Vec<_> = self
            .lookups
            .iter()
            .filter(|(_, running)| running.wake.is_some_and(|wake| wake <= now.at))
            .map(|(number, _)| *number)
            .collect();
        for number in due {
            self.advance(number, now);
        }
        if self.fill_at.is_some_and(|at| at <= now.at) {
            self.fill(now);
        }
    }

    /// When to be told the time again.
    pub(super) fn wake(&self) -> Option<Instant> {
        let lookups = self.lookups.values().filter_map(|running| running.wake);
        lookups.chain(self.fill_at).min()
    }

    /// The network is another, or was away: nothing that was learnt of it can be relied on.
    pub(super) fn network_changed(&mut self, now: Now) {
        tracing::debug!("the network has changed");
        self.shunned = Shunned::default();
        self.rtt = Rtt::default();
        self.views.forget_address();
        for table in &mut self.tables {
            table.doubt();
        }
        if self.fill_at.is_some() {
            self.fill_at = Some(now.at);
        }
    }

    /// Forgets which keys were looked up, those included that are being looked up.
    pub(super) fn forget_keys(&mut self) {
        self.holders.forget();
        for running in self.lookups.values_mut() {
            running.lookup.forgotten = true;
        }
    }

    fn info(&self) -> DhtInfo {
        DhtInfo {
            bootstrapped: self.views.has_answered(),
            nodes: self.views.nodes(),
            firewalled: !self.views.was_visited(),
            public_address: self.views.public_v4(),
            known: self.tables.iter().map(Table::len).sum(),
            items: self.server.as_ref().map(Server::items),
        }
    }

    /// Takes in first nodes, also for lookups that have found nobody yet.
    fn meet(&mut self, seeds: &[SocketAddr], now: Now) {
        for seed in seeds {
            if !self.seeds.contains(seed) {
                if self.seeds.len() >= MAX_SEEDS {
                    self.seeds.remove(0);
                }
                self.seeds.push(*seed);
            }
        }
        let numbers: Vec<_> = self.lookups.keys().copied().collect();
        for number in numbers {
            if let Some(running) = self.lookups.get_mut(&number) {
                for seed in seeds {
                    if self.families.get(family(seed)) == Some(&true)
                        && let Some(query) = running.lookup.queries.get_mut(family(seed))
                    {
                        query.may_begin_at(*seed);
                    }
                }
            }
            self.advance(number, now);
        }
    }

    fn fill(&mut self, now: Now) {
        self.shunned.sweep(now);
        if let Some(server) = &mut self.server {
            server.sweep(now.at);
        }
        let known: usize = self.tables.iter().map(Table::len).sum();
        let serves = self.server.is_some();
        let idle = now.at.saturating_duration_since(self.used) > IDLE && !serves;
        if !idle {
            let own = self.tables.first().map_or_else(Id::random, Table::own);
            // Who serves has to know its neighbours.
            let target = if serves && self.next.is_multiple_of(2) {
                own
            } else {
                Id::random()
            };
            self.begin(target, None, lookup::Purpose::Find(None), now);
        }
        let pause = if known < ENOUGH_NODES && !idle {
            FILL
        } else {
            REFRESH
        };
        self.fill_at = Some(now.at + pause);
    }

    fn begin(&mut self, target: Id, key: Option<PublicKey>, purpose: lookup::Purpose, now: Now) {
        let storing = matches!(purpose, lookup::Purpose::Put(_));
        let queries = [0, 1].map(|family| {
            let network = Network {
                missing: self.shunned.of(family, now),
                ..self.views.network(family)
            };
            let mut query = Query::new(target, storing, network, now.at);
            if !self.families.get(family).is_some_and(|there| *there) {
                return query;
            }
            for node in self.holders.of(&target) {
                if self::family(&node.address) == family {
                    query.prefers(*node);
                }
            }
            if let Some(table) = self.tables.get(family) {
                for node in table.closest(&target, KNOWN) {
                    query.knows(node);
                }
            }
            for seed in &self.seeds {
                if self::family(seed) == family && !self.shunned.has(seed, now) {
                    query.may_begin_at(*seed);
                }
            }
            query
        });
        let nobody = queries.iter().all(Query::is_empty);
        let number = self.next;
        self.next += 1;
        let lookup = Lookup::new(target, key, purpose, queries);
        let wake = Some(now.at);
        self.lookups.insert(number, Running { lookup, wake });
        if nobody {
            // All first nodes were silent a moment ago: better them than none.
            self.shunned = Shunned::default();
            let seeds = self.seeds.clone();
            self.meet(&seeds, now);
        }
        self.advance(number, now);
    }

    /// Takes a lookup as far as it goes now.
    fn advance(&mut self, number: u64, now: Now) {
        let Some(mut running) = self.lookups.remove(&number) else {
            return;
        };
        if running.lookup.is_abandoned() {
            return;
        }
        let before = self.pace.allowance(now.at);
        let mut allowance = before;
        let mut sends = self.renew(&mut running.lookup, &mut allowance, now);
        let mut all_sent = true;
        for family in [0, 1] {
            all_sent &= self.step(number, &mut running.lookup, family, &mut allowance, now);
        }
        running.lookup.leave_behind(now.at, self.rtt.timeout());
        let conflict = self.conflict(&running.lookup);
        if conflict.is_none() && running.lookup.phase() >= Phase::Ready {
            sends.extend(self.store_on_closest(&mut running.lookup, &mut allowance, now));
        }
        self.send_all(sends, &mut running.lookup, number, now);
        self.pace.spend(before - allowance);
        let phase = running.lookup.phase();
        let done = match &running.lookup.purpose {
            lookup::Purpose::Put(put) => conflict.is_some() || allowance > 0 && put.is_done(phase),
            lookup::Purpose::Get { .. } | lookup::Purpose::Find(_) => phase == Phase::Done,
        };
        if done {
            self.finish(running.lookup, conflict, now);
            return;
        }
        let queries = running.lookup.queries.iter().filter_map(Query::deadline);
        let put = match &running.lookup.purpose {
            lookup::Purpose::Put(put) => put.deadline(),
            _ => None,
        };
        let left = running.lookup.leaves_behind_at();
        let mut wake = queries.chain(put).chain(left).min();
        if allowance == 0 || !all_sent || wake.is_none() {
            // What is overdue can't be sent sooner, either.
            wake = Some(Pace::again(now.at));
        }
        running.wake = wake;
        self.lookups.insert(number, running);
    }

    /// One step of the lookup in one family. Says whether all could be sent that it takes.
    fn step(
        &mut self,
        number: u64,
        lookup: &mut Lookup,
        family: usize,
        allowance: &mut usize,
        now: Now,
    ) -> bool {
        let for_item = lookup.is_for_item();
        let target = lookup.target;
        let Some(query) = lookup.queries.get_mut(family) else {
            return true;
        };
        let mut all_sent = true;
        let step = query.poll(now.at, |address| self.timeout(address), allowance);
        let others = query.tally().answered > 0;
        for address in step.ask {
            let method = match for_item {
                true => Method::Get { target, seq: None },
                false => Method::FindNode(target),
            };
            if !self.ask(address, method, Purpose::Step(number), now) {
                all_sent = false;
                if let Some(query) = lookup.queries.get_mut(family) {
                    query.not_sent(&address);
                }
            }
        }
        // Where nobody answers, it is not the nodes that are to blame.
        if others {
            for address in step.silent {
                self.views.asked(false);
                self.blame(address, SILENT, now);
            }
        }
        all_sent
    }

    fn blame(&mut self, address: SocketAddr, questions: u8, now: Now) {
        if let Some(table) = self.tables.get_mut(family(&address)) {
            table.failed(&address);
        }
        self.shunned.was_silent(address, questions, now);
    }

    /// Asks a node, and says whether it could: not while too many answers are waited for.
    fn ask(&mut self, to: SocketAddr, method: Method<'_>, purpose: Purpose, now: Now) -> bool {
        let Some(own) = self.tables.get(family(&to)).map(Table::own) else {
            return false;
        };
        let Some(transaction) = self.transactions.begin(to, purpose, now.at) else {
            return false;
        };
        let [v4, v6] = self.families;
        let wants_both = v4 && v6 && matches!(method, Method::Get { .. } | Method::FindNode(_));
        let message = Message {
            transaction: &transaction,
            version: Some(&VERSION),
            read_only: self.server.is_none(),
            ip: None,
            body: Body::Query(krpc::Query {
                id: own,
                want: Want {
                    v4: wants_both,
                    v6: wants_both,
                },
                method,
            }),
        };
        self.out.push((to, message.encode()));
        true
    }

    /// After how long an answer of this node is overdue.
    fn timeout(&self, address: &SocketAddr) -> Duration {
        let known = self
            .tables
            .get(family(address))
            .and_then(|table| table.rtt(address));
        known.map_or_else(|| self.rtt.timeout(), |rtt| rtt.timeout_among(&self.rtt))
    }

    fn finish(&mut self, mut lookup: Lookup, conflict: Option<DhtError>, now: Now) {
        for (family, query) in lookup.queries.iter().enumerate() {
            if query.tally().answered > 0 {
                for address in query.late_nodes() {
                    self.views.asked(false);
                    self.blame(address, 1, now);
                }
            }
            if let Some(estimate) = query.estimate() {
                self.views.saw(family, estimate);
            }
        }
        let report = lookup.report();
        tracing::debug!(target = %lookup.target, ?report, "a lookup has ended");
        self.unheard |= report.answered == 0;
        if !lookup.forgotten {
            self.remember_holders(&lookup, now);
        }
        // Whoever waited may have left.
        match &mut lookup.purpose {
            lookup::Purpose::Put(put) => put.finish(conflict),
            lookup::Purpose::Find(reply) => {
                if let Some(reply) = reply.take() {
                    _ = reply.send(report);
                }
            }
            lookup::Purpose::Get { .. } => {
                if let lookup::Purpose::Get { report: reply, .. } = lookup.purpose {
                    _ = reply.send(report);
                }
            }
        }
    }

    /// Keeps in mind who had the newest item, the quickest first.
    fn remember_holders(&mut self, lookup: &Lookup, now: Now) {
        let Some(newest) = lookup.newest() else {
            return;
        };
        let mut nodes: Vec<Node> = lookup
            .queries
            .iter()
            .flat_map(Query::closest)
            .filter(|(_, answer)| lookup.item(answer.held) == Some(newest))
            .map(|(node, _)| *node)
            .collect();
        nodes.sort_by_key(|node| {
            self.tables
                .get(family(&node.address))
                .and_then(|table| table.rtt(&node.address)?.smoothed())
                .unwrap_or(Duration::MAX)
        });
        self.holders.remember(lookup.target, &nodes, now.unix);
    }
}

/// The number of the family of an address: 0 for IPv4.
pub(super) fn family(address: &SocketAddr) -> usize {
    usize::from(address.is_ipv6())
}

#[cfg(test)]
mod tests;
