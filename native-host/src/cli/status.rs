//! `pkarr status`: how the network and this machine's part in it are doing.

use std::time::SystemTime;

use clap::Args;
use futures_util::StreamExt;
use serde_json::json;

use super::output::{Output, STRONG, ago};
use crate::{
    key::KeyPair,
    problem::{Code, Problem},
    relays::RelayPolicy,
    settings::Settings,
    view,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One line of JSON: {"version", "dht", "relays", "kept", "cache", "dataDir"}
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(
    _arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let services = settings.services()?;
    let (dht, relays) = {
        let _progress = output.progress("asking the DHT and the relays");
        let relays = async {
            if let Some(relays) = services.resolver.relays() {
                // A key that nobody has: every relay that works has to say so.
                let key = KeyPair::generate()
                    .map_err(|error| Problem::new(Code::Internal, error))?
                    .public();
                relays
                    .get_all(&key, None, RelayPolicy::CacheFirst)
                    .for_each(async |_| {})
                    .await;
            }
            Ok::<_, Problem>(services.resolver.relay_statuses())
        };
        let (dht, relays) = tokio::join!(services.dht.probe(), relays);
        (dht, relays?)
    };
    let kept = services.resolver.cache().kept()?;
    let stats = services.resolver.cache().stats();
    let now = SystemTime::now();
    if output.is_json() {
        let dht = match &dht {
            Ok(info) => json!({
                "reachable": info.bootstrapped,
                "nodes": info.nodes,
                "firewalled": info.firewalled,
                "publicAddress": info.public_address,
            }),
            Err(error) => json!({ "reachable": false, "error": error.to_string() }),
        };
        let relays: Vec<_> = relays
            .iter()
            .map(|relay| {
                json!({
                    "url": relay.url,
                    "reachable": relay.last_error.is_none() && relay.last_success.is_some(),
                    "latencyMs": relay.latency.map(|latency| latency.as_millis()),
                    "error": relay.last_error.as_ref().map(|(_, error)| error.to_string()),
                })
            })
            .collect();
        let kept: Vec<_> = kept
            .iter()
            .map(|kept| {
                json!({
                    "key": kept.item.key().to_string(),
                    "storedNodes": kept.stored,
                    "lastAt": kept.last_put_at.map(view::unix_millis),
                })
            })
            .collect();
        output.json(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "dht": dht,
            "relays": relays,
            "kept": kept,
            "cache": { "keys": stats.keys, "bytes": stats.bytes },
            "dataDir": settings.data_dir,
        }));
        return Ok(());
    }
    match &dht {
        Ok(info) if info.bootstrapped => output.line(format_args!(
            "{STRONG}DHT{STRONG:#}      reachable, about {} nodes{}{}",
            info.nodes,
            info.public_address
                .map(|address| format!(", seen from outside as {address}"))
                .unwrap_or_default(),
            if info.firewalled {
                ", behind a firewall"
            } else {
                ""
            },
        )),
        Ok(_) => output.line(format_args!("{STRONG}DHT{STRONG:#}      no node answers")),
        Err(error) => output.line(format_args!("{STRONG}DHT{STRONG:#}      {error}")),
    }
    if relays.is_empty() {
        output.line(format_args!("{STRONG}relays{STRONG:#}   none in use"));
    }
    for relay in &relays {
        let how = match (&relay.last_error, relay.latency) {
            (Some((_, error)), _) => error.to_string(),
            (None, Some(latency)) => format!("answers in {} ms", latency.as_millis()),
            (None, None) => "not asked".to_owned(),
        };
        output.line(format_args!(
            "{STRONG}relay{STRONG:#}    {} {how}",
            relay.url
        ));
    }
    output.line(format_args!(
        "{STRONG}cache{STRONG:#}    {} keys, {} KiB",
        stats.keys,
        stats.bytes.div_ceil(1024)
    ));
    output.line(format_args!(
        "{STRONG}kept{STRONG:#}     {} keys",
        kept.len()
    ));
    for kept in &kept {
        let last = match (kept.last_put_at, kept.stored) {
            (Some(at), Some(nodes)) => format!("put {} on {nodes} nodes", ago(at, now)),
            _ => "not put yet".to_owned(),
        };
        output.line(format_args!("         {} {last}", kept.item.key().to_uri()));
    }
    output.line(format_args!(
        "{STRONG}data{STRONG:#}     {}",
        settings.data_dir.display()
    ));
    Ok(())
}
