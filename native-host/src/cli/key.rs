//! `pkarr key`: make a key, show its public half.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{FAINT, Output, STRONG};
use crate::{
    key::KeyPair,
    keystore::{self, KeyFileError},
    problem::{Code, Problem},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new key and keep its secret in a file that only you can read
    New {
        /// The file to make; `<key>.key` here when left out. Nothing is ever written over
        file: Option<PathBuf>,
        /// One line of JSON: {"key", "uri", "file"}
        #[arg(long)]
        json: bool,
    },
    /// Show the public half of the key in a file: the name
    Show {
        /// The key file
        file: PathBuf,
        /// One line of JSON: {"key", "uri", "file"}
        #[arg(long)]
        json: bool,
    },
}

impl Arguments {
    pub(super) fn json(&self) -> bool {
        match &self.command {
            Command::New { json, .. } | Command::Show { json, .. } => *json,
        }
    }
}

pub(super) fn run(arguments: Arguments, output: &Output) -> Result<(), Problem> {
    let (pair, file, made) = match arguments.command {
        Command::New { file, .. } => {
            let pair = KeyPair::generate().map_err(|error| Problem::new(Code::Internal, error))?;
            let file = file.unwrap_or_else(|| format!("{}.key", pair.public()).into());
            keystore::create(&file, &pair)?;
            (pair, file, true)
        }
        Command::Show { file, .. } => (keystore::read(&file)?, file, false),
    };
    let key = pair.public();
    if output.is_json() {
        output.json(&json!({
            "key": key.to_string(),
            "uri": key.to_uri(),
            "file": file.display().to_string(),
        }));
        return Ok(());
    }
    output.line(format_args!("{STRONG}{}{STRONG:#}", key.to_uri()));
    if made {
        output.line(format_args!(
            "{FAINT}The secret is in {}. Whoever has that file owns the name; keep a copy of it.{FAINT:#}",
            file.display()
        ));
    }
    Ok(())
}

impl From<KeyFileError> for Problem {
    fn from(error: KeyFileError) -> Self {
        Problem::new(Code::BadRequest, error)
    }
}
