//! Whom browsers trust, and how a root of ours gets among them.
//!
//! Windows and macOS have a store of certificates for each user, which Chromium and Firefox both
//! read. Elsewhere browsers keep NSS databases, folders with a `cert9.db`: one for all of Chromium’s
//! kin, one in each Firefox profile. [`Stores`] finds them; a [`Store`] is asked and changed by the
//! programs that come with it, or by NSS itself. What a store says counts, not what was told to it.
//!
//! A root of ours is known by its subject, so that those of earlier years, or of another data
//! folder, are found too and leave with it.

use std::{io, path::PathBuf, time::Duration};

use x509_parser::parse_x509_certificate;

use crate::authority::{self, Authority};

mod certutil;
mod command;
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
    /// A program can’t be run.
    #[error("{program} can’t be run: {source}")]
    Run {
        /// Its name.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A program did not come to an end.
    #[error("{program} did not answer within {} seconds", .after.as_secs())]
    Slow {
        /// Its name.
        program: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// A program refused.
    #[error("{program} refuses: {said}")]
    Refused {
        /// Its name.
        program: &'static str,
        /// What it said last.
        said: String,
    },
    /// NSS refused.
    #[error("NSS refuses with error {code} at {call}")]
    Nss {
        /// Which function.
        call: &'static str,
        /// NSS’s number for it.
        code: i32,
    },
    /// It has a password, which only its browser asks for.
    #[error("it has a primary password; import the certificate in that browser’s settings")]
    Password,
    /// The folder can’t be made.
    #[error("the folder can’t be made: {0}")]
    Folder(io::Error),
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
    /// 64 lower-case hexadecimal digits.
    digest: String,
    /// Lower-case hexadecimal digits.
    serial: String,
    /// The common name of its subject.
    name: String,
}

impl Root {
    /// What stores need to know of `authority`.
    pub fn of(authority: &Authority) -> Self {
        let der = authority.certificate_der();
        let (serial, name) = described(der).unwrap_or_default();
        Self {
            der: der.to_vec(),
            pem: authority.certificate_pem().to_owned(),
            file: authority.file().to_owned(),
            digest: authority.fingerprint().replace(':', "").to_lowercase(),
            serial,
            name,
        }
    }

    /// By what name NSS keeps it.
    fn nickname(&self) -> String {
        let start = self.digest.get(..16).unwrap_or_default();
        format!("{NICKNAME}keys-only root {start}")
    }
}

/// How the nickname of every root of ours begins; that of one imported by hand is its subject.
const NICKNAME: &str = "pkarr ";

/// Serial number and common name of a root that a program like this one has made, else `None`.
fn described(der: &[u8]) -> Option<(String, String)> {
    let (_, certificate) = parse_x509_certificate(der).ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    let name = name.as_str().ok()?;
    let serial = data_encoding::HEXLOWER.encode(certificate.raw_serial());
    name.starts_with(authority::SUBJECT)
        .then(|| (serial, name.to_owned()))
}

/// A root of ours in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// How the store names it: a nickname, a digest, a serial number.
    id: String,
    /// Whether it is the one asked about.
    same: bool,
    /// Whether it may vouch for servers.
    trusted: bool,
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

    /// Whether it trusts `root`; without one, whether it trusts any root of ours.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn trusts(&self, root: Option<&Root>) -> Result<bool, TrustError> {
        let entries = self.entries(root)?;
        Ok(entries
            .iter()
            .any(|entry| entry.trusted && (entry.same || root.is_none())))
    }

    /// Has it trust `root`, and no other of ours any more.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn trust(&self, root: &Root) -> Result<(), TrustError> {
        if !self.trusts(Some(root))? {
            if let Err(error) = self.add(root) {
                // A locked database takes the certificate and refuses the trust.
                _ = self.remove(|entry| entry.same, Some(root));
                return Err(error);
            }
            if !self.trusts(Some(root))? {
                return Err(TrustError::NotKept);
            }
        }
        self.remove(|entry| !entry.same, Some(root))
    }

    /// Takes every root of ours out of it.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn forget(&self) -> Result<(), TrustError> {
        self.remove(|_| true, None)
    }

    fn remove(
        &self,
        which: impl Fn(&Entry) -> bool,
        root: Option<&Root>,
    ) -> Result<(), TrustError> {
        for entry in self.entries(root)?.iter().filter(|entry| which(entry)) {
            match &self.kind {
                Kind::Nss(folder) => nss::remove(folder, &entry.id)?,
                Kind::Windows => windows::remove(&entry.id)?,
                Kind::Macos(keychain) => macos::remove(keychain, &entry.id)?,
            }
        }
        if self.entries(root)?.iter().any(which) {
            return Err(TrustError::NotKept);
        }
        Ok(())
    }

    fn entries(&self, root: Option<&Root>) -> Result<Vec<Entry>, TrustError> {
        match &self.kind {
            Kind::Nss(folder) => nss::entries(folder, root),
            Kind::Windows => windows::entries(root),
            Kind::Macos(keychain) => macos::entries(keychain, root),
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
