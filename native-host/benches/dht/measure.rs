//! What is measured, in turns of ours and theirs.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use pkarr_host::key::KeyPair;

use super::{
    Asked,
    client::{Client, Found, Kind, Known},
    keys::{Keys, item},
    network::Network,
    trace::Traces,
};

/// How many first nodes a client knows that knows nothing else.
const FIRST_NODES: usize = 4;
/// How many lookups a client has behind it that has joined.
const JOINING: usize = 12;
/// On how many nodes an item is, as those who publish with the crate reach them.
const COPIES: usize = 20;
/// How many nodes BEP 44 wants an item to be on.
const CLOSEST: usize = 8;

/// Figures of each kind, of both.
#[derive(Default)]
pub(crate) struct Measured {
    times: HashMap<(&'static str, bool), Vec<Duration>>,
    /// Packets a lookup.
    pub(crate) packets: HashMap<(&'static str, bool), f64>,
    /// How many of the closest nodes hold what was published, on average.
    pub(crate) reached: HashMap<bool, f64>,
    pub(crate) traces: Traces,
}

impl Measured {
    fn add(&mut self, what: &'static str, kind: Kind, time: Duration) {
        let times = self.times.entry((what, kind == Kind::Ours)).or_default();
        times.push(time);
    }

    /// In milliseconds.
    pub(crate) fn quantile(&self, what: &'static str, ours: bool, percent: usize) -> Option<f64> {
        let mut times = self.times.get(&(what, ours))?.clone();
        times.sort();
        let rank = (times.len() * percent).div_ceil(100).max(1);
        Some(milliseconds(times[rank - 1]))
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A client that is measured.
struct Measurer {
    kind: Kind,
    client: Client,
    port: u16,
}

/// Something that a client did.
struct Done<T> {
    kind: Kind,
    port: u16,
    began: Instant,
    pair: KeyPair,
    outcome: T,
}

struct Run<'a> {
    net: &'a Network,
    kinds: &'static [Kind],
    lanes: usize,
    /// How many turns each lane has.
    turns: usize,
    trace: bool,
    keys: Keys,
    measured: Measured,
}

pub(crate) async fn all(net: &Network, asked: &Asked, lanes: usize) -> Measured {
    let mut run = Run {
        net,
        kinds: if asked.ours_only {
            &[Kind::Ours]
        } else {
            &[Kind::Ours, Kind::Theirs]
        },
        lanes,
        turns: asked.rounds.div_ceil(lanes),
        trace: asked.trace,
        keys: Keys::new(asked.seed),
        measured: Measured::default(),
    };
    let first = Known::First(net.bootstrap(FIRST_NODES));
    let lanes = run.join(&first).await;
    run.found(&lanes).await;
    run.not_found(&lanes).await;
    run.published(&lanes).await;
    let mut remembered = HashMap::new();
    for measurer in &lanes[0] {
        let known = measurer.client.remembered(&first).await;
        remembered.insert(measurer.kind, known);
    }
    drop(lanes);
    let first = run
        .kinds
        .iter()
        .map(|kind| (*kind, first.clone()))
        .collect();
    run.cold("cold start", &first).await;
    run.cold("cold, remembered", &remembered).await;
    run.measured
}

type Lane = Vec<Measurer>;

impl Run<'_> {
    /// Clients of each kind in each lane, which got about a little.
    async fn join(&mut self, first: &Known) -> Vec<Lane> {
        let mut lanes: Vec<Lane> = Vec::new();
        for _ in 0..self.lanes {
            let mut lane = Vec::new();
            for kind in self.kinds {
                let client = Client::start(*kind, first);
                let port = client.port().await;
                lane.push(Measurer {
                    kind: *kind,
                    client,
                    port,
                });
            }
            lanes.push(lane);
        }
        let keys: Vec<_> = (0..JOINING).map(|_| self.keys.pair().public()).collect();
        let keys = &keys;
        join_all(lanes.iter().flatten().map(|measurer| async move {
            measurer.client.lookup(&keys[0]).await;
            join_all(keys[1..].iter().map(|key| measurer.client.lookup(key))).await;
        }))
        .await;
        lanes
    }

    /// Lets each client of each lane look a key of its own up, one after the other; neither kind is
    /// always the one that comes second.
    async fn look_up(&mut self, lanes: &[Lane], turn: usize, exists: bool) -> Vec<Done<Found>> {
        let pairs: Vec<Vec<_>> = lanes
            .iter()
            .map(|lane| lane.iter().map(|_| self.keys.pair()).collect())
            .collect();
        if exists {
            pairs.iter().flatten().for_each(|pair| self.seed(pair));
        }
        let looking = lanes.iter().zip(pairs).map(|(lane, pairs)| async move {
            let mut done = Vec::new();
            for (measurer, pair) in in_turn(lane, turn).zip(pairs) {
                let began = Instant::now();
                done.push(Done {
                    kind: measurer.kind,
                    port: measurer.port,
                    began,
                    outcome: measurer.client.lookup(&pair.public()).await,
                    pair,
                });
            }
            done
        });
        join_all(looking).await.into_iter().flatten().collect()
    }

    async fn found(&mut self, lanes: &[Lane]) {
        let before = self.sent(lanes);
        for turn in 0..self.turns {
            let done = self.look_up(lanes, turn, true).await;
            for done in &done {
                let found = done.outcome;
                match found.first {
                    Some(first) => {
                        self.measured.add("warm", done.kind, first);
                        self.measured.add("newest", done.kind, found.end);
                    }
                    None => eprintln!("{:?}: not found, though it is there", done.kind),
                }
            }
            self.trace("newest", &done, |found| found.end);
        }
        self.count("found", lanes, &before);
    }

    async fn not_found(&mut self, lanes: &[Lane]) {
        let before = self.sent(lanes);
        for turn in 0..self.turns {
            let done = self.look_up(lanes, turn, false).await;
            for done in &done {
                assert_eq!(done.outcome.seq, None);
                self.measured.add("not found", done.kind, done.outcome.end);
            }
            self.trace("not found", &done, |found| found.end);
        }
        self.count("not found", lanes, &before);
    }

    async fn published(&mut self, lanes: &[Lane]) {
        let before = self.sent(lanes);
        let mut reached: HashMap<bool, Vec<usize>> = HashMap::new();
        for turn in 0..self.turns {
            let pairs: Vec<Vec<_>> = lanes
                .iter()
                .map(|lane| lane.iter().map(|_| self.keys.pair()).collect())
                .collect();
            let publishing = lanes.iter().zip(pairs).map(|(lane, pairs)| async move {
                let mut done = Vec::new();
                for (measurer, pair) in in_turn(lane, turn).zip(pairs) {
                    let began = Instant::now();
                    done.push(Done {
                        kind: measurer.kind,
                        port: measurer.port,
                        began,
                        outcome: measurer.client.publish(&item(&pair, 1)).await,
                        pair,
                    });
                }
                done
            });
            let done: Vec<_> = join_all(publishing).await.into_iter().flatten().collect();
            for done in &done {
                let (took, stored) = done.outcome;
                if stored == 0 {
                    eprintln!("{:?}: could not publish", done.kind);
                }
                self.measured.add("publish", done.kind, took);
                let holders = self.net.holders(&item(&done.pair, 1));
                let closest = self.net.closest(&done.pair.public(), CLOSEST);
                let there = closest.iter().filter(|node| holders.contains(node));
                let reached = reached.entry(done.kind == Kind::Ours).or_default();
                reached.push(there.count());
            }
            self.trace("publish", &done, |(took, _)| *took);
        }
        for (ours, counts) in reached {
            let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
            self.measured.reached.insert(ours, mean);
        }
        self.count("publish", lanes, &before);
    }

    /// Clients that begin with their first question, and end after it.
    async fn cold(&mut self, what: &'static str, known: &HashMap<Kind, Known>) {
        for turn in 0..self.turns {
            let pairs: Vec<Vec<_>> = (0..self.lanes)
                .map(|_| self.kinds.iter().map(|_| self.keys.pair()).collect())
                .collect();
            pairs.iter().flatten().for_each(|pair| self.seed(pair));
            let kinds = self.kinds;
            let beginning = pairs.into_iter().map(|pairs| async move {
                let mut done = Vec::new();
                for (kind, pair) in in_turn(kinds, turn).zip(pairs) {
                    let client = Client::prepare(*kind, &known[kind]);
                    let began = Instant::now();
                    let client = client.begin();
                    let starting = began.elapsed();
                    let mut outcome = client.lookup(&pair.public()).await;
                    outcome.first = outcome.first.map(|first| first + starting);
                    done.push(Done {
                        kind: *kind,
                        port: client.port().await,
                        began,
                        outcome,
                        pair,
                    });
                }
                done
            });
            let done: Vec<_> = join_all(beginning).await.into_iter().flatten().collect();
            for done in &done {
                match done.outcome.first {
                    Some(first) => self.measured.add(what, done.kind, first),
                    None => eprintln!("{:?}, {what}: not found, though it is there", done.kind),
                }
            }
            self.trace(what, &done, |found| found.first.unwrap_or(found.end));
        }
        eprintln!("  measured: {what}");
    }

    /// Puts an item of this key where it belongs.
    fn seed(&self, pair: &KeyPair) {
        let nodes = self.net.closest(&pair.public(), COPIES);
        self.net.store(&item(pair, 1), &nodes);
    }

    /// How many packets each kind sent so far.
    fn sent(&self, lanes: &[Lane]) -> HashMap<bool, usize> {
        let traffic = self.net.traffic();
        let mut sent = HashMap::new();
        for measurer in lanes.iter().flatten() {
            let own = traffic
                .iter()
                .filter(|(address, _)| address.port() == measurer.port);
            let packets: usize = own.map(|(_, traffic)| traffic.packets).sum();
            *sent.entry(measurer.kind == Kind::Ours).or_default() += packets;
        }
        sent
    }

    /// Writes down how many packets it took each time.
    fn count(&mut self, what: &'static str, lanes: &[Lane], before: &HashMap<bool, usize>) {
        for (ours, sent) in self.sent(lanes) {
            let each = (sent - before[&ours]) as f64 / (self.turns * self.lanes) as f64;
            self.measured.packets.insert((what, ours), each);
        }
        eprintln!("  measured: {what}");
    }

    fn trace<T>(&mut self, what: &'static str, done: &[Done<T>], took: impl Fn(&T) -> Duration) {
        let seen = self.net.take_seen();
        if !self.trace {
            return;
        }
        for done in done.iter().filter(|done| done.kind == Kind::Ours) {
            let (key, took) = (done.pair.public(), milliseconds(took(&done.outcome)));
            let by = (done.port, &key);
            self.measured
                .traces
                .add(self.net, what, by, (done.began, &seen), took);
        }
    }
}

/// Each second turn from the end.
fn in_turn<T>(all: &[T], turn: usize) -> impl Iterator<Item = &T> {
    let count = all.len();
    (0..count).map(move |at| &all[if turn % 2 == 1 { count - 1 - at } else { at }])
}
