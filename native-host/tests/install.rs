//! `pkarr install` and `pkarr uninstall`, in the home of somebody who is made up.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/home.rs"]
mod home;

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Stdio,
    time::Duration,
};

use home::Home;
use pkarr_host::browsers::{Engine, Identity, greet};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);
const CHROMIUM: &str = ".config/chromium/NativeMessagingHosts/org.pkarr.host.json";
const FIREFOX: &str = ".mozilla/native-messaging-hosts/org.pkarr.host.json";

/// The outcomes of an installation, by what and where.
fn outcomes(told: &Value) -> Vec<(&str, &str)> {
    let steps = told["steps"].as_array().unwrap().iter();
    steps
        .map(|step| {
            (
                step["what"].as_str().unwrap(),
                step["outcome"].as_str().unwrap(),
            )
        })
        .collect()
}

fn manifest(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

const BOTH: [&str; 5] = ["install", "--browser", "chromium", "--browser", "firefox"];

#[test]
fn what_is_installed_works_and_goes_without_a_trace() {
    let home = Home::new();
    fs::create_dir_all(home.path(".mozilla/firefox")).unwrap();
    fs::write(home.path(".mozilla/firefox/profiles.ini"), "[General]").unwrap();
    let before = home.tree();
    let (told, code) = home.told(&BOTH);
    assert_eq!(code, 0, "{told}");
    let program = home.path(".local/bin/pkarr");
    assert_eq!(told["program"], program.to_str().unwrap());
    assert_eq!(told["dryRun"], false);
    assert_eq!(
        outcomes(&told),
        [
            ("program", "done"),
            ("manifest", "done"),
            ("manifest", "done")
        ]
    );
    assert_eq!(told["steps"][1]["browsers"], json!(["chromium"]));
    assert_eq!(
        told["steps"][1]["place"],
        home.path(CHROMIUM).to_str().unwrap()
    );
    // The program starts as each browser starts it, by what the manifest says.
    let identity = Identity::ours().unwrap();
    for (file, engine) in [(CHROMIUM, Engine::Chromium), (FIREFOX, Engine::Gecko)] {
        let file = home.path(file);
        let named = manifest(&file)["path"].as_str().unwrap().to_owned();
        assert_eq!(Path::new(&named), program);
        let greeting = greet(Path::new(&named), &file, engine, identity, PATIENCE).unwrap();
        assert_eq!(greeting.version, env!("CARGO_PKG_VERSION"));
    }
    let installed = home.tree();
    let (again, code) = home.told(&BOTH);
    assert_eq!(code, 0);
    assert!(
        outcomes(&again)
            .iter()
            .all(|(_, outcome)| *outcome == "already")
    );
    assert!(home.tree() == installed, "the second time changes nothing");

    // The installed one takes itself away, too.
    let output = home.run_program(&program, &["uninstall"]);
    assert!(output.status.success(), "{output:?}");
    let after = home.tree();
    let left: Vec<_> = after
        .keys()
        .filter(|path| !before.contains_key(*path))
        .collect();
    assert!(after == before, "left: {left:?}");
    let (nothing, code) = home.told(&["uninstall"]);
    assert_eq!((nothing["removed"].clone(), code), (json!([]), 0));
    assert!(home.tree() == before);
}

#[test]
fn a_dry_run_writes_nothing() {
    let home = Home::new();
    let (told, code) = home.told(&[&BOTH[..], &["--dry-run"]].concat());
    assert_eq!(code, 0);
    assert_eq!(told["dryRun"], true);
    assert!(
        outcomes(&told)
            .iter()
            .all(|(_, outcome)| *outcome == "would")
    );
    assert!(home.tree().is_empty());
    let program = env!("CARGO_BIN_EXE_pkarr");
    assert!(
        home.run(&[&BOTH[..], &["--program", program]].concat())
            .status
            .success()
    );
    let installed = home.tree();
    let (told, _) = home.told(&["uninstall", "--dry-run"]);
    let removed = told["removed"].as_array().unwrap();
    assert!(
        removed
            .iter()
            .any(|one| one["kind"] == "file" && one["outcome"] == "would")
    );
    assert!(home.tree() == installed);
}

#[test]
fn what_others_wrote_stays_where_it_is() {
    let home = Home::new();
    let place = home.path(CHROMIUM);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    let foreign = r#"{"name":"org.pkarr.host","path":"/bin/sh","type":"stdio","description":""}"#;
    fs::write(&place, foreign).unwrap();
    let before = home.tree();
    let program = env!("CARGO_BIN_EXE_pkarr");
    let install = ["install", "--browser", "chromium", "--program", program];
    let (told, code) = home.told(&install);
    assert_eq!(code, 1);
    assert_eq!(told["steps"][0]["outcome"], "refused");
    let reason = told["steps"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("/bin/sh") && reason.contains("--force"),
        "{reason}"
    );
    assert!(home.tree() == before, "and no list of nothing is kept");
    let (told, code) = home.told(&[&install[..], &["--force"]].concat());
    assert_eq!(
        (told["steps"][0]["outcome"].as_str(), code),
        (Some("done"), 0)
    );
    assert_eq!(manifest(&place)["path"], program);
}

#[test]
fn what_was_changed_since_is_not_removed() {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_pkarr");
    let install = ["install", "--browser", "firefox", "--program", program];
    assert!(home.run(&install).status.success());
    let place = home.path(FIREFOX);
    fs::write(&place, "{}").unwrap();
    let (told, code) = home.told(&["uninstall"]);
    assert_eq!(code, 1);
    let removed = told["removed"].as_array().unwrap();
    assert!(removed.iter().any(|one| one["outcome"] == "changed"));
    assert_eq!(fs::read(&place).unwrap(), b"{}");
    let (_, code) = home.told(&["uninstall", "--force"]);
    assert_eq!(code, 0);
    assert!(home.tree().is_empty());
}

#[test]
fn an_upgrade_leaves_alone_what_runs() {
    let home = Home::new();
    assert!(
        home.run(&["install", "--browser", "chromium"])
            .status
            .success()
    );
    let program = home.path(".local/bin/pkarr");
    let mut running = home
        .command(&program, &["native-host"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // Another version: the same program with something behind it.
    let newer = home.path("download");
    let mut bytes = fs::read(&program).unwrap();
    bytes.extend(b"newer");
    fs::write(&newer, &bytes).unwrap();
    fs::set_permissions(&newer, fs::Permissions::from_mode(0o755)).unwrap();
    let output = home.run_program(&newer, &["install", "--browser", "chromium"]);
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read(&program).unwrap() == bytes);
    assert!(running.try_wait().unwrap().is_none());
    drop(running.stdin.take());
    assert!(running.wait().unwrap().success());
    assert!(home.run(&["uninstall"]).status.success());
    assert!(!program.exists(), "each version that was there is ours");
}

#[test]
fn an_upgrade_finds_its_own_older_copy_where_there_is_no_other_place() {
    let home = Home::new();
    // Somebody else's program has the usual place.
    let taken = home.path(".local/bin/pkarr");
    fs::create_dir_all(taken.parent().unwrap()).unwrap();
    fs::write(&taken, "theirs").unwrap();
    let older = fs::read(env!("CARGO_BIN_EXE_pkarr")).unwrap();
    for version in ["older", "newer"] {
        let download = home.path(version);
        let mut bytes = older.clone();
        bytes.extend(version.as_bytes());
        fs::write(&download, &bytes).unwrap();
        fs::set_permissions(&download, fs::Permissions::from_mode(0o755)).unwrap();
        let output = home.run_program(&download, &["install", "--browser", "chromium"]);
        assert!(output.status.success(), "{version}: {output:?}");
        let copy = home.path(".local/share/pkarr/bin/pkarr");
        assert!(fs::read(copy).unwrap() == bytes, "{version}");
    }
    assert_eq!(fs::read(&taken).unwrap(), b"theirs");
}

#[test]
fn two_at_the_same_time_both_come_to_an_end() {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_pkarr");
    let spawn = |browser| {
        let arguments = ["install", "--program", program, "--browser", browser];
        let mut command = home.command(Path::new(program), &arguments);
        command.stdout(Stdio::null()).spawn().unwrap()
    };
    let browsers = [
        "chromium",
        "firefox",
        "brave",
        "librewolf",
        "chrome",
        "edge",
    ];
    let all: Vec<_> = browsers.into_iter().map(spawn).collect();
    for mut one in all {
        assert!(one.wait().unwrap().success());
    }
    assert!(home.path(CHROMIUM).exists() && home.path(FIREFOX).exists());
    assert!(home.run(&["uninstall"]).status.success());
    assert!(home.tree().is_empty(), "{:?}", home.tree().keys());
}

#[test]
fn who_waits_for_an_uninstall_is_not_left_without_a_list() {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_pkarr");
    // Each uninstall takes the list and its lock away while others wait for it.
    std::thread::scope(|scope| {
        for browser in ["chromium", "firefox", "brave", "librewolf"] {
            let home = &home;
            scope.spawn(move || {
                for _ in 0..4 {
                    let install = ["install", "--program", program, "--browser", browser];
                    for arguments in [&install[..], &["uninstall"]] {
                        let output = home.run(arguments);
                        assert!(output.status.success(), "{arguments:?}: {output:?}");
                    }
                }
            });
        }
    });
    // Such a crowd may leave a folder that each took for another's, and nothing in it.
    let tree = home.tree();
    assert!(tree.keys().all(|path| path.is_dir()), "{:?}", tree.keys());
}

#[test]
fn a_damaged_list_stops_everything() {
    let home = Home::new();
    let list = home.path(".local/share/pkarr/installed.json");
    fs::create_dir_all(list.parent().unwrap()).unwrap();
    fs::write(&list, "{").unwrap();
    for arguments in [&["install", "--browser", "chromium"][..], &["uninstall"]] {
        let output = home.run(arguments);
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("installed.json"), "{said}");
    }
    assert!(!home.path(CHROMIUM).exists());
}

#[test]
fn browsers_are_found_by_what_they_left_in_the_home() {
    let home = Home::new();
    fs::create_dir_all(home.path(".config/vivaldi")).unwrap();
    fs::create_dir_all(home.path(".var/app/org.mozilla.firefox")).unwrap();
    let program = env!("CARGO_BIN_EXE_pkarr");
    let (told, _) = home.told(&["install", "--dry-run", "--program", program]);
    let steps = told["steps"].as_array().unwrap();
    let place_of = |browser: &str, what: &str| {
        let is_it = |step: &&Value| {
            step["what"] == what
                && step["browsers"]
                    .as_array()
                    .unwrap()
                    .contains(&json!(browser))
        };
        steps.iter().find(is_it).unwrap()["place"].clone()
    };
    let vivaldi = home.path(".config/vivaldi/NativeMessagingHosts/org.pkarr.host.json");
    assert_eq!(place_of("vivaldi", "manifest"), vivaldi.to_str().unwrap());
    let inside = home.path(".var/app/org.mozilla.firefox/data/pkarr/bin/pkarr");
    assert_eq!(
        place_of("firefox-flatpak", "program"),
        inside.to_str().unwrap()
    );
}

#[test]
fn a_flatpak_gets_all_it_needs_inside() {
    let home = Home::new();
    let app = ".var/app/org.mozilla.firefox";
    fs::create_dir_all(home.path(app)).unwrap();
    let before = home.tree();
    let (told, code) = home.told(&["install", "--browser", "firefox-flatpak"]);
    assert_eq!(code, 0, "{told}");
    let file = home.path(&format!(
        "{app}/.mozilla/native-messaging-hosts/org.pkarr.host.json"
    ));
    let program = home.path(&format!("{app}/data/pkarr/bin/pkarr"));
    assert_eq!(manifest(&file)["path"], program.to_str().unwrap());
    let identity = Identity::ours().unwrap();
    greet(&program, &file, Engine::Gecko, identity, PATIENCE).unwrap();
    assert!(
        !home.path(".local/bin").exists(),
        "nothing is needed outside"
    );
    assert!(home.run(&["uninstall"]).status.success());
    // What the program itself kept there, when it was started, is not the installation’s.
    assert!(before.keys().all(|path| path.exists()));
    assert!(!program.exists() && !file.exists());
}

#[test]
fn the_extension_is_put_where_it_stays() {
    let home = Home::new();
    let download = home.path("download/chromium");
    fs::create_dir_all(download.join("icon")).unwrap();
    fs::write(download.join("manifest.json"), "{}").unwrap();
    fs::write(download.join("icon/16.png"), "png").unwrap();
    let before = home.tree();
    let program = env!("CARGO_BIN_EXE_pkarr");
    let named = download.to_str().unwrap();
    let install = [
        "install",
        "--browser",
        "chromium",
        "--program",
        program,
        "--extension",
        named,
    ];
    let (told, code) = home.told(&install);
    assert_eq!(code, 0, "{told}");
    let kept = home.path(".local/share/pkarr/extension/chromium");
    assert_eq!(fs::read(kept.join("icon/16.png")).unwrap(), b"png");
    let todo = |told: &Value| {
        let steps = told["steps"].as_array().unwrap().clone();
        let mut steps = steps.into_iter();
        steps.find(|step| step["outcome"] == "todo").unwrap()["reason"].clone()
    };
    assert!(
        todo(&told)
            .as_str()
            .unwrap()
            .contains(kept.to_str().unwrap())
    );
    // The browser keeps something of its own there.
    fs::create_dir_all(kept.join("_metadata")).unwrap();
    fs::write(kept.join("_metadata/rules"), "x").unwrap();
    let (again, _) = home.told(&install);
    let extension = outcomes(&again)
        .into_iter()
        .find(|(what, _)| *what == "extension");
    assert_eq!(extension, Some(("extension", "already")));
    fs::write(download.join("manifest.json"), "{ }").unwrap();
    let (newer, _) = home.told(&install);
    assert!(outcomes(&newer).contains(&("extension", "done")));
    assert_eq!(fs::read(kept.join("manifest.json")).unwrap(), b"{ }");
    fs::write(download.join("manifest.json"), "{}").unwrap();
    assert!(home.run(&["uninstall"]).status.success());
    assert!(home.tree() == before, "{:?}", home.tree().keys());
    let wrong = home.run(&[
        "install",
        "--browser",
        "chromium",
        "--extension",
        "/nowhere.crx",
    ]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(home.tree() == before);
}

#[test]
fn a_package_is_put_together_from_the_same_table() {
    let home = Home::new();
    let root = home.path("root");
    let named = root.to_str().unwrap();
    let stage = [
        "install",
        "--system",
        "--all",
        "--root",
        named,
        "--program",
        "/usr/bin/pkarr",
    ];
    let (told, code) = home.told(&stage);
    assert_eq!(code, 0, "{told}");
    for place in [
        "etc/chromium/native-messaging-hosts",
        "etc/opt/chrome/native-messaging-hosts",
        "etc/opt/edge/native-messaging-hosts",
        "usr/lib/mozilla/native-messaging-hosts",
    ] {
        let file = root.join(place).join("org.pkarr.host.json");
        assert_eq!(manifest(&file)["path"], "/usr/bin/pkarr", "{place}");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o644);
        assert_eq!(
            fs::metadata(root.join(place)).unwrap().mode() & 0o777,
            0o755
        );
    }
    assert!(!root.join("usr/lib64").exists());
    let outside: Vec<_> = home
        .tree()
        .into_keys()
        .filter(|path| !path.starts_with(&root))
        .collect();
    assert!(outside.is_empty(), "{outside:?}");
    let names: Vec<_> = home
        .tree()
        .into_keys()
        .filter(|path| path.is_file())
        .collect();
    assert!(
        names
            .iter()
            .all(|path| path.ends_with("org.pkarr.host.json")),
        "{names:?}"
    );
}

#[test]
fn purging_asks_and_leaves_keys() {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_pkarr");
    assert!(
        home.run(&["install", "--browser", "firefox", "--program", program])
            .status
            .success()
    );
    let data = home.path(".local/share/pkarr");
    for name in ["cache.db", "site.key"] {
        fs::write(data.join(name), name).unwrap();
    }
    assert!(
        home.run(&["config", "set", "stale", "false"])
            .status
            .success()
    );
    let asked = home.run(&["uninstall", "--purge"]);
    assert_eq!(asked.status.code(), Some(1));
    assert!(String::from_utf8(asked.stderr).unwrap().contains("--yes"));
    assert!(
        home.path(FIREFOX).exists(),
        "nothing is removed without an answer"
    );
    let (told, code) = home.told(&["uninstall", "--purge", "--yes"]);
    assert_eq!(code, 0, "{told}");
    let purged = told["purged"].as_array().unwrap();
    assert!(purged.contains(&json!(data.join("cache.db"))));
    let left: Vec<_> = home
        .tree()
        .into_keys()
        .filter(|path| path.is_file())
        .collect();
    assert_eq!(left, [data.join("site.key")]);
}

#[test]
fn what_cannot_be_understood_is_told() {
    let home = Home::new();
    for (arguments, code, word) in [
        (&["install", "--browser", "netscape"][..], 1, "chromium"),
        (
            &["install", "--browser", "chromium", "--program", "pkarr"],
            1,
            "whole path",
        ),
        (&["install", "--browser", "tor-browser"], 1, "around Tor"),
        (&["install", "--root", "/tmp/x"], 2, "--system"),
        (
            &["install", "--all", "--browser", "chromium"],
            2,
            "--browser",
        ),
    ] {
        let output = home.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains(word), "{said}");
    }
    assert!(home.tree().is_empty(), "{:?}", home.tree().keys());
}
