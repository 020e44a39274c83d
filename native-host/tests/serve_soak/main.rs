//! `pkarr serve` under everything at once, for minutes: `tests/run soak [MINUTES]`.
//!
//! Clients as they should be, and beside them readers that don't read, connections that say half of
//! something, garbage, and HTTP and DNS of the wrong shape and size. Afterwards the answers have to
//! be right, the memory no more than it was early on, and the log without a panic.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

#[path = "../support/mod.rs"]
mod support;

mod load;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use pkarr_host::{
    item::{Seq, SignedItem},
    key::KeyPair,
    packet::SignedPacket,
    zone,
};
use reqwest::StatusCode;
use support::{serve::Serve, testnet};

/// What memory may grow by, beside a quarter: allocators keep some of what was once used.
const SLACK_KIB: u64 = 16 * 1024;
const EVERY: Duration = Duration::from_secs(2);

/// Times so short that what hangs is cut off many times in a run, and so little room for answers in memory that it is full
/// before memory is compared: ten thousand packets are put in a run.
const CONFIG: &str = "\
[http]
head-seconds = 3
body-seconds = 3
idle-seconds = 4
connections = 600
connections-per-address = 600
[cache]
hot-mib = 2
[dns]
forward = \"none\"
memory-mib = 1
[limits]
lookups-waiting = 64
";

/// What all loads share.
struct World {
    serve: Serve,
    known: Vec<SignedItem>,
    stop: AtomicBool,
    /// How often each kind of load has done its work.
    done: [AtomicU64; load::KINDS],
    /// Right answers that known keys had.
    right: AtomicU64,
}

fn signed(pair: &KeyPair, text: &str) -> SignedItem {
    let seq = Seq::after(None, std::time::SystemTime::now()).unwrap();
    let records = zone::parse(text, &pair.public()).unwrap();
    let packet = SignedPacket::sign(pair, seq, &records).unwrap();
    packet.item().clone()
}

fn resident_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; tests/run soak"]
async fn everything_at_once() {
    let minutes: f64 = std::env::var("PKARR_SOAK_MINUTES")
        .ok()
        .and_then(|minutes| minutes.parse().ok())
        .unwrap_or(5.0);
    let time = Duration::from_secs_f64(minutes * 60.0);
    let net = testnet().await;
    let mut serve = Serve::with(net.bootstrap(), CONFIG);
    // Kept connections end soon here, perhaps just when they are used again.
    serve.client = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .timeout(support::serve::PATIENCE)
        .build()
        .unwrap();
    let mut known = Vec::new();
    for number in 0..50_u8 {
        let pair = KeyPair::from_secret(&[100 + number; 32]);
        let item = signed(&pair, "@ 86400 A 203.1.113.7\n_x 86400 TXT hello");
        assert_eq!(serve.put(&item).await.status(), StatusCode::NO_CONTENT);
        known.push(item);
    }
    let world = Arc::new(World {
        serve,
        known,
        stop: AtomicBool::new(false),
        done: Default::default(),
        right: AtomicU64::new(0),
    });
    let loads = load::start(&world);
    let began = Instant::now();
    let mut memory = Vec::new();
    while began.elapsed() < time {
        tokio::time::sleep(EVERY).await;
        memory.push(resident_kib(world.serve.id()));
        if memory.len().is_multiple_of(15) {
            let done: Vec<_> = world
                .done
                .iter()
                .map(|done| done.load(Ordering::Relaxed))
                .collect();
            eprintln!(
                "{:>4} s, {} MiB, {} right answers, load {done:?}",
                began.elapsed().as_secs(),
                memory.last().unwrap() / 1024,
                world.right.load(Ordering::Relaxed),
            );
        }
    }
    world.stop.store(true, Ordering::Relaxed);
    for load in loads {
        load.await.unwrap();
    }
    assert_eq!(
        world.serve.log_lines("panicked"),
        0,
        "{}",
        world.serve.log()
    );
    for (kind, done) in world.done.iter().enumerate() {
        assert!(done.load(Ordering::Relaxed) > 0, "load {kind} did nothing");
    }
    // The first quarter warms up; what comes after must not grow.
    let quarter = memory.len() / 4;
    let early = memory[quarter..2 * quarter]
        .iter()
        .max()
        .copied()
        .unwrap_or(u64::MAX);
    let late = memory[3 * quarter..].iter().max().copied().unwrap();
    eprintln!(
        "memory: {} MiB early, {} MiB late",
        early / 1024,
        late / 1024
    );
    assert!(
        late <= early + early / 4 + SLACK_KIB,
        "from {early} to {late} KiB: {memory:?}"
    );
    for item in &world.known {
        load::is_answered_right(&world, item).await;
    }
    let nobody = KeyPair::generate().unwrap().public();
    let began = Instant::now();
    // What was begun in the flood may still be under way.
    while world.serve.packet(&nobody).await.status() != StatusCode::NOT_FOUND {
        assert!(began.elapsed() < support::serve::PATIENCE);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    eprintln!(
        "{}",
        world.serve.get("/metrics").await.text().await.unwrap()
    );
}
