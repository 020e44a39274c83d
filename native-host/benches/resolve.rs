//! How long lookups take, ours beside those of the `pkarr` crate: `tests/bench/resolve`.
//!
//! Both ask the same DHT on this machine for the same keys, in turn and one at a time, so that
//! whatever else the machine does falls on both. Ours is the real program, `pkarr resolve --stdin`,
//! and the time it reports, which includes finding the endpoints; theirs is the crate's client in
//! this process.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

use std::{
    io::{BufRead, BufReader, Lines, Write},
    net::Ipv4Addr,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use pkarr_crate::{Client, ResolvePolicy, errors::ResolveError};
use pkarr_host::{
    dht::{Dht, DhtConfig, Testnet},
    key::{KeyPair, PublicKey},
    publisher::{Changes, Publisher},
    resolver::Resolver,
    zone,
};

const NODES: usize = 10;
const DEFAULT_KEYS: usize = 30;
const ZONE: &str = "@ 300 A 203.0.113.7\n@ 300 HTTPS 1 . port=8443\nwww 300 CNAME @";

const HELP: &str = "\
Usage: tests/bench/resolve [--keys N]

Measures lookups of our program beside those of the pkarr crate's client, in one run, against the
same DHT on this machine and for the same keys:

  first     the key was never asked for; the network is asked (both have joined it before)
  repeated  the same key again, out of memory
  unknown   a key under which nothing is published

  --keys N  how many keys of each kind (30)

Machines are noisy: only the ratios within one run count.";

fn main() -> ExitCode {
    // Cargo adds --bench.
    let arguments: Vec<_> = std::env::args()
        .skip(1)
        .filter(|it| it != "--bench")
        .collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let keys = match arguments[..] {
        [] => Some(DEFAULT_KEYS),
        ["-h" | "--help", ..] => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["--keys", number] => number.parse().ok().filter(|number| *number > 0),
        _ => None,
    };
    let Some(keys) = keys else {
        eprintln!("--keys takes a number above 0, and there are no other options. Try --help.");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(compare(keys));
    ExitCode::SUCCESS
}

async fn compare(count: usize) {
    let net = Testnet::start(NODES).await.unwrap();
    let pairs: Vec<_> = (0..=count).map(|_| KeyPair::generate().unwrap()).collect();
    publish(net.bootstrap(), &pairs).await;
    let published: Vec<_> = pairs.iter().map(KeyPair::public).collect();
    let unknown: Vec<_> = (0..count)
        .map(|_| KeyPair::generate().unwrap().public())
        .collect();

    let folder = tempfile::tempdir().unwrap();
    let mut ours = Ours::start(net.bootstrap(), folder.path());
    let theirs = Theirs::start(net.bootstrap());
    // Joining the network is not measured: one key is for that.
    let (joining, asked) = published.split_first().unwrap();
    ours.resolve(joining, true);
    theirs.resolve(joining, true).await;

    println!("{count} keys of each kind, a DHT of {NODES} nodes on this machine; milliseconds\n");
    println!(
        "{:<9} {:>9} {:>9} {:>9} {:>9} {:>10} {:>10}",
        "", "ours p50", "theirs", "ours p90", "theirs", "ratio p50", "ratio p90"
    );
    for (name, keys, exists) in [
        ("first", asked, true),
        ("repeated", asked, true),
        ("unknown", &unknown[..], false),
    ] {
        let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
        for (turn, key) in keys.iter().enumerate() {
            // Neither is always the one that comes second.
            if turn % 2 == 0 {
                our_times.push(ours.resolve(key, exists));
            }
            their_times.push(theirs.resolve(key, exists).await);
            if turn % 2 == 1 {
                our_times.push(ours.resolve(key, exists));
            }
        }
        let [our_half, our_most] = quantiles(our_times);
        let [their_half, their_most] = quantiles(their_times);
        println!(
            "{name:<9} {our_half:>9.3} {their_half:>9.3} {our_most:>9.3} {their_most:>9.3} \
             {:>10.2} {:>10.2}",
            our_half / their_half,
            our_most / their_most
        );
    }
    println!("\nRatios are ours / theirs: below 1 we are faster. Machines are noisy, and only");
    println!("ratios within one run count.");
}

async fn publish(bootstrap: &[String], pairs: &[KeyPair]) {
    let dht = dht(bootstrap);
    let publisher = Publisher::new(dht.clone(), None, Resolver::new(dht));
    for pair in pairs {
        let records = zone::parse(ZONE, &pair.public()).unwrap();
        let changes = Changes::set(records);
        publisher.publish(pair, &changes).await.unwrap();
    }
}

fn dht(bootstrap: &[String]) -> Dht {
    Dht::new(DhtConfig {
        bootstrap: bootstrap.to_vec(),
        ..DhtConfig::default()
    })
}

/// The median and the ninth decile, in milliseconds.
fn quantiles(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort();
    [50, 90].map(|percent| {
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times[rank - 1].as_secs_f64() * 1000.0
    })
}

/// Our program, which answers a line for a line.
struct Ours {
    process: Child,
    names: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Ours {
    fn start(bootstrap: &[String], data: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_pkarr"))
            .args(["resolve", "--stdin", "--json", "--no-relays"])
            .args(["--bootstrap", &bootstrap.join(",")])
            .arg("--data-dir")
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            names: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()).lines(),
            process,
        }
    }

    fn resolve(&mut self, key: &PublicKey, exists: bool) -> Duration {
        writeln!(self.names, "{key}").unwrap();
        let line = self.answers.next().unwrap().unwrap();
        let answer: serde_json::Value = serde_json::from_str(&line).unwrap();
        let code = &answer["error"]["code"];
        assert!(
            if exists {
                code.is_null()
            } else {
                code == "no-record"
            },
            "{line}"
        );
        Duration::from_micros(answer["elapsed_us"].as_u64().unwrap())
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// The crate's client.
struct Theirs(Client);

impl Theirs {
    fn start(bootstrap: &[String]) -> Self {
        let client = Client::builder()
            .no_default_network()
            .bootstrap(bootstrap)
            .dht(|config| {
                config.bind_address = Some(Ipv4Addr::LOCALHOST);
                config
            })
            .build();
        Self(client.unwrap())
    }

    async fn resolve(&self, key: &PublicKey, exists: bool) -> Duration {
        let key = pkarr_crate::PublicKey::try_from(key.as_bytes()).unwrap();
        let started = Instant::now();
        let found = self.0.resolve(&key, ResolvePolicy::CacheFirst).await;
        let elapsed = started.elapsed();
        match found {
            Ok(_) => assert!(exists),
            Err(error) => assert!(
                !exists && matches!(error, ResolveError::NotFound),
                "{error}"
            ),
        }
        elapsed
    }
}
