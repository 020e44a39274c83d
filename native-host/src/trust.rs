//! Whom browsers trust, and how a root of ours gets among them.
//!
//! Windows and macOS have a store of certificates for each user, which Chromium and Firefox both
//! read. Elsewhere browsers keep NSS databases, folders with a `cert9.db`: one for all of Chromium’s
//! kin, one in each Firefox profile. [`Stores`] finds them; a [`Store`] is asked and changed by the
//! programs that come with it, or by NSS itself. What a store says counts, not what was told to it.
//!
//! A root of pkarr is known by its subject. Which of them a data folder has made it knows itself
//! ([`Mark`]): those of other folders are seen, and left alone.

use std::{ffi::OsStr, io, path::PathBuf, time::Duration};

use x509_parser::parse_x509_certificate;

pub use crate::command::CommandError;
use crate::{
    authority::{self, Authority, Mark},
    command,
};

mod certutil;
mod libnss;
mod macos;
mod nss;
mod places;
mod windows;

pub use places::Places;

/// Why a store can’t be asked or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// There is nothing on this machine that can read the store.
    #[error(
        "there is no program to read it with: install libnss3-tools (certutil), then try again"
    )]
    NoProgram,
    /// A program did not do its part.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// NSS refused.
    #[error("NSS refuses with error {code} at {call}")]
    Nss {
        /// Which function.
        call: &'static str,
        /// NSS’s number for it.
        code: i32,
    },
    /// Windows, or the user whom it has asked, refused.
    #[error("Windows refuses: {0}")]
    Windows(io::Error),
    /// It has a password, which only its browser asks for.
    #[error("it has a primary password; import the certificate in that browser’s settings")]
    Password,
    /// The folder can’t be made.
    #[error("the folder can’t be made: {0}")]
    Folder(io::Error),
    /// It trusts the root, and not yet the one that takes over.
    #[error("it does not trust the root that takes over soon: import {} in its settings", .0.display())]
    Behind(PathBuf),
    /// Nothing refused, and yet the store does not trust the root, or still has it.
    #[error("it took the change and does not show it")]
    NotKept,
}

/// A root as stores are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    der: Vec<u8>,
    pem: String,
    /// The same in a file.
    file: PathBuf,
    mark: Mark,
}

impl Root {
    /// What stores need to know of `authority`.
    pub fn of(authority: &Authority) -> Self {
        Self {
            der: authority.certificate_der().to_vec(),
            pem: authority.certificate_pem().to_owned(),
            file: authority.file().to_owned(),
            mark: authority.mark(),
        }
    }

    /// By what it is known again.
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// By what name NSS keeps it.
    fn nickname(&self) -> String {
        let start = self.mark.digest().get(..16).unwrap_or_default();
        format!("{NICKNAME}keys-only root {start}")
    }
}

/// How the nickname of every root of ours begins; that of one imported by hand is its subject.
const NICKNAME: &str = "pkarr ";

/// Whether a program like this one has made the certificate.
fn is_ours(der: &[u8]) -> bool {
    parse_x509_certificate(der).is_ok_and(|(_, certificate)| {
        let name = certificate.subject().iter_common_name().next();
        name.and_then(|name| name.as_str().ok())
            .is_some_and(|name| name.starts_with(authority::SUBJECT))
    })
}

/// How long a program may take. macOS asks the user, so that it is not too short there.
const PATIENCE: Duration = Duration::from_secs(if cfg!(target_os = "linux") { 10 } else { 120 });

/// Runs the program that comes with a store and gives what it says.
fn run<A: AsRef<OsStr>>(
    program: &'static str,
    arguments: impl IntoIterator<Item = A>,
    input: &[u8],
) -> Result<String, TrustError> {
    Ok(command::run(PATIENCE, program, arguments, input)?)
}

/// A root of pkarr in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// How the store names it: a nickname, a digest, a serial number.
    id: String,
    /// Which of those asked about it is.
    known: Option<Mark>,
    /// Whether it may vouch for servers.
    trusted: bool,
}

impl Entry {
    /// The entry for a certificate, DER, when it is a root of pkarr.
    fn of(der: &[u8], id: String, known: &[Mark], trusted: bool) -> Option<Self> {
        let mark = Mark::of(der);
        is_ours(der).then(|| Self {
            id,
            known: known.contains(&mark).then_some(mark),
            trusted,
        })
    }
}

/// The roots of pkarr that a store trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trusted {
    known: Vec<Mark>,
    others: bool,
}

