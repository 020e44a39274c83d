//! `pkarr daemon`: keeps keys published without a browser.

use std::{net::SocketAddr, time::SystemTime};

use clap::Args;
use serde_json::json;

use super::{
    output::{Output, ago},
    stop,
};
use crate::{
    problem::{Code, Problem},
    publisher::keeper::{Keeper, Republished},
    settings::Settings,
    view,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Answer questions of the DHT's other nodes and keep items for them, on a public address;
    /// without one, on port 6881 of every address
    #[arg(long, value_name = "ADDR:PORT")]
    dht_server: Option<Option<SocketAddr>>,
    /// One line of JSON for each key that is put: {"key", "storedNodes", "renewed", "nextAt",
    /// "error"}
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let config = match arguments.dht_server {
        None => settings.dht(),
        Some(address) => settings.dht().serving_at(address),
    };
    let serves = config.server.is_some();
    let services = settings.services_in(config)?;
    if serves {
        let addresses = services.dht.local_addresses().await;
        let addresses = addresses.map_err(|error| Problem::new(Code::BadRequest, error))?;
        if !output.is_json() {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            output.line(format_args!(
                "A node of the DHT at {}.",
                addresses.join(" and ")
            ));
        }
    }
    services.dht.start();
    let keeper = Keeper::new(services.publisher, settings.external());
    if !output.is_json() {
        let count = services.resolver.cache().kept()?.len();
        output.line(format_args!(
            "Keeping {count} keys published. Ctrl-C stops it."
        ));
    }
    tokio::select! {
        () = keeper.run(|done| tell(done, *output)) => {}
        () = stop::asked() => {}
    }
    keeper.release().await;
    Ok(())
}

fn tell(done: &Republished, output: Output) {
    let nodes = done.outcome.as_ref().map(|stored| stored.nodes());
    if output.is_json() {
        output.json(&json!({
            "key": done.key.to_string(),
            "storedNodes": nodes.as_ref().ok(),
            "renewed": done.renewed,
            "nextAt": view::unix_millis(done.next_at),
            "error": nodes.as_ref().err().map(ToString::to_string),
        }));
        return;
    }
    let next = ago(done.next_at, SystemTime::now());
    let what = match nodes {
        Ok(nodes) if done.renewed => format!("signed anew and stored on {nodes} nodes"),
        Ok(nodes) => format!("stored on {nodes} nodes"),
        Err(error) => format!("not stored: {error}"),
    };
    output.line(format_args!("{} {what}, again {next}", done.key.to_uri()));
}
