//! What `pkarr doctor` says of browsers, and what it mends.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/home.rs"]
mod home;

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use home::Home;
use serde_json::{Value, json};

const VIVALDI: &str = ".config/vivaldi/NativeMessagingHosts/org.pkarr.host.json";
const PROGRAM: &str = env!("CARGO_BIN_EXE_pkarr");

/// A home with Vivaldi in it, whose folders no package of this machine writes to.
fn with_vivaldi() -> Home {
    let home = Home::new();
    fs::create_dir_all(home.path(VIVALDI).parent().unwrap()).unwrap();
    home
}

/// The check-up, without any network.
fn doctor(home: &Home, arguments: &[&str]) -> (Value, i32) {
    let offline = ["doctor", "--bootstrap", "127.0.0.1:9", "--no-relays"];
    home.told(&[&offline, arguments].concat())
}

/// What was found of Vivaldi.
fn vivaldi(told: &Value) -> Value {
    let mut findings = told["findings"].as_array().unwrap().iter();
    let of =
        |finding: &&Value| finding["check"] == "browsers" && finding["facts"]["id"] == "vivaldi";
    findings.find(of).unwrap().clone()
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn each_browser_is_told_of_with_what_to_do() {
    let home = with_vivaldi();
    let (told, _) = doctor(&home, &["--fix"]);
    let none = vivaldi(&told);
    assert_eq!(
        (&none["finding"], &none["state"]),
        (&json!("no-manifest"), &json!("warning"))
    );
    assert!(
        none["todo"]
            .as_str()
            .unwrap()
            .contains("pkarr install --browser vivaldi")
    );
    assert_eq!(told["fixed"], json!([]));

    let install = ["install", "--browser", "vivaldi", "--program", PROGRAM];
    assert!(home.run(&install).status.success());
    let good = vivaldi(&doctor(&home, &[]).0);
    assert_eq!(
        (&good["finding"], &good["state"]),
        (&json!("ok"), &json!("good"))
    );
    assert_eq!(good["facts"]["program"], PROGRAM);
    assert_eq!(good["facts"]["version"], env!("CARGO_PKG_VERSION"));
    // What was made and is gone is made again.
    fs::remove_file(home.path(VIVALDI)).unwrap();
    let (told, _) = doctor(&home, &["--fix"]);
    assert_eq!(vivaldi(&told)["finding"], "ok");
    let fixed = told["fixed"].as_array().unwrap();
    assert!(
        fixed
            .iter()
            .any(|fixed| fixed["place"] == home.path(VIVALDI).to_str().unwrap())
    );
    let (redacted, _) = doctor(&home, &["--redacted"]);
    let file = format!("~/{VIVALDI}");
    assert_eq!(vivaldi(&redacted)["facts"]["file"], file);
}

#[test]
fn what_leads_nowhere_is_mended() {
    for (broken, finding) in [
        ("{".to_owned(), "unreadable"),
        (
            r#"{"name":"org.pkarr.host","description":"","path":"/nowhere/pkarr","type":"stdio",
                "allowed_origins":["chrome-extension://lgefegacnbcimpjhcdiipjjboabmnjfd/"]}"#
                .to_owned(),
            "gone",
        ),
    ] {
        let home = with_vivaldi();
        fs::write(home.path(VIVALDI), broken).unwrap();
        let (told, code) = doctor(&home, &[]);
        assert_eq!(vivaldi(&told)["finding"], finding);
        assert_eq!(code, 1);
        let (told, _) = doctor(&home, &["--fix"]);
        assert_eq!(vivaldi(&told)["finding"], "ok", "{told}");
        let fixed = told["fixed"].as_array().unwrap();
        let manifest = fixed
            .iter()
            .find(|fixed| fixed["what"] == "manifest")
            .unwrap();
        assert_eq!(manifest["place"], home.path(VIVALDI).to_str().unwrap());
        assert_eq!(manifest["failure"], Value::Null);
        // It is part of the installation from then on.
        assert!(home.run(&["uninstall"]).status.success());
        assert!(!home.path(VIVALDI).exists());
    }
}

#[test]
fn what_others_chose_is_told_and_left() {
    let home = with_vivaldi();
    let other = home.path("other");
    script(
        &other,
        r#"printf '\036\000\000\000{"result":{"version":"9.9.9"}}'"#,
    );
    let manifest = |id: &str| {
        json!({
            "name": "org.pkarr.host", "description": "", "path": other, "type": "stdio",
            "allowed_origins": [format!("chrome-extension://{id}/")],
        })
        .to_string()
    };
    let before = manifest("lgefegacnbcimpjhcdiipjjboabmnjfd");
    fs::write(home.path(VIVALDI), &before).unwrap();
    let (told, _) = doctor(&home, &["--fix"]);
    let found = vivaldi(&told);
    assert_eq!(
        (&found["finding"], &found["state"]),
        (&json!("other-program"), &json!("note"))
    );
    assert_eq!(found["facts"]["version"], "9.9.9");
    assert_eq!(fs::read_to_string(home.path(VIVALDI)).unwrap(), before);

    let stranger = manifest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    fs::write(home.path(VIVALDI), &stranger).unwrap();
    let (told, code) = doctor(&home, &["--fix"]);
    assert_eq!(vivaldi(&told)["finding"], "not-admitted");
    assert_eq!(code, 1);
    assert!(
        told["fixed"][0]["failure"]
            .as_str()
            .unwrap()
            .contains("--force")
    );
    assert_eq!(fs::read_to_string(home.path(VIVALDI)).unwrap(), stranger);
}

#[test]
fn a_program_that_does_not_answer_is_told() {
    let home = with_vivaldi();
    let mute = home.path("mute");
    script(&mute, "exit 3");
    let install = [
        "install",
        "--browser",
        "vivaldi",
        "--program",
        mute.to_str().unwrap(),
    ];
    assert!(home.run(&install).status.success());
    let found = vivaldi(&doctor(&home, &[]).0);
    assert_eq!(
        (&found["finding"], &found["state"]),
        (&json!("no-hello"), &json!("bad"))
    );
    // The manifest is ours, so it may name this program instead.
    assert_eq!(vivaldi(&doctor(&home, &["--fix"]).0)["finding"], "ok");
}

#[test]
fn secrets_that_others_may_read_are_hidden() {
    let home = Home::new();
    let data = home.path(".local/share/pkarr");
    assert!(home.run(&["kept"]).status.success());
    let cache = data.join("cache.db");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o644)).unwrap();
    let (told, _) = doctor(&home, &["--fix"]);
    assert!(
        told["fixed"]
            .as_array()
            .unwrap()
            .iter()
            .any(|fixed| fixed["what"] == "secret")
    );
    assert_eq!(fs::metadata(&cache).unwrap().mode() & 0o777, 0o600);
}
