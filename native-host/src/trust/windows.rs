//! The user’s own “Trusted Root Certification Authorities” of Windows, by `certutil.exe`.
//!
//! Windows asks the user itself before it adds or deletes a root. What `certutil` prints is in the
//! user’s language; only what is the same in all of them is read.

use std::path::Path;

use super::{Entry, Mark, Root, TrustError, run};
use crate::authority::SUBJECT;

const PROGRAM: &str = "certutil.exe";
const STORE: &str = "Root";

pub(super) fn entries(known: &[Mark]) -> Result<Vec<Entry>, TrustError> {
    let list = run(PROGRAM, ["-user", "-store", STORE], b"")?;
    Ok(listed(&list, known))
}

pub(super) fn add(root: &Root) -> Result<(), TrustError> {
    run(PROGRAM, adding(&root.file), b"").map(drop)
}

pub(super) fn remove(serial: &str) -> Result<(), TrustError> {
    run(PROGRAM, ["-user", "-delstore", STORE, serial], b"").map(drop)
}

fn adding(file: &Path) -> [&std::ffi::OsStr; 5] {
    let [user, force, add, store] = ["-user", "-f", "-addstore", STORE].map(AsRef::as_ref);
    [user, force, add, store, file.as_os_str()]
}

/// Certificates stand one after the other, each below a line of `=`; its serial number is a word of
/// its own in the line after that.
fn listed(list: &str, known: &[Mark]) -> Vec<Entry> {
    list.split("\n====")
        .filter(|part| part.contains(&format!("CN={SUBJECT}")))
        .filter_map(|part| {
            let serial = part
                .lines()
                .filter_map(|line| line.rsplit([' ', ':']).next())
                .find(|word| word.len() >= 16 && word.bytes().all(|c| c.is_ascii_hexdigit()))?;
            Some(Entry {
                known: known
                    .iter()
                    .find(|mark| mark.serial() == serial.to_lowercase())
                    .cloned(),
                id: serial.to_owned(),
                // What stands in this store is trusted.
                trusted: true,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_ours_are_read_in_any_language() {
        let list = "Root \"Vertrauenswürdige Stammzertifizierungsstellen\"\r\n\
            ================ Zertifikat 0 ================\r\n\
            Seriennummer: 00c1008b3c3c8811d13ef663ecdf40\r\n\
            Aussteller: CN=Microsoft Root Authority\r\n\
            Antragsteller: CN=Microsoft Root Authority\r\n\
            ================ Zertifikat 1 ================\r\n\
            Seriennummer: 5f3a9c0444444444444444444444cafe\r\n\
            Aussteller: CN=pkarr on this computer – keys only (2026-11-22 5F3A9C04)\r\n\
            \x20Nicht vor: 21.11.2026 18:58\r\n\
            Antragsteller: CN=pkarr on this computer – keys only (2026-11-22 5F3A9C04)\r\n\
            Zertifikathash(sha1): a43489159a520f0d93d032ccaf37e7fe20a8b419\r\n\
            CertUtil: -store-Befehl wurde erfolgreich ausgeführt.\r\n";
        let serial = "5f3a9c0444444444444444444444cafe";
        let known = Mark::read(&format!("{} {serial}", "0".repeat(64))).unwrap();
        let found = listed(list, std::slice::from_ref(&known));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, serial);
        assert!(found[0].trusted);
        assert_eq!(found[0].known, Some(known));
        let others = listed(list, &[]);
        assert!(others[0].known.is_none() && others[0].trusted);
        assert_eq!(listed("", &[]), []);
    }

    #[test]
    fn the_users_own_store_is_changed() {
        let arguments = adding(Path::new("C:\\Temp\\root.pem"));
        assert_eq!(
            arguments,
            ["-user", "-f", "-addstore", "Root", "C:\\Temp\\root.pem"]
        );
    }
}
