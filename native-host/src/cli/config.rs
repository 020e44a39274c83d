//! `pkarr config`: the settings that hold, wherever they come from, and the file with those that
//! were chosen.

use clap::{Args, Subcommand, builder::PossibleValuesParser, builder::TypedValueParser};
use serde_json::json;

use super::output::Output;
use crate::{
    problem::{Code, Problem},
    settings::{Change, Configuration, Name, SettingsError},
};

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
    /// Change a setting in the configuration file, which keeps its comments and its order
    ///
    /// It holds for programs that start after that.
    #[command(after_long_help = SET_HELP)]
    Set {
        /// The setting
        #[arg(value_name = "NAME", value_parser = name_parser())]
        name: Name,
        /// Its value, or all values of a list; relays without any are switched off
        #[arg(value_name = "VALUE")]
        values: Vec<String>,
        /// One line of JSON: the settings that hold then
        #[arg(long)]
        json: bool,
    },
    /// Take a setting out of the configuration file, so that it is as if nobody had chosen it
    Unset {
        /// The setting
        #[arg(value_name = "NAME", value_parser = name_parser())]
        name: Name,
        /// One line of JSON: the settings that hold then
        #[arg(long)]
        json: bool,
    },
    /// Show where the configuration file is, whether or not it exists
    Path {
        /// One line of JSON: {"config"}
        #[arg(long)]
        json: bool,
    },
}

const SET_HELP: &str = "\
Examples:
  pkarr config set relays https://relay.example https://other.example
  pkarr config set cache-size 50000
  pkarr config set stale false";

fn name_parser() -> impl TypedValueParser<Value = Name> {
    PossibleValuesParser::new(Name::ALL.map(Name::as_str)).try_map(|text| text.parse::<Name>())
}

impl Arguments {
    pub(super) fn json(&self) -> bool {
        match &self.command {
            Command::Show { json }
            | Command::Set { json, .. }
            | Command::Unset { json, .. }
            | Command::Path { json } => *json,
        }
    }
}

pub(super) fn run(
    arguments: Arguments,
    configuration: &Configuration,
    output: &Output,
) -> Result<(), Problem> {
    let change = match arguments.command {
        Command::Show { .. } => return show(configuration, output),
        Command::Path { .. } => {
            let path = configuration.file().ok_or(SettingsError::NoFile)?;
            if output.is_json() {
                output.json(&json!({ "config": path }));
            } else {
                output.line(path.display());
            }
            return Ok(());
        }
        Command::Set { name, values, .. } => Change::Set(name, values),
        Command::Unset { name, .. } => Change::Unset(name),
    };
    let settings = configuration.change(std::slice::from_ref(&change))?;
    if output.is_json() {
        output.json(&settings);
        return Ok(());
    }
    if let Some(file) = configuration.file() {
        output.line(format_args!("{} is changed", file.display()));
    }
    let (Change::Set(name, _) | Change::Unset(name)) = change;
    if configuration.fixed().contains(&name) {
        output.line(format_args!(
            "but for now an option or the environment decides about {name}"
        ));
    }
    Ok(())
}

fn show(configuration: &Configuration, output: &Output) -> Result<(), Problem> {
    let settings = configuration.settings()?;
    if output.is_json() {
        output.json(&settings);
        return Ok(());
    }
    let text = toml::to_string(&settings).map_err(|error| Problem::new(Code::Internal, error))?;
    output.line(text.trim_end());
    Ok(())
}
