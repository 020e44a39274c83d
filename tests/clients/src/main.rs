//! The `pkarr` crate's relay client against `pkarr serve`: `tests/run clients`.
//!
//! Takes the program's path as its argument, starts a DHT and a server with it, and ends with 0 when
//! the client's every answer was right.

use std::{
    error::Error,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use pkarr::{Client, Keypair, ResolvePolicy, SignedPacket};
use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A program that ends with it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Starts a command that says one line of JSON when it is ready.
fn start(command: &mut Command) -> Outcome<(Running, Value)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("no output")?;
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok((running, serde_json::from_str(&line)?))
}

/// A client that knows this relay, no DHT, and nothing from before.
fn client(url: &str) -> Outcome<Client> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let client = Client::builder()
        .no_default_network()
        .relays(&[url])?
        .reqwest_client(http)
        .relay_request_timeout(Duration::from_secs(60))
        .build()?;
    Ok(client)
}

fn packet(keypair: &Keypair, text: &str) -> Outcome<SignedPacket> {
    let packet = SignedPacket::builder()
        .txt("_test".try_into()?, text.try_into()?, 600)
        .sign(keypair)?;
    Ok(packet)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let program = std::env::args()
        .nth(1)
        .ok_or("the path of pkarr is wanted")?;
    let folder = tempfile::tempdir()?;
    let (_net, told) = start(Command::new(&program).args(["testnet", "--json"]))?;
    let nodes: Vec<&str> = told["bootstrap"]
        .as_array()
        .ok_or("no nodes")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let (_serve, told) = start(
        Command::new(&program)
            .args(["serve", "--json", "--listen", "127.0.0.1:0"])
            .args([
                "--dns-listen",
                "127.0.0.1:0",
                "--bootstrap",
                &nodes.join(","),
            ])
            .env("HOME", folder.path())
            .arg("--data-dir")
            .arg(folder.path().join(Path::new("data"))),
    )?;
    let url = format!("http://{}/", told["http"][0].as_str().ok_or("no address")?);

    let keypair = Keypair::random();
    let key = keypair.public_key();
    let first = packet(&keypair, "first")?;
    let writer = client(&url)?;
    let nodes = writer.publish(&first).await?;
    assert!(nodes >= 1, "stored on {nodes} nodes");
    for policy in [
        ResolvePolicy::CacheFirst,
        ResolvePolicy::NetworkOnly,
        ResolvePolicy::CacheOnly,
    ] {
        let found = client(&url)?.resolve(&key, policy).await?;
        assert_eq!(found.as_bytes(), first.as_bytes(), "{policy}");
    }
    let second = packet(&keypair, "second")?;
    writer.publish(&second).await?;
    // Whoever was away and writes something older is told, and finds what is newest.
    let late = client(&url)?;
    assert!(
        late.publish(&first).await.is_err(),
        "an older packet was taken"
    );
    let found = late.resolve(&key, ResolvePolicy::NetworkOnly).await?;
    assert_eq!(found.as_bytes(), second.as_bytes());
    let nobody = Keypair::random().public_key();
    let nothing = late.resolve(&nobody, ResolvePolicy::CacheFirst).await;
    assert!(nothing.is_err(), "a packet of nobody");
    println!("The pkarr crate's relay client: every answer was right.");
    Ok(())
}
