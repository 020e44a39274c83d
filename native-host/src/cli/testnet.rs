//! `pkarr testnet`: a DHT on this machine.

use clap::Args;
use serde_json::json;

use super::{output::Output, stop};
use crate::{
    dht::Testnet,
    problem::{Code, Problem},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How many nodes to run
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=1000))]
    nodes: u16,
    /// One line of JSON when it runs: {"bootstrap", "nodes"}
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(arguments: Arguments, output: &Output) -> Result<(), Problem> {
    let testnet = {
        let _progress = output.progress("starting nodes");
        Testnet::start(arguments.nodes.into())
            .await
            .map_err(|error| Problem::new(Code::Internal, error))?
    };
    let bootstrap = testnet.bootstrap();
    if output.is_json() {
        output.json(&json!({ "bootstrap": bootstrap, "nodes": arguments.nodes }));
    } else {
        output.line(format_args!(
            "A DHT of {} nodes runs on this machine. To use it:",
            arguments.nodes
        ));
        let some = bootstrap.get(..3.min(bootstrap.len())).unwrap_or_default();
        output.line(format_args!("  export PKARR_BOOTSTRAP={}", some.join(",")));
        output.line("Ctrl-C stops it.");
    }
    stop::asked().await;
    Ok(())
}
