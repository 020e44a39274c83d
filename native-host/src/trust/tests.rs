//! Against real databases, in both ways.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{nss::Way, *};
use crate::authority::Roots;

fn root(folder: &TempDir, name: &str) -> Root {
    Root::of(&Roots::new(folder.path().join(name)).create().unwrap())
}

fn known(root: &Root) -> &[Mark] {
    std::slice::from_ref(root.mark())
}

/// Those ways that this machine has.
fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    if certutil::is_installed() {
        ways.push(Way::Certutil);
    }
    if libnss::is_installed() {
        ways.push(Way::Library);
    }
    ways
}

#[test]
fn both_ways_change_a_database_and_read_what_the_other_did() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, older) = (root(&folder, "ours"), root(&folder, "older"));
    for (number, way) in ways().into_iter().enumerate() {
        let database = folder.path().join(format!("db {number}"));
        nss::create_by(way, &database).unwrap();
        let entries = |root: &Root| {
            let found = ways().into_iter().map(|way| {
                let mut found = nss::entries_by(way, &database, known(root)).unwrap();
                found.sort_by_key(|entry| entry.known.is_some());
                found
                    .iter()
                    .map(|entry| (entry.known.is_some(), entry.trusted))
                    .collect::<Vec<_>>()
            });
            let mut found: Vec<_> = found.collect();
            found.dedup();
            assert_eq!(found.len(), 1, "both ways say the same");
            found.remove(0)
        };
        assert_eq!(entries(&ours), []);
        nss::add_by(way, &database, &older).unwrap();
        assert_eq!(entries(&older), [(true, true)]);
        assert_eq!(entries(&ours), [(false, true)]);
        nss::add_by(way, &database, &ours).unwrap();
        assert_eq!(entries(&ours), [(false, true), (true, true)]);
        for entry in nss::entries_by(way, &database, known(&ours)).unwrap() {
            if entry.known.is_none() {
                nss::remove_by(way, &database, &entry.id).unwrap();
            }
        }
        assert_eq!(entries(&ours), [(true, true)]);
        // A second time is no failure.
        nss::add_by(way, &database, &ours).unwrap();
        assert_eq!(entries(&ours), [(true, true)]);
    }
}

#[test]
fn what_is_no_database_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let ours = root(&folder, "ours");
    let database = folder.path().join("db");
    std::fs::create_dir(&database).unwrap();
    std::fs::write(database.join("cert9.db"), "nonsense ".repeat(1000)).unwrap();
    for way in ways() {
        assert!(nss::entries_by(way, &database, &[]).is_err(), "{way:?}");
        assert!(nss::add_by(way, &database, &ours).is_err(), "{way:?}");
    }
}

#[test]
fn only_the_browser_can_change_a_locked_database() {
    if !certutil::is_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ours = root(&folder, "ours");
    let profile = folder.path().join("home/.mozilla/firefox/x.locked");
    std::fs::create_dir_all(&profile).unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "secret phrase\n").unwrap();
    certutil(&profile, &["-N", "-f", password.to_str().unwrap()]);
    for way in ways() {
        assert!(nss::add_by(way, &profile, &ours).is_err(), "{way:?}");
    }
    let by_nss = libnss::is_installed();
    let stores = Stores::new(Some(Places::below(folder.path().join("home")))).find();
    assert_eq!(stores[0].name(), "Firefox (locked)");
    let error = stores[0].trust(&ours).unwrap_err();
    assert_eq!(matches!(error, TrustError::Password), by_nss, "{error}");
    // Nothing is left behind, not even without trust.
    assert_eq!(stores[0].entries(&[]).unwrap(), []);
}

#[test]
fn a_store_trusts_and_forgets_what_it_is_told_to() {
    if ways().is_empty() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir_all(home.join(".config/chromium")).unwrap();
    let stores = Stores::new(Some(Places::below(home.clone())));
    let found = stores.find();
    let [store] = &found[..] else {
        panic!("{found:?}");
    };
    let (old, new) = (root(&folder, "old"), root(&folder, "new"));
    let both = [old.mark().clone(), new.mark().clone()];
    let trusted = || {
        let trusted = store.trusted(&both).unwrap();
        [trusted.has(old.mark()), trusted.has(new.mark())]
    };
    // Asking makes nothing.
    assert_eq!(trusted(), [false, false]);
    assert!(!home.join(".pki").exists());

    assert!(store.trust(&old).unwrap());
    assert_eq!(trusted(), [true, false]);
    assert!(store.trust(&new).unwrap());
    assert!(!store.trust(&new).unwrap());
    assert_eq!(trusted(), [true, true]);
    assert!(!store.trusted(&both).unwrap().has_others());
    assert!(store.trusted(known(&old)).unwrap().has_others());
    store.forget(known(&old)).unwrap();
    assert_eq!(trusted(), [false, true]);

    // A root that a person brought in by hand is under another name, and one of others stays.
    let place = Path::new(store.place());
    if certutil::is_installed() {
        import(place, "pkarr on this computer – keys only", &old.pem);
        let key = rcgen::KeyPair::generate().unwrap();
        let mut others = rcgen::CertificateParams::default();
        others.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let others = others.self_signed(&key).unwrap();
        import(place, "pkarr of others", &others.pem());
        assert_eq!(trusted(), [true, true]);
        store.forget(&both).unwrap();
        assert!(certutil(place, &["-L"]).contains("pkarr of others"));
    } else {
        store.forget(&both).unwrap();
    }
    assert_eq!(trusted(), [false, false]);
    assert!(!store.trusted(&both).unwrap().has_others());
    store.forget(&both).unwrap();
}

fn certutil(database: &Path, arguments: &[&str]) -> String {
    let output = Command::new("certutil")
        .args(arguments)
        .arg("-d")
        .arg(format!("sql:{}", database.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn import(database: &Path, nickname: &str, pem: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.pem");
    std::fs::write(&file, pem).unwrap();
    let file = file.to_str().unwrap();
    certutil(
        database,
        &["-A", "-a", "-t", "C,,", "-n", nickname, "-i", file],
    );
}
