//! NSS’s `certutil` (Debian: `libnss3-tools`).

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
};

use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::{Entry, Mark, NICKNAME, Root, TrustError, run};

const PROGRAM: &str = "certutil";
/// The most roots of ours that are looked at.
const MAX_ENTRIES: usize = 32;

pub(super) fn is_installed() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(PROGRAM).is_file())
}

/// Arguments for a database; a password is never asked for, so a locked one refuses.
fn on(folder: &Path, arguments: &[&str]) -> Vec<OsString> {
    let mut database = OsString::from("sql:");
    database.push(folder);
    let no_password = ["-f", "/dev/null"].map(OsStr::new);
    arguments
        .iter()
        .map(OsStr::new)
        .chain([OsStr::new("-d"), &database])
        .chain(no_password)
        .map(OsStr::to_owned)
        .collect()
}

pub(super) fn create(folder: &Path) -> Result<(), TrustError> {
    run(PROGRAM, on(folder, &["-N", "--empty-password"]), b"").map(drop)
}

pub(super) fn entries(folder: &Path, known: &[Mark]) -> Result<Vec<Entry>, TrustError> {
    let list = run(PROGRAM, on(folder, &["-L"]), b"")?;
    let mut entries = Vec::new();
    for (nickname, trusted) in listed(&list).take(MAX_ENTRIES) {
        let pem = run(PROGRAM, on(folder, &["-L", "-a", "-n", nickname]), b"")?;
        let Ok(der) = CertificateDer::from_pem_slice(pem.as_bytes()) else {
            continue;
        };
        entries.extend(Entry::of(&der, nickname.to_owned(), known, trusted));
    }
    Ok(entries)
}

/// Nicknames like ours, and whether they are trusted for servers: `nickname   C,,`.
fn listed(list: &str) -> impl Iterator<Item = (&str, bool)> {
    list.lines().filter_map(|line| {
        let (nickname, flags) = line.trim_end().rsplit_once(' ')?;
        let servers = flags.split(',').next()?;
        nickname
            .starts_with(NICKNAME)
            .then(|| (nickname.trim_end(), servers.contains('C')))
    })
}

pub(super) fn add(folder: &Path, root: &Root) -> Result<(), TrustError> {
    let nickname = root.nickname();
    let arguments = on(folder, &["-A", "-a", "-t", "C,,", "-n", &nickname]);
    run(PROGRAM, arguments, root.pem.as_bytes()).map(drop)
}

pub(super) fn remove(folder: &Path, nickname: &str) -> Result<(), TrustError> {
    run(PROGRAM, on(folder, &["-D", "-n", nickname]), b"").map(drop)
}
