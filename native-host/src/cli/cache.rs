//! `pkarr cache`: what is remembered, and forgetting it.

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::Output;
use crate::{
    dht::Dht,
    problem::{Code, Problem},
    settings::Settings,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show how much is remembered
    Stats {
        /// One line of JSON: {"file", "bytes", "keys", "floors", "history", "kept"}
        #[arg(long)]
        json: bool,
    },
    /// Forget all packets and their history. How new each key’s newest packet was stays, so that
    /// nobody can bring back an older one; kept keys stay, too
    Clear {
        /// One line of JSON: {"cleared"}
        #[arg(long)]
        json: bool,
    },
}

impl Arguments {
    pub(super) fn json(&self) -> bool {
        match &self.command {
            Command::Stats { json } | Command::Clear { json } => *json,
        }
    }
}

pub(super) async fn run(
    arguments: Arguments,
    settings: &Settings,
    output: &Output,
) -> Result<(), Problem> {
    let cache = settings.cache();
    let stats = cache.stats();
    match arguments.command {
        Command::Stats { .. } if output.is_json() => output.json(&json!({
            "file": stats.file,
            "bytes": stats.bytes,
            "keys": stats.keys,
            "floors": stats.floors,
            "history": stats.history,
            "kept": stats.kept,
        })),
        Command::Stats { .. } => {
            match &stats.file {
                Some(file) => output.line(file.display()),
                None => output.line("in memory only: the file can’t be used"),
            }
            output.line(format_args!(
                "{} of at most {} keys remembered, {} earlier packets, {} KiB on disk",
                stats.keys,
                settings.cache_size,
                stats.history,
                stats.bytes.div_ceil(1024)
            ));
            output.line(format_args!(
                "{} keys can’t be rolled back, {} are kept published",
                stats.floors, stats.kept
            ));
        }
        Command::Clear { .. } => {
            cache.clear().await?;
            let forgotten = Dht::new(settings.dht()).forget_keys().await;
            forgotten.map_err(|error| Problem::new(Code::Internal, error))?;
            if output.is_json() {
                output.json(&json!({ "cleared": stats.keys }));
            } else {
                output.line(format_args!("{} keys forgotten", stats.keys));
            }
        }
    }
    Ok(())
}
