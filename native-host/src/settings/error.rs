//! Why there are no settings, or why they can't be changed.

use std::{io, net::AddrParseError, path::PathBuf, str::ParseBoolError};

use super::Name;
use crate::{
    key::KeyError,
    problem::{Code, Problem},
    relays::RelayError,
};

/// Why there are no settings, or why they can't be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file is no TOML, or has a setting that there is not, or of another type.
    #[error("the configuration file {file} is wrong: {reason}")]
    Syntax {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the line.
        reason: String,
    },
    /// A setting's value makes no sense.
    #[error("{name}: {mistake}")]
    Value {
        /// The setting.
        name: Name,
        /// What is wrong with it.
        mistake: Mistake,
    },
    /// There is no such setting.
    #[error("there is no setting {0:?}; `pkarr config show` shows those there are")]
    Unknown(String),
    /// The system refuses to read the file.
    #[error("can’t read the configuration file {file}: {source}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system refuses to write the file.
    #[error("can’t write the configuration file {file}: {source}")]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others change the file all the time.
    #[error("the configuration file {0} is being changed by another program; try again")]
    Busy(PathBuf),
    /// There is nowhere to keep data.
    #[error("no home folder is known: name a folder with --data-dir")]
    NoHome,
    /// There is no file to change.
    #[error("no home folder is known: name a configuration file with --config")]
    NoFile,
}

/// What is wrong with a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// Not the address of a node.
    #[error("{0:?} is not a node of the DHT; write it as HOST:PORT")]
    Node(String),
    /// No address at all.
    #[error("{text:?} is not the address of a relay: {source}")]
    Url {
        /// What was written.
        text: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// An address, but not of a relay; or too many.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// Not a key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Neither true nor false.
    #[error(transparent)]
    Flag(#[from] ParseBoolError),
    /// Not a number between the bounds.
    #[error("{text:?} is not a number from {least} to {most}")]
    Number {
        /// What was written.
        text: String,
        /// The least that makes sense.
        least: u64,
        /// The most that makes sense.
        most: u64,
    },
    /// Not an IP address.
    #[error(transparent)]
    Address(#[from] AddrParseError),
    /// Not a folder's whole path.
    #[error("{0:?} is not the whole path of a folder")]
    Folder(String),
    /// Decided by who started the program.
    #[error("an option or a variable of the environment decides about it")]
    Fixed,
    /// Not one value.
    #[error("one value is wanted, not {0}")]
    NotOne(usize),
    /// A list that must have something in it.
    #[error("at least one value is wanted")]
    Empty,
    /// A list that is too long.
    #[error("{count} values are too many; {most} are the most")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
}

impl SettingsError {
    /// One sentence of what to do about it.
    pub fn todo(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => {
                "Correct the configuration file in an editor; `pkarr config path` tells where it is."
            }
            Self::Value { .. } | Self::Unknown(_) => "Correct it and try again.",
            Self::Read { .. } | Self::Write { .. } => {
                "Look at who may read and write the file and its folder."
            }
            Self::Busy(_) => "Try again.",
            Self::NoHome | Self::NoFile => "Set the variable HOME, or name the place by an option.",
        }
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        let code = match &error {
            SettingsError::Write { .. } | SettingsError::Busy(_) => Code::Internal,
            _ => Code::BadRequest,
        };
        Problem::new(code, error)
    }
}
