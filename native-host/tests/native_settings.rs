//! Settings, memory and health of the program, as the extension asks for them.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{
    host::{Host, config_file},
    pair, publish, testnet,
};

/// Nobody's address: for what needs no network.
const NOWHERE: (&str, &str) = ("PKARR_BOOTSTRAP", "127.0.0.1:9");

/// The only finding of a check, or all of them.
fn found<'a>(findings: &'a Value, check: &str) -> Vec<&'a Value> {
    let findings = findings.as_array().unwrap().iter();
    findings.filter(|found| found["check"] == check).collect()
}

fn names<'a>(findings: &'a Value, check: &str) -> Vec<&'a str> {
    let found = found(findings, check).into_iter();
    found.map(|f| f["finding"].as_str().unwrap()).collect()
}

#[test]
fn settings_are_changed_for_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let file = config_file(home.path());
    std::fs::write(&file, "# mine\nrelay-delay = 1 # ms\n").unwrap();
    let mut host = Host::of_user(home.path(), &[NOWHERE]);
    let before = host.result("settings", json!({}));
    assert_eq!(before["bootstrap"], json!(["127.0.0.1:9"]));
    assert_eq!(before["fixed"], json!(["bootstrap"]));
    assert_eq!(
        (&before["chosen"], &before["stale"]),
        (&json!([]), &json!(true))
    );
    assert_eq!(before["file"], file.to_str().unwrap());

    let key = pair(40).public().to_string();
    let change = json!({
        "relays": ["http://127.0.0.1:1/pkarr"],
        "allowPrivateFor": [format!("pk:{key}")],
        "stale": false,
        "cacheSize": 5,
    });
    let after = host.result("settings", json!({ "change": change }));
    let chosen = json!(["relays", "cacheSize", "stale", "allowPrivateFor"]);
    assert_eq!(after["chosen"], chosen);
    assert_eq!(after["allowPrivateFor"], json!([key]));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# mine\nrelay-delay = 1 # ms\n"), "{text}");

    // They hold for the next host, and this one says that it has others.
    let doctor = host.result("doctor", Value::Null);
    assert_eq!(names(&doctor["findings"], "settings")[0], "changed");
    let mut next = Host::of_user(home.path(), &[NOWHERE]);
    assert_eq!(next.result("settings", json!({})), after);
    let reset = json!({ "reset": ["relays", "stale", "cacheSize", "allowPrivateFor"] });
    assert_eq!(next.result("settings", reset), before);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "# mine\nrelay-delay = 1 # ms\n");
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut host = Host::of_user(home.path(), &[NOWHERE]);
    for (change, word) in [
        (
            json!({ "relays": ["ftp://relay.example"] }),
            "ftp://relay.example",
        ),
        (json!({ "relays": ["relay.example"] }), "relay.example"),
        (json!({ "relays": vec!["http://127.0.0.1:1"; 17] }), "17"),
        (json!({ "stale": false, "cacheSize": 0 }), "cache-size"),
        (
            json!({ "allowPrivateFor": ["example.com"] }),
            "allow-private-for",
        ),
        (json!({ "bootstrap": ["127.0.0.1:1"] }), "environment"),
    ] {
        let error = &host.call("settings", json!({ "change": change }))["error"];
        assert_eq!(error["code"], 12, "{error}");
        assert_eq!(error["data"]["code"], "bad-request");
        assert_eq!(error["data"]["todo"], "Correct it and try again.");
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    }
    let unknown = host.call("settings", json!({ "change": { "dataDir": "/" } }));
    assert_eq!(unknown["error"]["code"], -32602);
    assert!(!config_file(home.path()).exists());
}

#[test]
fn a_wrong_file_keeps_no_host_from_starting() {
    let home = tempfile::tempdir().unwrap();
    let file = config_file(home.path());
    std::fs::write(&file, "# mine\ncache-size = 7\nrelays = 5\n").unwrap();
    let mut host = Host::of_user(home.path(), &[NOWHERE]);
    let error = &host.call("settings", json!({}))["error"];
    assert_eq!(error["code"], 12);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("line 3"), "{message}");
    let doctor = host.result("doctor", Value::Null);
    let wrong = found(&doctor["findings"], "settings")[0];
    assert_eq!(
        (&wrong["finding"], &wrong["state"]),
        (&json!("wrong"), &json!("bad"))
    );
    assert_eq!(wrong["facts"]["file"], file.to_str().unwrap());
    assert_eq!(names(&doctor["findings"], "relays"), ["off"]);
    // It is mended from the extension.
    let change = json!({ "change": { "relays": [] } });
    let mended = host.result("settings", change);
    assert_eq!(
        (&mended["relays"], &mended["cacheSize"]),
        (&json!([]), &json!(7))
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "# mine\ncache-size = 7\nrelays = []\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_can_be_forgotten() {
    let net = testnet().await;
    publish(net.bootstrap(), &pair(41), "@ A 192.0.2.1").await;
    let home = tempfile::tempdir().unwrap();
    let bootstrap = net.bootstrap().join(",");
    let mut host = Host::of_user(home.path(), &[("PKARR_BOOTSTRAP", &bootstrap)]);
    let key = pair(41).public().to_string();
    host.result("resolve", json!({ "host": key }));
    // What was learned is written soon; whoever clears waits for that.
    let cleared = host.result("cache", json!({ "action": "clear" }));
    assert_eq!(cleared["keys"], 0);
    let cached = json!({ "host": key, "policy": "cacheOnly" });
    let forgotten = host.call("resolve", cached);
    assert_eq!(forgotten["error"]["data"]["code"], "not-cached");
    // Asked anew, whether or not the first search is still going on, it is remembered again.
    let anew = json!({ "host": key, "policy": "networkOnly" });
    host.result("resolve", anew);
    let deadline = Instant::now() + Duration::from_secs(30);
    let status = loop {
        let status = host.result("cache", json!({ "action": "status" }));
        if status["keys"] == 1 {
            break status;
        }
        assert!(Instant::now() < deadline, "{status}");
    };
    assert!(status["bytes"].as_u64().unwrap() > 0, "{status}");
    let wrong = host.call("cache", json!({ "action": "explode" }));
    assert_eq!(wrong["error"]["code"], -32602);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_up_finds_a_sound_host_sound() {
    let net = testnet().await;
    let home = tempfile::tempdir().unwrap();
    let bootstrap = net.bootstrap().join(",");
    let mut host = Host::of_user(home.path(), &[("PKARR_BOOTSTRAP", &bootstrap)]);
    let first = host.result("doctor", Value::Null)["findings"].take();
    assert_eq!(names(&first, "gateway"), ["not-running"]);
    host.result("gateway", json!({}));
    let doctor = host.result("doctor", Value::Null);
    let findings = &doctor["findings"];
    for check in ["data-folder", "cache", "dht", "gateway"] {
        assert_eq!(names(findings, check), ["ok"], "{findings}");
    }
    assert_eq!(names(findings, "settings"), ["ok", "no-relays"]);
    assert_eq!(names(findings, "https"), ["off"]);
    assert_eq!(names(findings, "clock"), ["unknown"]);
    // Names of a private DNS are nobody's business.
    assert_eq!(names(findings, "dns"), Vec::<&str>::new());
    let report = doctor["report"].as_str().unwrap();
    assert!(report.contains("dht ok"), "{report}");
    assert!(report.contains(support::DATA_AT_HOME), "{report}");
    assert!(!report.contains(home.path().to_str().unwrap()), "{report}");
}
