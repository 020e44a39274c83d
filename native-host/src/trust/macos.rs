//! The login keychain of macOS, by `security`.
//!
//! macOS asks the user itself, for the password or a finger, before trust is changed.

use std::{ffi::OsStr, path::Path};

use super::{Entry, Root, TrustError, command::run};
use crate::authority::SUBJECT;

const PROGRAM: &str = "security";

pub(super) fn entries(keychain: &Path, root: Option<&Root>) -> Result<Vec<Entry>, TrustError> {
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
        Err(TrustError::Refused { .. }) => String::new(),
        other => other?,
    };
    Ok(listed(&found, &settings, root))
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

fn listed(found: &str, settings: &str, root: Option<&Root>) -> Vec<Entry> {
    digests(found)
        .map(|digest| {
            let root = root.filter(|root| root.digest == digest.to_lowercase());
            Entry {
                id: digest.to_owned(),
                same: root.is_some(),
                // Settings are listed by name; what follows the dash in it is a root’s own.
                trusted: match root.and_then(|root| root.name.split_once('(')) {
                    Some((_, own)) => settings.contains(own),
                    None => settings.contains(SUBJECT),
                },
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
        let root = Root {
            der: Vec::new(),
            pem: String::new(),
            file: "".into(),
            digest: digest.to_lowercase(),
            serial: String::new(),
            name: format!("{SUBJECT} – keys only (2026-11-22 5F3A9C04)"),
        };
        let found = format!("SHA-256 hash: {digest}\nSHA-1 hash: {}\n", "CD".repeat(20));
        let settings = "Number of trusted certs = 1\n\
            Cert 0: pkarr on this computer – keys only (2026-11-22 5F3A9C04)\n";
        let trusted = |settings| listed(&found, settings, Some(&root))[0].clone();
        assert!(trusted(settings).same && trusted(settings).trusted);
        assert!(!trusted("").trusted);
        assert!(!trusted(&settings.replace("5F3A", "0000")).trusted);
        let other = Root {
            digest: "0".repeat(64),
            ..root.clone()
        };
        assert!(!listed(&found, settings, Some(&other))[0].same);
        assert_eq!(listed("", settings, Some(&root)), []);
    }

    #[test]
    fn trust_is_for_servers_alone() {
        let arguments = adding(Path::new("/k/login.keychain-db"), Path::new("/t/root.pem"));
        let expected = "add-trusted-cert -r trustRoot -p ssl -k /k/login.keychain-db /t/root.pem";
        assert_eq!(arguments.join(OsStr::new(" ")), expected);
    }
}
