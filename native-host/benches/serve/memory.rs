//! A million packets in the cache: how long that takes, and how much memory.

use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt, stream};
use pkarr_host::{
    cache::{Cache, Limits, Seen},
    key::KeyPair,
    zone,
};

use super::world::{self, Connection, World};

/// How many of the packets are asked for.
const ASKED: usize = 20_000;
/// Writes that wait at the same time.
const AT_ONCE: usize = 512;

pub(crate) fn print(packets: u64) {
    let world = World::start();
    let before = world.serve("").memory();
    let file = world.data().join("serve").join("cache.db");
    let limits = Limits {
        keys: packets,
        history: 0,
        memory: 1024,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let began = Instant::now();
    runtime.block_on(async {
        let cache = Cache::open(&file, limits);
        stream::iter(0..packets)
            .map(|number| {
                let pair = pair(number);
                let records = zone::parse("@ 86400 A 203.0.113.7", &pair.public()).unwrap();
                let item = world::sign(&pair, &records);
                let seen = Seen::in_dht(SystemTime::now());
                let cache = cache.clone();
                async move { cache.keep_durably(item, seen).await.unwrap().unwrap() }
            })
            .buffer_unordered(AT_ONCE)
            .for_each(|_| async {})
            .await;
        println!(
            "{packets} packets: {:.0} a second written, {} MiB on disk",
            packets as f64 / began.elapsed().as_secs_f64(),
            cache.stats().bytes >> 20
        );
    });
    let began = Instant::now();
    let serve = world.serve(&format!("[cache]\npackets = {packets}\n"));
    let started = began.elapsed();
    let idle = serve.memory();
    let mut connection = Connection::open(serve.http);
    let mut times = Vec::new();
    for number in 0..ASKED as u64 {
        let key = pair(number * 7919 % packets).public();
        let request = format!("GET /{key}?policy=CacheOnly HTTP/1.1\r\nhost: x\r\n\r\n");
        let began = Instant::now();
        assert_eq!(connection.ask(request.as_bytes()).unwrap(), 200);
        times.push(began.elapsed());
    }
    times.sort();
    let [half, most] = [50, 99].map(|percent| micros(times[times.len() * percent / 100]));
    let asked = serve.memory();
    // One more than there is room for.
    let mut puts = Vec::new();
    for number in 0..200 {
        let pair = pair(packets + number);
        let records = zone::parse("@ A 203.0.113.7", &pair.public()).unwrap();
        let began = Instant::now();
        assert_eq!(world::put(serve.http, &world::sign(&pair, &records)), 204);
        puts.push(began.elapsed());
    }
    puts.sort();
    println!(
        "  start {:.0} ms, resident {} MiB idle ({} MiB without packets), {} MiB after {ASKED} of them; \
         GET from disk p50 {half:.0} µs, p99 {most:.0} µs; PUT into the full cache p50 {:.0} µs",
        started.as_secs_f64() * 1000.0,
        idle / 1024,
        before / 1024,
        asked / 1024,
        micros(puts[puts.len() / 2]),
    );
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A key for each number.
fn pair(number: u64) -> KeyPair {
    let mut secret = [7; 32];
    secret[..8].copy_from_slice(&number.to_le_bytes());
    KeyPair::from_secret(&secret)
}
