use super::*;

// macOS and Windows have stores of their own.
#[cfg(all(unix, not(target_os = "macos")))]
mod nss;

#[tokio::test(start_paused = true)]
async fn what_was_found_out_of_one_root_is_not_held_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let https = Https::new(folder.path(), None);
    let in_use = InUse::default();
    let root = Some(https.enable().unwrap().root.unwrap().fingerprint);
    in_use.hear(None, root.clone());
    in_use.hear(Some(true), root);
    let flag = in_use.flag();
    let is = || flag.load(std::sync::atomic::Ordering::Relaxed);
    let replaced = async {
        tokio::time::sleep(LOOK * 2).await;
        assert!(is());
        // As another process does it.
        Roots::new(super::folder(folder.path())).replace().unwrap();
        tokio::time::sleep(LOOK * 2).await;
    };
    tokio::select! {
        () = https.keep_renewed(&in_use) => panic!("it has no end"),
        () = replaced => {}
    }
    assert!(!is());
}

#[test]
fn the_documentation_says_what_people_are_told() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/security.md");
    let text = std::fs::read_to_string(path).unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in MEANING {
        assert!(words(&text).contains(&words(sentence)), "{sentence}");
    }
}

/// Windows asks the person who runs this test, wine nobody.
#[cfg(windows)]
#[test]
fn the_store_of_windows_follows() {
    let folder = tempfile::tempdir().unwrap();
    let [https, other] = ["ours", "other"].map(|name| {
        let home = folder.path().join("home");
        Https::new(&folder.path().join(name), Some(Places::below(home)))
    });
    let one = |status: HttpsStatus| {
        let [store] = &status.stores[..] else {
            panic!("{status:?}");
        };
        assert_eq!((&*store.name, &store.failure), ("Windows", &None));
        (status.enabled, store.trusts)
    };
    assert_eq!(one(https.status().unwrap()), (false, false));
    assert_eq!(one(https.enable().unwrap()), (true, true));
    other.enable().unwrap();
    let status = https.status().unwrap();
    assert!(status.stores[0].others, "{status:?}");

    let first = https.roots().current().unwrap().unwrap();
    let soon = first.not_after() - DAILY * 29;
    assert!(https.renew_if_due_at(soon).unwrap());
    let second = https.roots().current().unwrap().unwrap();
    assert_ne!(first.fingerprint(), second.fingerprint());
    assert_eq!(one(https.status().unwrap()), (true, true));

    assert_eq!(one(https.disable().unwrap()), (false, false));
    assert_eq!(one(other.status().unwrap()), (true, true));
    assert_eq!(one(other.disable().unwrap()), (false, false));
    let status = https.status().unwrap();
    assert!(!status.stores[0].others, "nothing is left: {status:?}");
}
