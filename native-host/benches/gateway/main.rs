//! What the gateway costs, beside going to the site at once and through ordinary proxies:
//! `tests/bench/gateway`.
//!
//! All ways are measured in one run and in turns, so that whatever else the machine does falls on
//! all of them. The gateway is the real program in a DHT on this machine, with a key that is
//! published there; the others are given the site's address. Client and site are in this process.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod client;
mod measure;
mod programs;
mod site;
mod table;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use client::Way;
use measure::{Measured, Memory};
use pkarr_host::{
    authority::Roots,
    dht::{Dht, DhtConfig},
    key::KeyPair,
    publisher::{Changes, Publisher},
    resolver::Resolver,
    zone,
};
use programs::Program;

const HELP: &str = "\
Usage: tests/bench/gateway [--https] [--program PATH]

Measures the gateway beside a direct connection and beside tinyproxy and squid, in one run on
loopback:

  warm request     one after the other on a connection that is kept
  new connection   one request on a connection of its own, from connecting to the end
  download         one body of 1 GiB
  requests/s       64 connections at once
  memory           how much the program grows for each of 500 idle connections and tunnels that
                   have had one request

  --https          also https:// through the gateway: TLS from the client inside of CONNECT, and
                   TLS with the key to the site
  --program PATH   another build of pkarr than the one just made

tinyproxy and squid are left out where they are not installed; as root the script installs them.
Machines are noisy: only the ratios within one run count.";

/// What the arguments ask for.
struct Asked {
    https: bool,
    program: PathBuf,
}

fn main() -> ExitCode {
    let mut asked = Asked {
        https: false,
        program: env!("CARGO_BIN_EXE_pkarr").into(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), &mut asked) {
            // Cargo adds it.
            ("--bench", _) => {}
            ("-h" | "--help", _) => {
                println!("{HELP}");
                return ExitCode::SUCCESS;
            }
            ("--https", asked) => asked.https = true,
            ("--program", asked) => match arguments.next() {
                Some(path) => asked.program = path.into(),
                None => return misused("--program takes a path."),
            },
            _ => return misused("There is no such option."),
        }
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(compare(&asked));
    ExitCode::SUCCESS
}

fn misused(what: &str) -> ExitCode {
    eprintln!("{what} Try --help.");
    ExitCode::from(2)
}

/// Starts the programs afresh.
struct World {
    program: PathBuf,
    bootstrap: Vec<String>,
    data: PathBuf,
    folder: PathBuf,
    _testnet: Program,
}

/// A program that is measured, with the ways through it.
struct Proxy {
    name: &'static str,
    start: fn(&World) -> Option<Program>,
    /// The authority by which the site is reached.
    authority: String,
}

async fn compare(asked: &Asked) {
    let folder = tempfile::tempdir().unwrap();
    let pair = KeyPair::generate().unwrap();
    let plain = site::start(None).await;
    let secure = site::start(Some(&pair)).await;
    let (testnet, bootstrap) = programs::testnet(&asked.program);
    publish(&bootstrap, &pair, secure).await;
    let world = World {
        program: asked.program.clone(),
        bootstrap,
        data: folder.path().join("data"),
        folder: folder.path().to_owned(),
        _testnet: testnet,
    };
    let trust = asked.https.then(|| root(&world.data));
    let host = format!("secure.{}", pair.public());

    let address = format!("127.0.0.1:{plain}");
    let proxies = [
        Proxy {
            name: "gateway",
            start: |world| {
                Some(programs::gateway(
                    &world.program,
                    &world.bootstrap,
                    &world.data,
                ))
            },
            authority: format!("{}:{plain}", pair.public()),
        },
        Proxy {
            name: "tinyproxy",
            start: |world| programs::tinyproxy(&world.folder),
            authority: address.clone(),
        },
        Proxy {
            name: "squid",
            start: |world| programs::squid(&world.folder),
            authority: address.clone(),
        },
    ];

    let mut columns = vec![Measured::new(
        "direct",
        Way::Direct {
            site: address.parse().unwrap(),
        },
    )];
    let mut running = Vec::new();
    for proxy in &proxies {
        let Some(program) = (proxy.start)(&world) else {
            continue;
        };
        let (at, authority) = (program.address, proxy.authority.clone());
        columns.push(Measured::new(
            proxy.name,
            Way::Proxy {
                proxy: at,
                authority,
            },
        ));
        if let Some(trust) = trust.clone().filter(|_| proxy.name == "gateway") {
            let host = host.clone();
            columns.push(Measured::new(
                "https",
                Way::Https {
                    proxy: at,
                    host,
                    trust,
                },
            ));
        }
        running.push(program);
    }
    measure::speed(&mut columns).await;
    drop(running);

    // Memory is measured in processes that have done nothing before.
    for column in &mut columns {
        let name = if column.name == "https" {
            "gateway"
        } else {
            column.name
        };
        let Some(proxy) = proxies.iter().find(|proxy| proxy.name == name) else {
            continue;
        };
        for kind in [Memory::Idle, Memory::Tunnel] {
            let Some(program) = (proxy.start)(&world) else {
                continue;
            };
            let (at, authority) = (program.address, proxy.authority.clone());
            let way = match (&column.way, kind) {
                // All of https is tunnels.
                (Way::Https { .. }, Memory::Idle) => continue,
                (Way::Https { host, trust, .. }, Memory::Tunnel) => {
                    let (host, trust) = (host.clone(), trust.clone());
                    Way::Https {
                        proxy: at,
                        host,
                        trust,
                    }
                }
                (_, Memory::Idle) => Way::Proxy {
                    proxy: at,
                    authority,
                },
                (_, Memory::Tunnel) => Way::Tunnel {
                    proxy: at,
                    authority,
                },
            };
            column.memory(kind, &way, &program).await;
        }
    }
    table::print(&columns);
}

async fn publish(bootstrap: &[String], pair: &KeyPair, secure: u16) {
    let text = format!("@ A 127.0.0.1\nsecure HTTPS 1 . port={secure}\nsecure A 127.0.0.1");
    let records = zone::parse(&text, &pair.public()).unwrap();
    let dht = Dht::new(DhtConfig {
        bootstrap: bootstrap.to_vec(),
        ..DhtConfig::default()
    });
    Publisher::new(dht.clone(), None, Resolver::new(dht))
        .publish(pair, &Changes::set(records))
        .await
        .unwrap();
}

/// Makes the root that the gateway will find in its folder, and trusts it.
fn root(data: &Path) -> tokio_rustls::TlsConnector {
    let root = Roots::new(data.join("https")).create().unwrap();
    client::trust(root.certificate_der().clone())
}
