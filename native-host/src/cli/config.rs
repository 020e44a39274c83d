//! `pkarr config`: the settings that hold, wherever they come from.

use clap::{Args, Subcommand};

use super::{options::Settings, output::Output};
use crate::problem::{Code, Problem};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the settings as they hold now, in the form of the configuration file
    Show {
        /// One line of JSON
        #[arg(long)]
        json: bool,
    },
}

impl Arguments {
    pub(super) fn json(&self) -> bool {
        let Command::Show { json } = &self.command;
        *json
    }
}

pub(super) fn run(settings: &Settings, output: &Output) -> Result<(), Problem> {
    if output.is_json() {
        output.json(settings);
        return Ok(());
    }
    let text = toml::to_string(settings).map_err(|error| Problem::new(Code::Internal, error))?;
    output.line(text.trim_end());
    Ok(())
}
