//! Browsers on this computer: making this program and the extension known to them, taking that back,
//! and looking whether it works.
//!
//! A browser starts a native messaging host by a manifest, a small file in a folder of its own, or on
//! Windows by a key of the registry that names such a file. Where each browser looks stands in
//! `manifests/browsers.toml`, the one [`Table`]; who we are to them in `manifests/identity.json`
//! ([`Identity`]).
//!
//! [`plan`] makes a list of steps from the table, a [`Look`] at the computer, what was made before and
//! what is wanted; it changes nothing and runs for every system on every system. [`apply`] does the steps, each file in
//! one piece. What was made is written down before in a [`Book`], and what is written down is all that
//! [`remove`] takes away: what others wrote is neither replaced nor removed, unless they say so.
//!
//! [`inspect`] looks at what a browser would find, and [`greet`] starts the program the way browsers
//! do.

mod apply;
mod extension;
mod greet;
mod ground;
mod inspect;
mod ledger;
mod machine;
mod manifest;
mod plan;
mod planner;
mod program;
mod purge;
mod registry;
mod removal;
mod replaced;
mod service;
mod step;
mod table;
mod wishes;

use std::{io, path::PathBuf};

pub use self::{
    apply::{Done, apply},
    greet::{GreetError, Greeting, greet},
    ground::Ground,
    inspect::{Condition, Inspection, Registration, inspect},
    ledger::{Book, Ledger, Made},
    machine::{Folders, Here, Kind, Look, Scope},
    manifest::Manifest,
    plan::plan,
    purge::{purge, what_is_kept},
    registry::{Hive, Value},
    removal::{Fate, Removal, Removed, removals, remove},
    replaced::remove_replaced,
    service::{GATEWAY_ADDRESS, Turn, turn},
    step::{Make, Place, Plan, Refusal, Step, Verdict, What},
    table::{Engine, ExtensionPlaces, Identity, Mark, Reach, System, Table, Target},
    wishes::{Bundle, Source, Which, Wishes},
};

/// Why nothing can be installed or removed at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowsersError {
    /// A file that is part of the program can’t be read.
    #[error("the table of browsers that came with this program is damaged: {0}")]
    Table(String),
    /// There is no home folder.
    #[error("no home folder is known: set HOME")]
    NoHome,
    /// A browser that the table does not have.
    #[error("there is no browser {id:?} on this system; known are {known}")]
    UnknownBrowser {
        /// What was asked for.
        id: String,
        /// What could have been.
        known: String,
    },
    /// Nothing was found.
    #[error(
        "no browser was found; start yours once, or name it with --browser, or take --all for every one that could be there"
    )]
    NoBrowser,
    /// The program is not there.
    #[error("there is no program {0}: name it by its whole path")]
    NoProgram(PathBuf),
    /// Others’ files are where the program is to be copied to.
    #[error(
        "the program lies where it may not stay, and can’t be copied to {0}, where there is another; \
         --force replaces it, --program names one that stays"
    )]
    NoPlace(PathBuf),
    /// What was named with `--extension` is none.
    #[error("{named:?} is not the extension: {why}")]
    NoExtension {
        /// What was named.
        named: String,
        /// Half a sentence.
        why: &'static str,
    },
    /// The list of what was made can’t be read or written.
    #[error("the list of what was installed, in {}, can’t be used: {source}{}", .path.display(), advice(source))]
    Ledger {
        /// Its folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another installation does not come to an end.
    #[error("another pkarr install or uninstall is at work; try again")]
    Busy,
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "; run it as the administrator (sudo), or without --system"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests;
