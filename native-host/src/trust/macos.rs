//! The login keychain of macOS, by `security`.
//!
//! macOS asks the user itself, for the password or a finger, before trust is changed.

use std::{ffi::OsStr, path::Path};

use super::{CommandError, Entry, Mark, Root, TrustError, run};
use crate::authority::SUBJECT;

const PROGRAM: &str = "security";

pub(super) fn entries(keychain: &Path, known: &[Mark]) -> Result<Vec<Entry>, TrustError> {
    let search = ["find-certificate", "-a", "-Z", "-c", SUBJECT].map(OsStr::new);
    let found = run(
        PROGRAM,
        search.into_iter().chain([keychain.as_os_str()]),
        b"",
    )?;
    if digests(&found).next().is_none() {
        return Ok(Vec::new());
    }
    // Refuses when there are no settings at all, which means that nothing is trusted.
    let settings = match run(PROGRAM, ["dump-trust-settings"], b"") {
        Err(TrustError::Command(CommandError::Refused { .. })) => String::new(),
        other => other?,
    };
    Ok(listed(&found, &settings, known))
}

pub(super) fn add(keychain: &Path, root: &Root) -> Result<(), TrustError> {
    run(PROGRAM, adding(keychain, &root.file), b"").map(drop)
}

pub(super) fn remove(keychain: &Path, digest: &str) -> Result<(), TrustError> {
    // With `-t`, the user’s trust settings for it go too.
    let arguments = ["delete-certificate", "-t", "-Z", digest].map(OsStr::new);
    run(
        PROGRAM,
        arguments.into_iter().chain([keychain.as_os_str()]),
        b"",
    )
    .map(drop)
}

/// Trusted as a root, for TLS alone, by this user.
fn adding<'a>(keychain: &'a Path, file: &'a Path) -> [&'a OsStr; 8] {
    let [add, result, root, policy, ssl, option] =
        ["add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-k"].map(OsStr::new);
    let (keychain, file) = (keychain.as_os_str(), file.as_os_str());
    [add, result, root, policy, ssl, option, keychain, file]
}

fn digests(found: &str) -> impl Iterator<Item = &str> {
    found
        .lines()
        .filter_map(|line| line.strip_prefix("SHA-256 hash:"))
        .map(str::trim)
        .filter(|digest| digest.len() == 64)
}

fn listed(found: &str, settings: &str, known: &[Mark]) -> Vec<Entry> {
    digests(found)
        .map(|digest| {
            let known = known
                .iter()
                .find(|mark| mark.digest() == digest.to_lowercase())
                .cloned();
            // Settings are listed by name, which ends in the start of a root’s serial number.
            let name = match &known {
                Some(mark) => {
                    let start = mark.serial().get(..8).unwrap_or_default();
                    format!(" {})", start.to_uppercase())
                }
                None => SUBJECT.to_owned(),
            };
            Entry {
                id: digest.to_owned(),
                known,
                trusted: settings.contains(&name),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_trust_settings_is_trusted() {
        let digest = "AB".repeat(32);
        let serial = "5f3a9c0444444444444444444444cafe";
        let known = [Mark::read(&format!("{} {serial}", digest.to_lowercase())).unwrap()];
        let found = format!("SHA-256 hash: {digest}\nSHA-1 hash: {}\n", "CD".repeat(20));
        let settings = "Number of trusted certs = 1\n\
            Cert 0: pkarr on this computer – keys only (2026-11-22 5F3A9C04)\n";
        let trusted = |settings| listed(&found, settings, &known)[0].clone();
        assert!(trusted(settings).known.is_some() && trusted(settings).trusted);
        assert!(!trusted("").trusted);
        assert!(!trusted(&settings.replace("5F3A", "0000")).trusted);
        let others = listed(&found, settings, &[]);
        assert!(others[0].known.is_none() && others[0].trusted);
        assert_eq!(listed("", settings, &known), []);
    }

    #[test]
    fn trust_is_for_servers_alone() {
        let arguments = adding(Path::new("/k/login.keychain-db"), Path::new("/t/root.pem"));
        let expected = "add-trusted-cert -r trustRoot -p ssl -k /k/login.keychain-db /t/root.pem";
        assert_eq!(arguments.join(OsStr::new(" ")), expected);
    }
}