impl Trusted {
    /// Whether this one is among them; it must have been asked about.
    pub fn has(&self, mark: &Mark) -> bool {
        self.known.contains(mark)
    }

    /// Whether any that was asked about is among them.
    pub fn has_known(&self) -> bool {
        !self.known.is_empty()
    }

    /// Whether any that was not asked about is among them: one of another data folder.
    pub fn has_others(&self) -> bool {
        self.others
    }
}

/// The certificate stores of a user.
#[derive(Debug, Clone)]
pub struct Stores {
    places: Option<Places>,
}

impl Stores {
    /// Those of the user whose folders these are; none where there are no folders.
    pub fn new(places: Option<Places>) -> Self {
        Self { places }
    }

    /// The stores there are now, in a stable order. One that a browser would make when it starts
    /// next is among them, too.
    pub fn find(&self) -> Vec<Store> {
        let Some(places) = &self.places else {
            return Vec::new();
        };
        if cfg!(windows) {
            let place = "Current User\\Root".to_owned();
            return vec![Store::new("Windows", place, Kind::Windows)];
        }
        if cfg!(target_os = "macos") {
            let path = places.keychain();
            let place = path.display().to_string();
            return vec![Store::new("macOS", place, Kind::Macos(path))];
        }
        places
            .databases()
            .into_iter()
            .map(|(name, folder)| {
                let place = folder.display().to_string();
                Store::new(name, place, Kind::Nss(folder))
            })
            .collect()
    }
}

/// A store of certificates that one or more browsers read.
///
/// Its methods wait for programs and files: up to some seconds where something hangs.
#[derive(Debug, Clone)]
pub struct Store {
    name: String,
    place: String,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Nss(PathBuf),
    Windows,
    Macos(PathBuf),
}

impl Store {
    fn new(name: impl Into<String>, place: String, kind: Kind) -> Self {
        Self {
            name: name.into(),
            place,
            kind,
        }
    }

    /// Whose it is, as people call it: `Chromium and others`, `Firefox (default-esr)`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is: a folder, or the name of the system’s store.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Which roots of pkarr it trusts, those that are `known` by name.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn trusted(&self, known: &[Mark]) -> Result<Trusted, TrustError> {
        let entries = self.entries(known)?;
        let trusted = || entries.iter().filter(|entry| entry.trusted);
        Ok(Trusted {
            known: trusted().filter_map(|entry| entry.known.clone()).collect(),
            others: trusted().any(|entry| entry.known.is_none()),
        })
    }

    /// Has it trust `root`. Gives whether that was new to it.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn trust(&self, root: &Root) -> Result<bool, TrustError> {
        let mark = std::slice::from_ref(&root.mark);
        if self.trusted(mark)?.has_known() {
            return Ok(false);
        }
        if let Err(error) = self.add(root) {
            // A locked database takes the certificate and refuses the trust.
            _ = self.forget(mark);
            return Err(error);
        }
        if self.trusted(mark)?.has_known() {
            Ok(true)
        } else {
            Err(TrustError::NotKept)
        }
    }

    /// Takes these roots out of it.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn forget(&self, roots: &[Mark]) -> Result<(), TrustError> {
        let there = || -> Result<Vec<Entry>, TrustError> {
            let mut entries = self.entries(roots)?;
            entries.retain(|entry| entry.known.is_some());
            Ok(entries)
        };
        let entries = there()?;
        for entry in &entries {
            match &self.kind {
                Kind::Nss(folder) => nss::remove(folder, &entry.id)?,
                Kind::Windows => windows::remove(&entry.id)?,
                Kind::Macos(keychain) => macos::remove(keychain, &entry.id)?,
            }
        }
        if !entries.is_empty() && !there()?.is_empty() {
            return Err(TrustError::NotKept);
        }
        Ok(())
    }

    fn entries(&self, known: &[Mark]) -> Result<Vec<Entry>, TrustError> {
        match &self.kind {
            Kind::Nss(folder) => nss::entries(folder, known),
            Kind::Windows => windows::entries(known),
            Kind::Macos(keychain) => macos::entries(keychain, known),
        }
    }

    fn add(&self, root: &Root) -> Result<(), TrustError> {
        match &self.kind {
            Kind::Nss(folder) => nss::add(folder, root),
            Kind::Windows => windows::add(root),
            Kind::Macos(keychain) => macos::add(keychain, root),
        }
    }
}

#[cfg(test)]
mod tests;
