//! NSS databases: by `certutil` where it is installed, else by NSS itself.

use std::{fs, path::Path};

use super::{CommandError, Entry, Mark, Root, TrustError, certutil, libnss};

/// What a database has at least.
const FILE: &str = "cert9.db";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Certutil,
    Library,
}

fn way() -> Result<Way, TrustError> {
    if certutil::is_installed() {
        Ok(Way::Certutil)
    } else if libnss::is_installed() {
        Ok(Way::Library)
    } else {
        Err(TrustError::NoProgram)
    }
}

pub(super) fn entries(folder: &Path, known: &[Mark]) -> Result<Vec<Entry>, TrustError> {
    // One that its browser makes only later has nothing in it.
    if !folder.join(FILE).exists() {
        return Ok(Vec::new());
    }
    entries_by(way()?, folder, known)
}

pub(super) fn add(folder: &Path, root: &Root) -> Result<(), TrustError> {
    let way = way()?;
    if !folder.join(FILE).exists() {
        create_by(way, folder)?;
    }
    match add_by(way, folder, root) {
        // NSS itself says why; `certutil` only tells it to people.
        Err(TrustError::Command(CommandError::Refused { .. })) if libnss::is_installed() => {
            add_by(Way::Library, folder, root)
        }
        other => other,
    }
}

pub(super) fn remove(folder: &Path, nickname: &str) -> Result<(), TrustError> {
    remove_by(way()?, folder, nickname)
}

pub(super) fn entries_by(
    way: Way,
    folder: &Path,
    known: &[Mark],
) -> Result<Vec<Entry>, TrustError> {
    match way {
        Way::Certutil => certutil::entries(folder, known),
        Way::Library => libnss::entries(folder, known),
    }
}

pub(super) fn create_by(way: Way, folder: &Path) -> Result<(), TrustError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(TrustError::Folder)?;
    match way {
        Way::Certutil => certutil::create(folder),
        Way::Library => libnss::create(folder),
    }
}

pub(super) fn add_by(way: Way, folder: &Path, root: &Root) -> Result<(), TrustError> {
    match way {
        Way::Certutil => certutil::add(folder, root),
        Way::Library => libnss::add(folder, root),
    }
}

pub(super) fn remove_by(way: Way, folder: &Path, id: &str) -> Result<(), TrustError> {
    match way {
        Way::Certutil => certutil::remove(folder, id),
        Way::Library => libnss::remove(folder, id),
    }
}
