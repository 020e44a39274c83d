//! What the server costs beside the least that could send the same bytes, and what it takes:
//! `tests/bench/serve`.
//!
//! All is measured in one run and in turns, so that whatever else the machine does falls on all of
//! them. Servers are in processes of their own.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod bare;
mod burst;
mod dns;
mod memory;
mod relay;
mod world;

use std::{
    io::{self, Read},
    process::ExitCode,
};

use data_encoding::HEXLOWER;

const HELP: &str = "\
Usage: tests/bench/serve [--only PART] [--packets N]

Measures the server in one run on loopback:

  memory   answers from memory, 64 at a time: the relay beside bare hyper that sends the same body
           and beside pkarr-relay (logs off), DNS over UDP and TCP beside a bare echo, DNS over
           HTTPS (here without TLS) beside bare hyper
  burst    64 packets put at once, and how long known keys take while 1000 unknown ones are asked for
  disk     a million packets (or N) in the cache: memory, start, answers from disk

Machines are noisy: only the ratios within one run count.";

/// How many packets the cache is to hold.
const PACKETS: u64 = 1_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [bare::FLAG, name, answer] = arguments[..] {
        be(name, answer);
        return ExitCode::SUCCESS;
    }
    let (mut only, mut packets) = (None, PACKETS);
    let mut rest = arguments.into_iter();
    while let Some(argument) = rest.next() {
        match argument {
            // Cargo adds it.
            "--bench" => {}
            "-h" | "--help" => {
                println!("{HELP}");
                return ExitCode::SUCCESS;
            }
            "--only" => match rest.next() {
                Some(part @ ("memory" | "burst" | "disk")) => only = Some(part),
                _ => return misused("--only takes memory, burst or disk."),
            },
            "--packets" => match rest.next().and_then(|number| number.parse().ok()) {
                Some(number @ 1..) => packets = number,
                _ => return misused("--packets takes a number."),
            },
            _ => return misused("There is no such option."),
        }
    }
    let wanted = |part| only.is_none_or(|only| only == part);
    if wanted("memory") {
        println!(
            "{:<18}{:>12}{:>12}{:>8}{:>8}{:>20}",
            "", "ours/s", "other/s", "ratio", "goal", "µs of CPU each"
        );
        for row in relay::rows().into_iter().chain(dns::rows()) {
            let goal = row.goal.map_or(String::new(), |goal| format!("≥ {goal}"));
            let worked = row.worked.map_or(String::new(), |[ours, bare]| {
                format!("{ours:.1} : {bare:.1} = {:.2}", bare / ours)
            });
            println!(
                "{:<18}{:>12.0}{:>12.0}{:>8.2}{:>8}{:>20}",
                row.name, row.ours, row.bare, row.ratio, goal, worked
            );
        }
    }
    if wanted("burst") {
        burst::print();
    }
    if wanted("disk") {
        memory::print(packets);
    }
    ExitCode::SUCCESS
}

/// Is a peer until the input ends.
#[tokio::main]
async fn be(name: &str, answer: &str) {
    let answer = HEXLOWER.decode(answer.as_bytes()).unwrap();
    let is = bare::be(name, &answer).await || relay::be(name, &answer).await;
    assert!(is, "no peer {name}");
    let ended = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    _ = ended.await.unwrap();
    std::process::exit(0);
}

fn misused(what: &str) -> ExitCode {
    eprintln!("{what} Try --help.");
    ExitCode::from(2)
}
