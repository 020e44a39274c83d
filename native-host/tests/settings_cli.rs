//! `pkarr config` and `pkarr doctor` as a person or a script uses them.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use support::{
    config_folder, data_folder,
    host::config_file,
    only_at_home,
    relay::{FakeRelay, Reply},
    silent, testnet,
};

fn run(home: &Path, arguments: &[&str]) -> Output {
    pkarr(home).args(arguments).output().unwrap()
}

fn pkarr(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkarr"));
    only_at_home(&mut command, home).stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json_of(output: &Output) -> Value {
    let text = text(&output.stdout);
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).unwrap()
}

/// A finding by its check.
fn found<'a>(report: &'a Value, check: &str) -> &'a Value {
    let mut findings = report["findings"].as_array().unwrap().iter();
    findings.find(|found| found["check"] == check).unwrap()
}

#[test]
fn the_configuration_file_is_changed_by_commands() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let path = run(home, &["config", "path"]);
    let file = config_folder(home).join("config.toml");
    assert_eq!(text(&path.stdout).trim(), file.to_str().unwrap());
    assert_eq!(
        json_of(&run(home, &["config", "path", "--json"])),
        json!({ "config": file })
    );
    let first = run(home, &["config", "set", "stale", "false"]);
    assert!(first.status.success(), "{first:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "stale = false\n");
    std::fs::write(&file, "# why\nstale = false # so\n").unwrap();
    let relays = ["http://127.0.0.1:1", "http://127.0.0.1:2"];
    let set = ["config", "set", "relays", relays[0], relays[1], "--json"];
    let set = json_of(&run(home, &set));
    assert_eq!(set["relays"].as_array().unwrap().len(), 2);
    let written = format!(
        "# why\nstale = false # so\nrelays = [\"{}\", \"{}\"]\n",
        relays[0], relays[1]
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    let off = json_of(&run(home, &["config", "set", "relays", "--json"]));
    assert_eq!(off["relays"], json!([]));
    let unset = json_of(&run(home, &["config", "unset", "stale", "--json"]));
    assert_eq!(unset["stale"], true);
    let text_left = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text_left, "# why\n# so\nrelays = []\n");

    for (arguments, code, word) in [
        (&["config", "set", "cache-size", "many"][..], 1, "\"many\""),
        (&["config", "set", "cache-size", "1", "2"], 1, "not 2"),
        (&["config", "set", "colour", "red"], 2, "cache-size"),
        (&["config", "unset"], 2, "NAME"),
    ] {
        let output = run(home, arguments);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(text(&output.stderr).contains(word), "{output:?}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text_left);
    let fixed = run(
        home,
        &["config", "set", "stale", "false", "--stale", "true"],
    );
    assert!(
        text(&fixed.stdout).contains("decides about stale"),
        "{fixed:?}"
    );
}

#[test]
fn a_wrong_file_is_mended_by_command() {
    let home = tempfile::tempdir().unwrap();
    let file = config_file(home.path());
    std::fs::write(&file, "stale = \"no\"\n").unwrap();
    let shown = run(home.path(), &["config", "show"]);
    assert_eq!(shown.status.code(), Some(1));
    let other = run(home.path(), &["kept"]);
    assert!(text(&other.stderr).contains("line 1"), "{other:?}");
    assert!(
        run(home.path(), &["config", "set", "stale", "false"])
            .status
            .success()
    );
    let shown = json_of(&run(home.path(), &["config", "show", "--json"]));
    assert_eq!(shown["stale"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (_socket, bootstrap) = silent();
    let hour = Duration::from_secs(60 * 60);
    let date = httpdate::fmt_http_date(SystemTime::now() - hour);
    let relay = FakeRelay::always(Reply::new(404, "").with("date", date)).await;
    let broken = FakeRelay::always(Reply::new(500, "\u{1b}[2Jout of order")).await;
    let config = format!(
        "bootstrap = {bootstrap:?}\nrelays = [\"{}\", \"{}\"]\nallow-private = true\nstale = false\n",
        relay.url, broken.url
    );
    std::fs::write(config_file(home), config).unwrap();
    let output = run(home, &["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1), "a wrong clock is bad");
    let report = json_of(&output);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    let is = |check: &str, finding: &str, state: &str| {
        let found = found(&report, check);
        assert_eq!(
            (&found["finding"], &found["state"]),
            (&json!(finding), &json!(state)),
            "{found}"
        );
        found["facts"].clone()
    };
    is("program", "ok", "good");
    is("data-folder", "ok", "good");
    is("cache", "ok", "good");
    is("gateway", "ok", "good");
    let clock = is("clock", "ahead", "bad");
    assert_eq!(clock["minutes"], "60");
    // A relay answers, so that it is not as bad.
    assert_eq!(is("dht", "no-answer", "warning")["bootstrap"], "1");
    assert!(is("relays", "ok", "good")["ms"].is_string());
    let all = report["findings"].as_array().unwrap();
    let has = |finding: &str| all.iter().find(|found| found["finding"] == finding);
    assert!(has("allow-private").is_some() && has("stale-off").is_some());
    let broken_relay = all
        .iter()
        .find(|found| found["facts"]["relay"] == broken.url.as_str() && found["check"] == "relays")
        .unwrap();
    assert_eq!(broken_relay["finding"], "no-answer");
    for found in all {
        assert!(!found["what"].as_str().unwrap().is_empty(), "{found}");
        let todo = found["todo"].as_str().unwrap();
        assert!(found["state"] != "bad" || !todo.is_empty(), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_can_be_shown_to_strangers() {
    let net = testnet().await;
    let home = tempfile::tempdir().unwrap();
    let home = home.path().join("alice");
    std::fs::create_dir(&home).unwrap();
    let key = support::pair(42).public().to_string();
    let config = format!(
        "bootstrap = {:?}\nallow-private-for = [\"{key}\", \"alice\"]\n",
        net.bootstrap()
    );
    std::fs::write(config_file(&home), config).unwrap();
    let plain = run(&home, &["doctor", "--redacted"]);
    let report = text(&plain.stdout);
    assert_eq!(plain.status.code(), Some(1), "{report}");
    for word in [
        "bad      settings wrong",
        "good     dht ok",
        support::DATA_AT_HOME,
    ] {
        assert!(report.contains(word), "{report}");
    }
    for secret in ["alice", home.to_str().unwrap(), &key, "\u{1b}"] {
        assert!(!report.contains(secret), "{secret:?} in {report}");
    }
    let json = run(&home, &["doctor", "--redacted", "--json"]);
    assert!(!text(&json.stdout).contains("alice"), "{json:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_others_can_read_are_told() {
    use std::os::unix::fs::PermissionsExt;
    let net = testnet().await;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let bootstrap = net.bootstrap().join(",");
    let doctor = ["doctor", "--json", "--bootstrap", &bootstrap];
    let sound = json_of(&run(home, &doctor));
    assert_eq!(found(&sound, "data-folder")["finding"], "ok");
    let root = home.join(".local/share/pkarr/https/root.key");
    std::fs::create_dir_all(root.parent().unwrap()).unwrap();
    std::fs::write(&root, "").unwrap();
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = run(home, &doctor);
    let report = json_of(&output);
    let readable = found(&report, "data-folder");
    assert_eq!(readable["finding"], "secrets-readable");
    assert_eq!(readable["facts"], json!({ "mode": "644", "path": root }));
    assert_eq!(found(&report, "https")["finding"], "damaged");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_sandbox_and_a_cache_that_cannot_be_used_are_told() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    // Something else lies where the file should.
    let path = data_folder(home).join("cache.db");
    std::fs::create_dir_all(&path).unwrap();
    let output = pkarr(home)
        .args(["doctor", "--json", "--bootstrap", "127.0.0.1:9"])
        .env("SNAP", "/snap/chromium/1")
        .env("SNAP_NAME", "chromium")
        .output()
        .unwrap();
    let report = json_of(&output);
    let program = found(&report, "program");
    assert_eq!(program["finding"], "snap");
    assert_eq!(program["facts"]["name"], "chromium");
    let cache = found(&report, "cache");
    assert_eq!(cache["finding"], "memory-only");
    assert_eq!(cache["facts"]["path"], path.to_str().unwrap());
    // Neither the DHT nor a relay: no name can be had.
    assert_eq!(found(&report, "dht")["state"], "bad");
    assert_eq!(output.status.code(), Some(1));
}
