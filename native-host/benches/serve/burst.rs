//! Many packets put at once, and answers from memory while unknown keys are asked for.

use std::{
    net::SocketAddr,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use pkarr_host::{key::KeyPair, zone};

use super::{
    relay,
    world::{self, Connection, World},
};

/// Packets put at once, and how often.
const BURST: usize = 64;
const BURSTS: usize = 5;
/// Unknown keys, and connections on which they are asked for.
const FLOOD: usize = 1000;
const FLOODING: usize = 50;
/// Connections that ask for what is known, and for how long without a flood.
const ASKING: usize = 4;
const CALM: Duration = Duration::from_secs(1);
/// Calm and flood in turns.
const ROUNDS: usize = 7;

pub(crate) fn print() {
    let world = World::start();
    let ours = world.serve("");
    let (failed, mut times) = bursts(ours.http);
    times.sort();
    println!(
        "{:<34}{failed:>10} failed   p50 {:.0} ms, all {:.0} ms   (goal: none failed)",
        format!("PUT, {BURST} at once, {BURSTS} times"),
        millis(times[times.len() / 2]),
        millis(times[times.len() - 1]),
    );
    let item = relay::signed();
    assert_eq!(world::put(ours.http, &item), 204);
    let request = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", item.key()).into_bytes();
    let mut rounds: Vec<Round> = (0..ROUNDS).map(|_| round(ours.http, &request)).collect();
    rounds.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
    let shed: usize = rounds.iter().map(|round| round.shed).sum();
    let median = &rounds[ROUNDS / 2];
    println!(
        "{:<34}{:>10.2} ms calm, {:.2} ms in a flood of {FLOOD} unknown keys ({shed} shed): {:.2}, of {ROUNDS} from {:.2} to {:.2} (goal: ≤ 2)",
        "GET from memory, p99",
        millis(median.calm),
        millis(median.flooded),
        median.ratio(),
        rounds[0].ratio(),
        rounds[ROUNDS - 1].ratio(),
    );
}

/// The 99th percentile of what is known without a flood and in one.
struct Round {
    calm: Duration,
    flooded: Duration,
    shed: usize,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.flooded.as_secs_f64() / self.calm.as_secs_f64()
    }
}

fn round(at: SocketAddr, request: &[u8]) -> Round {
    let calm = ask_until(at, request, |began| began.elapsed() > CALM);
    let flooding = AtomicBool::new(true);
    let mut shed = 0;
    let flooded = thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let shed = flood(at);
            flooding.store(false, Ordering::Relaxed);
            shed
        });
        let times = ask_until(at, request, |_| !flooding.load(Ordering::Relaxed));
        shed = flood.join().unwrap();
        times
    });
    Round {
        calm,
        flooded,
        shed,
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Puts bursts of new packets; gives how many failed, and how long each took.
fn bursts(at: SocketAddr) -> (usize, Vec<Duration>) {
    let mut failed = 0;
    let mut times = Vec::new();
    for _ in 0..BURSTS {
        let requests: Vec<_> = (0..BURST).map(|_| world::put_request(&new())).collect();
        let together = Barrier::new(BURST);
        let outcomes: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = requests
                .iter()
                .map(|request| {
                    let together = &together;
                    scope.spawn(move || {
                        let mut connection = Connection::open(at);
                        together.wait();
                        let began = Instant::now();
                        let status = connection.ask(request).unwrap_or(0);
                        (status, began.elapsed())
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        failed += outcomes.iter().filter(|(status, _)| *status != 204).count();
        times.extend(outcomes.into_iter().map(|(_, time)| time));
    }
    (failed, times)
}

fn new() -> pkarr_host::item::SignedItem {
    let pair = KeyPair::generate().unwrap();
    let records = zone::parse("@ A 203.0.113.7", &pair.public()).unwrap();
    world::sign(&pair, &records)
}

/// Asks for what is known until it is enough; gives the 99th percentile.
fn ask_until(at: SocketAddr, request: &[u8], enough: impl Fn(Instant) -> bool + Sync) -> Duration {
    let began = Instant::now();
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> = (0..ASKING)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = Connection::open(at);
                    let mut times = Vec::new();
                    while !enough(began) {
                        let began = Instant::now();
                        assert_eq!(connection.ask(request).unwrap(), 200);
                        times.push(began.elapsed());
                    }
                    times
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    times.sort();
    times[(times.len() * 99).div_ceil(100) - 1]
}

/// Asks for unknown keys; gives how many were refused.
fn flood(at: SocketAddr) -> usize {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..FLOODING)
            .map(|_| {
                scope.spawn(|| {
                    give_way();
                    let mut connection = Connection::open(at);
                    let mut shed = 0;
                    for _ in 0..FLOOD / FLOODING {
                        let key = KeyPair::generate().unwrap().public();
                        let request = format!("GET /{key} HTTP/1.1\r\nhost: localhost\r\n\r\n");
                        if connection.ask(request.as_bytes()).unwrap() == 503 {
                            shed += 1;
                        }
                    }
                    shed
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    })
}

/// Those who flood a server work elsewhere, as the nodes of its network do, not on its processors.
fn give_way() {
    #[cfg(target_os = "linux")]
    rustix::process::setpriority_process(None, 10).unwrap();
}
