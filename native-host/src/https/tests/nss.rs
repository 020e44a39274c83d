//! With the NSS databases of browsers, as on Linux.

use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::super::*;

/// A user with a Chromium and a Firefox, both with a database where the machine can make one.
fn user() -> Option<(TempDir, Https)> {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let profile = home.join(".mozilla/firefox/z.default");
    std::fs::create_dir_all(home.join(".config/chromium")).unwrap();
    std::fs::create_dir_all(&profile).unwrap();
    certutil(&profile, &["-N", "--empty-password"])?;
    let https = Https::new(&folder.path().join("data"), Some(Places::below(home)));
    Some((folder, https))
}

/// `None` where it is not installed.
fn certutil(database: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("certutil")
        .args(arguments)
        .arg("-d")
        .arg(format!("sql:{}", database.display()))
        .stdin(Stdio::null())
        .output()
        .ok()?;
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

fn trusting(status: &HttpsStatus) -> Vec<bool> {
    assert_eq!(status.stores[0].name, "Chromium and others");
    assert_eq!(status.stores[1].name, "Firefox (default)");
    for store in &status.stores {
        assert_eq!(store.failure, None, "{store:?}");
    }
    status.stores.iter().map(|store| store.trusts).collect()
}

#[test]
fn it_is_switched_on_and_off_everywhere() {
    let Some((folder, https)) = user() else {
        return;
    };
    let off = https.status().unwrap();
    assert!(!off.enabled && off.root.is_none() && off.probe.is_none());
    assert_eq!(trusting(&off), [false, false]);
    assert!(!https.renew_if_due().unwrap());
    assert!(!folder.path().join("data").exists(), "asking makes nothing");

    let on = https.enable().unwrap();
    assert!(on.enabled);
    assert_eq!(trusting(&on), [true, true]);
    let authority = https.roots().current().unwrap().unwrap();
    assert_eq!(on.probe.as_deref(), Some(authority.probe().as_str()));
    let root = on.root.unwrap();
    assert_eq!(root.fingerprint, authority.fingerprint());
    assert!(Path::new(&root.file).is_file());
    // Once more changes nothing.
    let again = https.enable().unwrap();
    assert_eq!(again.root.unwrap().fingerprint, root.fingerprint);
    assert_eq!(trusting(&https.status().unwrap()), [true, true]);

    let off = https.disable().unwrap();
    assert!(!off.enabled && off.root.is_none());
    assert_eq!(trusting(&off), [false, false]);
    assert!(!folder.path().join("data/https").exists());
    https.disable().unwrap();
}

#[test]
fn stores_follow_to_a_new_root_unless_a_person_took_it_out() {
    let Some((_folder, https)) = user() else {
        return;
    };
    let status = https.enable().unwrap();
    let first = https.roots().current().unwrap().unwrap();
    assert!(!https.renew_if_due().unwrap());
    let soon = first.not_after() - DAILY * 29;
    assert!(https.renew_if_due_at(soon).unwrap());
    let second = https.roots().current().unwrap().unwrap();
    assert_ne!(first.fingerprint(), second.fingerprint());
    assert_eq!(trusting(&https.status().unwrap()), [true, true]);
    let profile = Path::new(&status.stores[1].place);
    let list = certutil(profile, &["-L"]).unwrap();
    assert_eq!(list.matches("pkarr").count(), 1, "{list}");

    // A renewal that was cut off before it came to the stores is brought to its end.
    https.roots().replace().unwrap();
    assert_eq!(trusting(&https.status().unwrap()), [false, false]);
    assert!(https.renew_if_due().unwrap());
    assert_eq!(trusting(&https.status().unwrap()), [true, true]);

    let list = certutil(profile, &["-L"]).unwrap();
    let ours = list.lines().find(|line| line.starts_with("pkarr")).unwrap();
    let nickname = ours.trim_end().rsplit_once(' ').unwrap().0.trim();
    certutil(profile, &["-D", "-n", nickname]).unwrap();
    https.renew_if_due_at(soon).unwrap();
    assert_eq!(trusting(&https.status().unwrap()), [true, false]);
}

/// Gives a database a password, which only its browser knows.
fn lock(database: &Path) -> String {
    let password = database.join("password");
    std::fs::write(database.join("empty"), "\n").unwrap();
    std::fs::write(&password, "secret phrase\n").unwrap();
    let [empty, password] =
        ["empty", "password"].map(|name| database.join(name).display().to_string());
    certutil(database, &["-W", "-f", &empty, "-@", &password]).unwrap();
    password
}

#[test]
fn a_store_that_can_not_follow_holds_the_renewal_up() {
    let Some((_folder, https)) = user() else {
        return;
    };
    let status = https.enable().unwrap();
    let first = https.roots().current().unwrap().unwrap();
    let fingerprint = || https.roots().current().unwrap().unwrap().fingerprint();
    let profile = Path::new(&status.stores[1].place);
    let password = lock(profile);
    let soon = first.not_after() - DAILY * 29;
    https.renew_if_due_at(soon).unwrap();
    // The other is told of the next root already, and nobody has lost anything.
    assert_eq!(fingerprint(), first.fingerprint());
    let next = https.roots().next().unwrap().unwrap();
    let status = https.status().unwrap();
    assert!(status.stores.iter().all(|store| store.trusts), "{status:?}");
    assert_eq!(status.stores[0].failure, None);
    let file = next.file().display().to_string();
    let told = status.stores[1].failure.as_ref().unwrap();
    assert!(told.contains(&file), "{told}");
    https.renew_if_due_at(soon + DAILY).unwrap();
    assert_eq!(https.roots().next().unwrap().unwrap().mark(), next.mark());
    assert_eq!(fingerprint(), first.fingerprint());

    // A person brings it in.
    let import = [
        "-A",
        "-t",
        "C,,",
        "-n",
        "pkarr on this computer – keys only",
        "-i",
        &file,
        "-a",
        "-f",
        &password,
    ];
    certutil(profile, &import).unwrap();
    assert!(https.renew_if_due_at(soon + DAILY * 2).unwrap());
    assert_eq!(fingerprint(), next.fingerprint());
    assert_eq!(trusting(&https.status().unwrap()), [true, true]);
    assert!(https.roots().next().unwrap().is_none());
    let chromium = certutil(Path::new(&status.stores[0].place), &["-L"]).unwrap();
    assert_eq!(chromium.matches("pkarr").count(), 1, "{chromium}");
}

#[test]
fn nobody_holds_the_renewal_up_beyond_the_last_day() {
    let Some((_folder, https)) = user() else {
        return;
    };
    let status = https.enable().unwrap();
    let first = https.roots().current().unwrap().unwrap();
    lock(Path::new(&status.stores[1].place));
    https
        .renew_if_due_at(first.not_after() - DAILY * 2)
        .unwrap();
    let next = https.roots().next().unwrap().unwrap();
    https
        .renew_if_due_at(first.not_after() - DAILY / 2)
        .unwrap();
    let current = https.roots().current().unwrap().unwrap();
    assert_eq!(current.mark(), next.mark());
    let status = https.status().unwrap();
    let trusts: Vec<_> = status.stores.iter().map(|store| store.trusts).collect();
    assert_eq!(trusts, [true, false]);
}

#[test]
fn folders_leave_each_others_roots_alone() {
    let Some((folder, https)) = user() else {
        return;
    };
    let places = Places::below(folder.path().join("home"));
    let other = Https::new(&folder.path().join("other"), Some(places));
    assert!(
        https
            .enable()
            .unwrap()
            .stores
            .iter()
            .all(|store| !store.others)
    );
    other.enable().unwrap();
    let both = || {
        for status in [https.status().unwrap(), other.status().unwrap()] {
            assert_eq!(trusting(&status), [true, true]);
            assert!(status.stores.iter().all(|store| store.others));
        }
    };
    both();
    let first = https.roots().current().unwrap().unwrap();
    assert!(!other.renew_if_due().unwrap());
    let soon = first.not_after() - DAILY * 29;
    assert!(https.renew_if_due_at(soon).unwrap());
    assert_ne!(
        https.roots().current().unwrap().unwrap().mark(),
        first.mark()
    );
    both();

    let off = https.disable().unwrap();
    assert_eq!(trusting(&off), [false, false]);
    assert!(off.stores.iter().all(|store| store.others));
    let status = other.status().unwrap();
    assert_eq!(trusting(&status), [true, true]);
    assert!(status.stores.iter().all(|store| !store.others));
}

#[test]
fn what_could_not_be_taken_out_is_taken_out_the_next_time() {
    let Some((folder, https)) = user() else {
        return;
    };
    let status = https.enable().unwrap();
    let database = Path::new(&status.stores[1].place).join("cert9.db");
    let whole = std::fs::read(&database).unwrap();
    std::fs::write(&database, "nonsense ".repeat(1000)).unwrap();
    let off = https.disable().unwrap();
    assert!(off.stores[1].failure.is_some());
    assert!(https.roots().current().unwrap().is_none());
    std::fs::write(&database, whole).unwrap();
    assert_eq!(trusting(&https.status().unwrap()), [false, true]);
    assert_eq!(trusting(&https.disable().unwrap()), [false, false]);
    assert!(!folder.path().join("data/https").exists());
}

#[test]
fn a_store_that_refuses_says_why_and_holds_up_no_other() {
    let Some((folder, https)) = user() else {
        return;
    };
    let broken = folder.path().join("home/.mozilla/firefox/a.broken");
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::write(broken.join("cert9.db"), "nonsense ".repeat(1000)).unwrap();
    for status in [
        https.enable().unwrap(),
        https.status().unwrap(),
        https.disable().unwrap(),
    ] {
        let [chromium, broken, firefox] = &status.stores[..] else {
            panic!("{status:?}");
        };
        assert_eq!(broken.name, "Firefox (broken)");
        assert!(broken.failure.is_some() && !broken.trusts);
        assert!([chromium, firefox].iter().all(|s| s.failure.is_none()));
        assert_eq!([chromium.trusts, firefox.trusts], [status.enabled; 2]);
    }
}
