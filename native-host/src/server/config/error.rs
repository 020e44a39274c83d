//! Why there is no configuration.

use std::{io, path::PathBuf};

use crate::problem::{Code, Problem};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The system refuses to read the file.
    #[error("can’t read {file}: {source}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no TOML, or has a setting that there is not, or a value that makes no sense.
    #[error("{file} is wrong: {reason}")]
    Syntax {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the line.
        reason: String,
    },
    /// A setting makes no sense beside others.
    #[error("{file} is wrong: {name}{}: {what}", at(.line))]
    Value {
        /// The file.
        file: PathBuf,
        /// The line, where the setting stands in the file.
        line: Option<usize>,
        /// The setting.
        name: String,
        /// What is wrong with it.
        what: String,
    },
}

fn at(line: &Option<usize>) -> String {
    line.map(|line| format!(" (line {line})"))
        .unwrap_or_default()
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        Problem::new(Code::BadRequest, error)
    }
}
