//! How fast the DHT answers us, beside the `mainline` crate that the `pkarr` crate is made of:
//! `tests/bench/dht`.
//!
//! Both ask the same network in the same run, in turn, so that whatever else the machine does falls
//! on both. The network is in this process and its packets are real (tests/support/network); what it
//! does to them is drawn from a seed.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod accuracy;
mod client;
mod keys;
mod measure;
#[path = "../../tests/support/network/mod.rs"]
mod network;
mod table;
mod trace;

use std::process::ExitCode;

use network::{Network, Plan};

const HELP: &str = "\
Usage: tests/bench/dht [OPTIONS] [ideal | realistic]

Measures our lookups and publishing beside those of the mainline crate, which the pkarr crate is
made of, in one run and in the same network of nodes in this process:

  ideal       100 nodes that all answer at once
  realistic   500 nodes, 50 ± 20 ms each way, 1 % of packets lost, 20 % of nodes dead

Without either, in both. What is measured:

  cold start        a client that knows only four first nodes: from its beginning to the first item
  cold, remembered  the same with what a client before it remembered of the network
  warm              to the first item, in a network that was joined before
  newest            to the end of that search, when the newest item is known
  not found         a key under which nothing is
  publish           an item under a new key, stored and confirmed
  packets           sent a lookup, found and not
  accuracy          keys of which a third has two versions in the network: how often the newest is
                    found

  --nodes N      how many nodes, instead of those above
  --rounds N     how many times each is measured (40)
  --lanes N      how many pairs of clients measure at once in the realistic network (4)
  --keys N       how many keys the accuracy is measured with (500); 0 leaves it out
  --seed N       another network (1)
  --ours         only ours, without what it is compared with: to work on it
  --trace        what was sent in our slowest lookup of each kind, packet by packet

Machines are noisy: only the ratios within one run count. Takes some minutes.";

/// What the arguments ask for.
struct Asked {
    ideal: bool,
    realistic: bool,
    nodes: Option<usize>,
    rounds: usize,
    lanes: usize,
    keys: usize,
    seed: u64,
    ours_only: bool,
    trace: bool,
}

fn main() -> ExitCode {
    let mut asked = Asked {
        ideal: false,
        realistic: false,
        nodes: None,
        rounds: 40,
        lanes: 4,
        keys: 500,
        seed: 1,
        ours_only: false,
        trace: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = |least: usize| {
            let number = arguments.next().and_then(|it| it.parse().ok());
            number.filter(|number| *number >= least)
        };
        let understood = match argument.as_str() {
            // Cargo adds it.
            "--bench" => Some(()),
            "-h" | "--help" => {
                println!("{HELP}");
                return ExitCode::SUCCESS;
            }
            "ideal" => {
                asked.ideal = true;
                Some(())
            }
            "realistic" => {
                asked.realistic = true;
                Some(())
            }
            "--nodes" => number(10).map(|nodes| asked.nodes = Some(nodes)),
            "--rounds" => number(1).map(|rounds| asked.rounds = rounds),
            "--lanes" => number(1).map(|lanes| asked.lanes = lanes),
            "--keys" => number(0).map(|keys| asked.keys = keys),
            "--seed" => number(0).map(|seed| asked.seed = seed as u64),
            "--ours" => {
                asked.ours_only = true;
                Some(())
            }
            "--trace" => {
                asked.trace = true;
                Some(())
            }
            _ => None,
        };
        if understood.is_none() {
            eprintln!("I don’t understand {argument:?} or what follows it. Try --help.");
            return ExitCode::from(2);
        }
    }
    if !asked.ideal && !asked.realistic {
        (asked.ideal, asked.realistic) = (true, true);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run(&asked));
    ExitCode::SUCCESS
}

async fn run(asked: &Asked) {
    if asked.ideal {
        let plan = Plan {
            seed: asked.seed,
            ..Plan::ideal(asked.nodes.unwrap_or(100))
        };
        println!("ideal: {} nodes that all answer at once", plan.nodes);
        // Nothing takes time but the machine, which two at once would share.
        compare(asked, plan, 1, &table::IDEAL).await;
    }
    if asked.realistic {
        let plan = Plan {
            seed: asked.seed,
            ..Plan::realistic(asked.nodes.unwrap_or(500))
        };
        println!(
            "realistic: {} nodes, 50 ± 20 ms each way, 1 % of packets lost, 20 % of nodes dead",
            plan.nodes
        );
        compare(asked, plan, asked.lanes, &table::REALISTIC).await;
        if asked.keys > 0 {
            let net = Network::start(Plan {
                seed: asked.seed + 1,
                ..plan
            });
            accuracy::compare(&net, asked.keys, asked.ours_only).await;
        }
    }
    println!(
        "Ratios are ours / theirs: below 1 we are faster. Machines are noisy, and only ratios"
    );
    println!("within one run count.");
}

async fn compare(asked: &Asked, plan: Plan, lanes: usize, goals: &[table::Goal]) {
    println!(
        "{} rounds, seed {}; milliseconds\n",
        asked.rounds, asked.seed
    );
    let net = Network::start(plan);
    let measured = measure::all(&net, asked, lanes).await;
    table::print(&measured, goals);
    if asked.trace {
        measured.traces.print();
    }
    println!();
}
