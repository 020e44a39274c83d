//! Where passphrases come from: a file that is named, else the person at the terminal.

use std::{
    fs,
    io::{self, IsTerminal},
    path::PathBuf,
};

use clap::Args;
use zeroize::Zeroizing;

/// How a passphrase is given.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Passphrase {
    /// Read the passphrase of a locked key file from this file instead of asking for it
    #[arg(long, env = "PKARR_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Passphrase {
    /// The passphrase of a locked key.
    pub(super) fn ask(&self) -> io::Result<Zeroizing<String>> {
        self.get("Passphrase: ")
    }

    /// A passphrase to lock a key with: asked twice where a person types it.
    pub(super) fn choose(&self) -> io::Result<Zeroizing<String>> {
        let chosen = self.get("New passphrase: ")?;
        if self.passphrase_file.is_none() && *self.get("The same again: ")? != *chosen {
            return Err(io::Error::other("the two are not the same"));
        }
        if chosen.is_empty() {
            return Err(io::Error::other("it is empty"));
        }
        Ok(chosen)
    }

    fn get(&self, prompt: &str) -> io::Result<Zeroizing<String>> {
        if let Some(path) = &self.passphrase_file {
            let text = Zeroizing::new(fs::read_to_string(path)?);
            return Ok(Zeroizing::new(
                text.trim_end_matches(['\r', '\n']).to_owned(),
            ));
        }
        if !io::stdin().is_terminal() {
            return Err(io::Error::other(
                "there is no terminal to ask at; use --passphrase-file",
            ));
        }
        rpassword::prompt_password(prompt).map(Zeroizing::new)
    }
}
