//! `pkarr key`: make a key, show its public half, bring one from elsewhere, hand it on.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    output::{FAINT, Output, STRONG},
    passphrase::Passphrase,
};
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
        #[command(flatten)]
        common: Common,
        /// Lock the file with a passphrase
        #[arg(long)]
        lock: bool,
    },
    /// Show the public half of the key in a file: the name
    Show {
        /// The key file
        file: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Take a key from a file of another program into a key file of your own
    Import {
        /// 64 hexadecimal digits or 52 characters of z-base-32, as pkdns-cli writes them
        from: PathBuf,
        /// The file to make; `<key>.key` here when left out. Nothing is ever written over
        file: Option<PathBuf>,
        #[command(flatten)]
        common: Common,
        /// Lock the file with a passphrase
        #[arg(long)]
        lock: bool,
    },
    /// Write the secret itself to standard output, as 64 hexadecimal digits
    Export {
        /// The key file
        file: PathBuf,
        #[command(flatten)]
        common: Common,
        /// Yes, the secret: whoever reads it owns the name
        #[arg(long, required = true)]
        secret: bool,
    },
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    passphrase: Passphrase,
    /// One line of JSON: {"key", "uri", "file"}, with export also "secret"
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) fn json(&self) -> bool {
        match &self.command {
            Command::New { common, .. }
            | Command::Show { common, .. }
            | Command::Import { common, .. }
            | Command::Export { common, .. } => common.json,
        }
    }
}

pub(super) fn run(arguments: Arguments, output: &Output) -> Result<(), Problem> {
    match arguments.command {
        Command::New { file, common, lock } => {
            let pair = KeyPair::generate().map_err(|error| Problem::new(Code::Internal, error))?;
            make(&pair, file, lock, &common, output)
        }
        Command::Import {
            from,
            file,
            common,
            lock,
        } => {
            let pair = keystore::read(&from, || common.passphrase.ask())?;
            make(&pair, file, lock, &common, output)
        }
        Command::Show { file, common } => {
            let pair = keystore::read(&file, || common.passphrase.ask())?;
            show(&pair, &file, output);
            Ok(())
        }
        Command::Export { file, common, .. } => {
            let pair = keystore::read(&file, || common.passphrase.ask())?;
            let secret = keystore::hex(&pair);
            if output.is_json() {
                output.json(&json!({
                    "key": pair.public().to_string(),
                    "uri": pair.public().to_uri(),
                    "file": file.display().to_string(),
                    "secret": secret.as_str(),
                }));
            } else {
                output.line(secret.as_str());
            }
            Ok(())
        }
    }
}

fn make(
    pair: &KeyPair,
    file: Option<PathBuf>,
    lock: bool,
    common: &Common,
    output: &Output,
) -> Result<(), Problem> {
    let file = file.unwrap_or_else(|| format!("{}.key", pair.public()).into());
    let passphrase =
        if lock {
            let chosen = common.passphrase.choose();
            Some(chosen.map_err(|error| {
                Problem::new(Code::BadRequest, format!("no passphrase: {error}"))
            })?)
        } else {
            None
        };
    keystore::create(&file, pair, passphrase.as_ref().map(|text| text.as_str()))?;
    show(pair, &file, output);
    if !output.is_json() {
        output.line(format_args!(
            "{FAINT}The secret is in {}. Whoever has that file{} owns the name; keep a copy of it.{FAINT:#}",
            file.display(),
            if lock { " and its passphrase" } else { "" }
        ));
    }
    Ok(())
}

fn show(pair: &KeyPair, file: &std::path::Path, output: &Output) {
    let key = pair.public();
    if output.is_json() {
        output.json(&json!({
            "key": key.to_string(),
            "uri": key.to_uri(),
            "file": file.display().to_string(),
        }));
    } else {
        output.line(format_args!("{STRONG}{}{STRONG:#}", key.to_uri()));
    }
}

impl From<KeyFileError> for Problem {
    fn from(error: KeyFileError) -> Self {
        Problem::new(Code::BadRequest, error)
    }
}
