//! The steps that plans are made of.

use std::{fmt, path::PathBuf};

use super::registry::Value;

/// One thing to do, or not to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Ids of the browsers it is for; none where it is for all.
    pub browsers: Vec<String>,
    /// Their names.
    pub names: Vec<String>,
    /// What it is about.
    pub what: What,
    /// Where.
    pub place: Option<Place>,
    /// What is to be done.
    pub verdict: Verdict,
}

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The program itself.
    Program,
    /// What tells a browser of the program.
    Manifest,
    /// The extension.
    Extension,
    /// `pkarr daemon`, started with the session.
    Autostart,
    /// `pkarr gateway`, started with the session.
    Gateway,
}

impl What {
    /// One word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Manifest => "manifest",
            Self::Extension => "extension",
            Self::Autostart => "autostart",
            Self::Gateway => "gateway",
        }
    }
}

/// Where something is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file, folder or link.
    Path(PathBuf),
    /// A value in the registry.
    Value(Value),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Make it.
    Make(Make),
    /// It is there already.
    Already,
    /// It is left as it is.
    Refused(Refusal),
    /// Only a person can do it: this.
    Todo(String),
}

/// What is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Make {
    /// A file with this content.
    File(Vec<u8>),
    /// A program: a copy of this file.
    Program(PathBuf),
    /// A file: a copy of this one.
    Copy(PathBuf),
    /// A folder: a copy of this one.
    Tree(PathBuf),
    /// A symbolic link that leads there.
    Link(PathBuf),
    /// A value in the registry.
    Value(String),
}

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A manifest is there that is not ours.
    #[error("others have written one, which starts {0}; --force replaces it")]
    Foreign(String),
    /// A file is there that is not ours.
    #[error("there is one that pkarr install has not made; --force replaces it")]
    Occupied,
    /// It can’t be read.
    #[error("it can’t be looked at: {0}")]
    Unreadable(String),
    /// A browser that is never touched.
    #[error("never: {0}")]
    Never(String),
    /// A snap that starts no programs.
    #[error(
        "a snap of this browser can’t start programs (native messaging), whatever is installed; \
         take the browser from a package, or let --pac set up the gateway for it"
    )]
    Snap,
    /// There is no such thing for all users.
    #[error("there is no place for all users; run it for each user, without --system")]
    NotForAll,
    /// The system has no way to do it that is known here.
    #[error("this system has no systemd; start `pkarr {0}` with your session by other means")]
    NoSystemd(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Value(value) => value.fmt(f),
        }
    }
}

impl Refusal {
    /// Whether nothing that the person does could change it.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Never(_) | Self::Snap)
    }
}

/// All that is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// The program that browsers are told of.
    pub program: PathBuf,
}
