//! How long the cache takes to answer: `cargo bench --bench cache`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::{hint::black_box, time::SystemTime};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use pkarr_host::{
    cache::{Cache, Limits, Seen},
    item::{Seq, SignedItem},
    key::{KeyPair, PublicKey},
    packet::SignedPacket,
    zone,
};

const KEYS: u32 = 5_000;

fn pair(number: u32) -> KeyPair {
    let mut secret = [7; 32];
    secret[..4].copy_from_slice(&number.to_be_bytes());
    KeyPair::from_secret(&secret)
}

fn item(number: u32, seq: i64) -> SignedItem {
    let pair = pair(number);
    let text = "$TTL 300\n@ A 203.0.113.7\nwww A 203.0.113.7\n_a TXT \"some text\"\n";
    let records = zone::parse(text, &pair.public()).unwrap();
    let packet = SignedPacket::sign(&pair, Seq::new(seq).unwrap(), &records).unwrap();
    packet.item().clone()
}

fn cache(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let open = || Cache::open(&path, Limits::default());
    let filled = open();
    let keys: Vec<PublicKey> = (0..KEYS).map(|number| pair(number).public()).collect();
    for number in 0..KEYS {
        let seen = Seen::in_dht(SystemTime::now());
        filled.keep(item(number, 1), seen).unwrap();
        if number % 500 == 0 {
            block_on(filled.flush()).unwrap();
        }
    }
    block_on(filled.flush()).unwrap();

    let warm = open();
    warm.get(&keys[0]).unwrap();
    c.bench_function("memory hit", |b| b.iter(|| warm.get(black_box(&keys[0]))));

    let mut next = keys.iter().cycle();
    let mut left = KEYS;
    let mut cold = open();
    c.bench_function("disk hit", |b| {
        b.iter_batched(
            || {
                // Each key is on disk alone only once.
                if left == 0 {
                    cold = open();
                    left = KEYS;
                }
                left -= 1;
                (*next.next().unwrap(), cold.clone())
            },
            |(key, cold)| cold.get(&key).unwrap(),
            BatchSize::PerIteration,
        );
    });

    let mut seq = 1;
    c.bench_function("memory hit after another process wrote", |b| {
        b.iter_batched(
            || {
                seq += 1;
                let seen = Seen::in_dht(SystemTime::now());
                block_on(filled.keep_durably(item(1, seq), seen))
                    .unwrap()
                    .unwrap();
            },
            |()| warm.get(&keys[0]),
            BatchSize::PerIteration,
        );
    });

    let absent = KeyPair::from_secret(&[9; 32]).public();
    c.bench_function("miss", |b| b.iter(|| warm.get(black_box(&absent))));
    c.bench_function("keep, seen again", |b| {
        let again = item(2, 1);
        b.iter_batched(
            || (again.clone(), Seen::in_dht(SystemTime::now())),
            |(item, seen)| warm.keep(item, seen),
            BatchSize::PerIteration,
        );
    });
    c.bench_function("keep durably", |b| {
        b.iter_batched(
            || {
                seq += 1;
                (item(3, seq), Seen::in_dht(SystemTime::now()))
            },
            |(item, seen)| block_on(filled.keep_durably(item, seen)),
            BatchSize::PerIteration,
        );
    });
    c.bench_function("open and close", |b| b.iter(open));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(future)
}

criterion_group!(benches, cache);
criterion_main!(benches);
