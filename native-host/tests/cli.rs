//! The command line as a person or a script uses it.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use support::testnet;

fn pkarr(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkarr"));
    support::at_home(&mut command, folder)
        .current_dir(folder)
        .env_remove("PKARR_BOOTSTRAP")
        .env("PKARR_DATA_DIR", folder.join("data"))
        .stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    pkarr(folder).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A command that runs until stopped, and the line of JSON that it begins with.
struct Running(Child, Value);

impl Running {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = pkarr(folder)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self(process, serde_json::from_str(&line).unwrap())
    }

    fn stop(mut self) {
        support::stop(&mut self.0);
    }
}

#[test]
fn keys_are_made_once_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["key", "new", "site.key", "--json"]);
    assert!(made.status.success());
    let made = json(&made);
    let shown = json(&run(folder.path(), &["key", "show", "site.key", "--json"]));
    assert_eq!(made, shown);
    assert_eq!(made["uri"], format!("pk:{}", made["key"].as_str().unwrap()));
    let secret = std::fs::read_to_string(folder.path().join("site.key")).unwrap();
    let again = run(folder.path(), &["key", "new", "site.key"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("exists already"), "{again:?}");
    let after = std::fs::read_to_string(folder.path().join("site.key")).unwrap();
    assert_eq!(secret, after);
    let plain = run(folder.path(), &["key", "show", "site.key"]);
    assert!(!text(&plain.stdout).contains(secret.trim()));
    assert!(
        !text(&plain.stdout).contains('\u{1b}'),
        "colours are for terminals"
    );
    // Without a file name, the key gives it.
    assert!(run(folder.path(), &["key", "new"]).status.success());
    let named = std::fs::read_dir(folder.path())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.len() == 56 && name.ends_with(".key"));
    assert_eq!(named.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn publish_then_resolve() {
    let net = testnet().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let bootstrap = net.bootstrap().join(",");
    run(folder, &["key", "new", "k"]);
    let zone = "@ 60 A 1.2.3.4\nwww CNAME @\n_iroh TXT user-data=me\n";
    std::fs::write(folder.join("zone"), zone).unwrap();
    let published = run(
        folder,
        &[
            "publish",
            "--bootstrap",
            &bootstrap,
            "--key",
            "k",
            "zone",
            "--json",
        ],
    );
    assert!(published.status.success(), "{published:?}");
    let published = json(&published);
    assert!(published["storedNodes"].as_u64().unwrap() >= 4);
    assert_eq!(published["records"], 3);
    assert_eq!(published["maxSize"], 996);
    let key = published["key"].as_str().unwrap();

    // The same setting from a file, and from the environment.
    let config = format!("bootstrap = {:?}\nno-relays = true\n", net.bootstrap());
    std::fs::write(folder.join("config.toml"), config).unwrap();
    let name = format!("www.{key}");
    let resolved = run(
        folder,
        &["resolve", &name, "--json", "--config", "config.toml"],
    );
    let resolved = json(&resolved);
    assert_eq!(resolved["seq"], published["seq"]);
    assert_eq!(resolved["endpoints"][0]["address"], "1.2.3.4");
    let plain = pkarr(folder)
        .args(["resolve", &format!("pk:{key}")])
        .env("PKARR_BOOTSTRAP", &bootstrap)
        .output()
        .unwrap();
    let lines: Vec<_> = text(&plain.stdout).lines().collect();
    assert_eq!(lines[0], format!("pk:{key}"));
    for line in [
        "@       60  A      1.2.3.4",
        &format!("www    300  CNAME  {key}."),
        "_iroh  300  TXT    \"user-data=me\"  ; iroh user data",
    ] {
        assert!(lines.contains(&line), "{lines:#?}");
    }

    let unknown = "bizf9xcxpohgckh7ox99x4tdcfr5ng797uz6pnug4ruskytcdqhy";
    let absent = run(folder, &["resolve", unknown, "--bootstrap", &bootstrap]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(
        text(&absent.stderr).starts_with("error[no-record]: "),
        "{absent:?}"
    );
    let absent = run(
        folder,
        &["resolve", unknown, "--bootstrap", &bootstrap, "--json"],
    );
    assert_eq!(absent.status.code(), Some(1));
    assert_eq!(json(&absent)["error"]["code"], "no-record");
}

#[test]
fn mistakes_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, &["key", "new", "k"]);
    std::fs::write(folder.join("zone"), "@ A 1.2.3.4\nwww A 1.2.3\n").unwrap();
    for (arguments, code, message) in [
        (
            &["publish", "--key", "k", "zone"][..],
            1,
            "line 2, column 7",
        ),
        (
            &["publish", "--key", "k", "absent"],
            1,
            "can’t read the zone file absent",
        ),
        (
            &["publish", "--key", "absent", "zone"],
            1,
            "can’t read the key file absent",
        ),
        (
            &["publish", "--key", "zone", "zone"],
            1,
            "is not a key file",
        ),
        (&["resolve", "example.com"], 1, "does not end in a key"),
        (
            &["resolve", "abc", "--relay", "ftp://r.example"],
            1,
            "is not the address of a relay",
        ),
        (
            &["resolve", "abc", "--type", "NONE"],
            1,
            "not a record type",
        ),
        (
            &["resolve", "abc", "--bootstrap", "nonsense"],
            1,
            "HOST:PORT",
        ),
        (&["gateway", "--listen", "nonsense"], 2, "--listen"),
        (&["testnet", "--nodes", "1"], 2, "--nodes"),
        (&["unknown"], 2, "unrecognized subcommand"),
    ] {
        let output = run(folder, arguments);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(text(&output.stderr).contains(message), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

#[test]
fn help_names_everything_shared() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["--help"]);
    let help = text(&help.stdout);
    for word in [
        "PKARR_BOOTSTRAP",
        "PKARR_RELAY",
        "PKARR_NO_RELAYS",
        "PKARR_DATA_DIR",
        "PKARR_ALLOW_PRIVATE",
        "config.toml",
        "Exit codes",
    ] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn what_runs_until_stopped_says_where_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let testnet = Running::start(folder.path(), &["testnet", "--nodes", "3", "--json"]);
    let bootstrap = testnet.1["bootstrap"].as_array().unwrap();
    assert_eq!(bootstrap.len(), 3);
    let first = bootstrap[0].as_str().unwrap();
    let gateway = Running::start(
        folder.path(),
        &[
            "gateway",
            "--listen",
            "127.0.0.1:0",
            "--json",
            "--bootstrap",
            first,
        ],
    );
    let listen = gateway.1["listen"].as_str().unwrap().to_owned();
    assert!(std::net::TcpStream::connect(&listen).is_ok());
    let taken = run(folder.path(), &["gateway", "--listen", &listen]);
    assert_eq!(taken.status.code(), Some(1));
    assert!(
        text(&taken.stderr).contains("error[gateway-failed]"),
        "{taken:?}"
    );
    gateway.stop();
    testnet.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn single_records_are_set_and_removed_and_all_is_remembered() {
    let net = testnet().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let bootstrap = net.bootstrap().join(",");
    let call = |arguments: &[&str]| {
        let output = pkarr(folder)
            .args(arguments)
            .env("PKARR_BOOTSTRAP", &bootstrap)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    };
    call(&["key", "new", "k"]);
    let set = ["--set", "@ 60 A 1.2.3.4", "--set", "www 60 A 5.6.7.8"];
    call(&[&["publish", "--key", "k"][..], &set].concat());
    let removed = call(&["publish", "--key", "k", "--remove", "www A", "--json"]);
    let removed = json(&removed);
    assert_eq!(removed["records"], 1);
    let key = removed["key"].as_str().unwrap();

    // What was published is remembered by the next call, without any network.
    let remembered = json(&call(&["resolve", key, "--policy", "cache-only", "--json"]));
    assert_eq!(remembered["seq"], removed["seq"]);
    assert_eq!(remembered["source"]["kind"], "cache");
    assert_eq!(remembered["source"]["origin"], "published");
    let history = call(&["history", key, "--json"]);
    let history: Vec<Value> = text(&history.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(history.len(), 2);
    assert_eq!(history[0]["seq"], removed["seq"]);
    assert_eq!(history[1]["records"].as_array().unwrap().len(), 2);
    let plain = call(&["history", key]);
    assert!(
        text(&plain.stdout).contains("- www 60 A 5.6.7.8"),
        "{plain:?}"
    );

    // It is kept published from now on, until it is unpinned.
    let kept = json(&call(&["kept", "--json"]));
    assert_eq!(kept["key"], key);
    assert_eq!(kept["own"], true);
    assert!(kept["storedNodes"].as_u64().unwrap() >= 4);
    assert!(Path::new(kept["keyFile"].as_str().unwrap()).ends_with("k"));
    assert_eq!(json(&call(&["unpin", key, "--json"]))["wasKept"], true);
    assert!(call(&["kept", "--json"]).stdout.is_empty());
    call(&["pin", key]);
    assert_eq!(json(&call(&["kept", "--json"]))["own"], false);

    // Forgetting leaves the floor and the kept keys.
    assert_eq!(json(&call(&["cache", "clear", "--json"]))["cleared"], 1);
    let stats = json(&call(&["cache", "stats", "--json"]));
    assert_eq!((&stats["keys"], &stats["kept"]), (&0.into(), &1.into()));
    assert_eq!(stats["floors"], 1);

    let places = json(&call(&[
        "endpoints",
        &format!("http://{key}:8080/"),
        "--json",
    ]));
    assert_eq!(places["endpoints"][0]["address"], "1.2.3.4");
    let status = json(&call(&["status", "--json"]));
    assert_eq!(status["dht"]["reachable"], true);
    assert_eq!(status["kept"][0]["key"], key);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_on_standard_input_are_answered_in_their_order() {
    let net = testnet().await;
    let folder = tempfile::tempdir().unwrap();
    let pair = support::pair(40);
    support::publish(net.bootstrap(), &pair, "@ A 1.2.3.4\n@ TXT x").await;
    let key = pair.public().to_string();
    let mut process = pkarr(folder.path())
        .args(["resolve", "--stdin", "--type", "txt"])
        .env("PKARR_BOOTSTRAP", net.bootstrap().join(","))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    // An answer comes before the next name is written: it is a conversation.
    for (name, field) in [(&*key, "records"), ("nonsense", "error"), (&key, "records")] {
        writeln!(input, "{name}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["name"], name);
        assert!(answer["elapsed_us"].is_u64(), "{answer}");
        assert!(!answer[field].is_null(), "{answer}");
        if field == "records" {
            assert_eq!(answer["records"].as_array().unwrap().len(), 1);
        }
    }
    drop(input);
    assert!(process.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_puts_kept_keys_again() {
    let net = testnet().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let bootstrap = net.bootstrap().join(",");
    let pair = support::pair(41);
    support::publish(net.bootstrap(), &pair, "@ A 1.2.3.4").await;
    let key = pair.public().to_string();
    // A pinned key is due at once.
    assert!(
        run(folder, &["pin", &key, "--bootstrap", &bootstrap])
            .status
            .success()
    );
    let daemon = Running::start(folder, &["daemon", "--json", "--bootstrap", &bootstrap]);
    assert_eq!(daemon.1["key"], key);
    assert!(
        daemon.1["storedNodes"].as_u64().unwrap() >= 4,
        "{}",
        daemon.1
    );
    assert_eq!(daemon.1["renewed"], false);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_zone_file_is_published_again_when_it_changes() {
    let net = testnet().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, &["key", "new", "k"]);
    std::fs::write(folder.join("zone"), "@ A 1.1.1.1").unwrap();
    let bootstrap = net.bootstrap().join(",");
    let mut process = pkarr(folder)
        .args(["publish", "--key", "k", "zone", "--watch", "--json"])
        .env("PKARR_BOOTSTRAP", &bootstrap)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    let first = next();
    std::fs::write(folder.join("zone"), "@ A 1.1.1").unwrap();
    assert_eq!(next()["error"]["code"], "bad-request");
    std::fs::write(folder.join("zone"), "@ A 2.2.2.2").unwrap();
    let second = next();
    assert_eq!(second["key"], first["key"]);
    assert_ne!(second["seq"], first["seq"]);
    support::stop(&mut process);
}

#[test]
fn packets_in_files_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pair = support::pair(42);
    let records = pkarr_host::zone::parse("@ A 1.2.3.4", &pair.public()).unwrap();
    let seq = pkarr_host::item::Seq::new(1_700_000_000_000_000).unwrap();
    let packet = pkarr_host::packet::SignedPacket::sign(&pair, seq, &records).unwrap();
    let canonical = packet.item().to_canonical();
    let payload = packet.item().to_relay_payload();
    let digits: String = canonical.iter().map(|byte| format!("{byte:02X}")).collect();
    let mut forged = canonical.clone();
    *forged.last_mut().unwrap() ^= 1;
    std::fs::write(folder.join("canonical"), &canonical).unwrap();
    std::fs::write(folder.join("digits"), digits + "\n").unwrap();
    std::fs::write(folder.join("payload"), &payload).unwrap();
    std::fs::write(folder.join("forged"), &forged).unwrap();
    let uri = pair.public().to_uri();
    for arguments in [
        &["packet", "show", "canonical", "--json"][..],
        &["packet", "show", "digits", "--json"],
        &["packet", "verify", "payload", "--key", &uri, "--json"],
        &["packet", "verify", "canonical", "--key", &uri, "--json"],
    ] {
        let shown = json(&run(folder, arguments));
        assert_eq!(shown["seq"], "1700000000000000");
        assert_eq!(shown["records"][0]["value"], "1.2.3.4");
    }
    for (arguments, code) in [
        (&["packet", "verify", "forged"][..], "bad-signature"),
        (&["packet", "verify", "payload"], "bad-signature"),
        (&["packet", "verify", "absent"], "bad-request"),
    ] {
        let refused = run(folder, arguments);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains(code), "{refused:?}");
    }
}

#[test]
fn locked_and_foreign_keys_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("pass"), "correct horse\n").unwrap();
    std::fs::write(folder.join("seed"), "ab".repeat(32)).unwrap();
    let made = run(
        folder,
        &[
            "key",
            "import",
            "seed",
            "k",
            "--lock",
            "--passphrase-file",
            "pass",
            "--json",
        ],
    );
    let made = json(&made);
    let shown = run(
        folder,
        &["key", "show", "k", "--passphrase-file", "pass", "--json"],
    );
    assert_eq!(json(&shown)["key"], made["key"]);
    let without = run(folder, &["key", "show", "k"]);
    assert_eq!(without.status.code(), Some(1));
    assert!(
        text(&without.stderr).contains("--passphrase-file"),
        "{without:?}"
    );
    let secret = ["key", "export", "k", "--passphrase-file", "pass"];
    assert_eq!(run(folder, &secret).status.code(), Some(2));
    let exported = run(folder, &[&secret[..], &["--secret"]].concat());
    assert_eq!(text(&exported.stdout).trim(), "ab".repeat(32));
}

#[test]
fn completions_manuals_and_settings_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let completions = run(folder, &["completions", "bash"]);
    assert!(text(&completions.stdout).contains("_pkarr"));
    assert!(run(folder, &["man", "pages"]).status.success());
    assert!(folder.join("pages/pkarr-publish.1").exists());
    let shown = run(
        folder,
        &[
            "config",
            "show",
            "--bootstrap",
            "a.example:1",
            "--cache-size",
            "7",
        ],
    );
    // What is shown is a configuration file, but for the line that says which one was read.
    let settings: String = text(&shown.stdout)
        .lines()
        .filter(|line| !line.starts_with("config"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(settings.contains("cache-size = 7\n"), "{settings}");
    std::fs::write(folder.join("config.toml"), settings).unwrap();
    let again = run(
        folder,
        &["config", "show", "--config", "config.toml", "--json"],
    );
    assert_eq!(
        json(&again)["bootstrap"],
        serde_json::json!(["a.example:1"])
    );
}

#[test]
fn https_is_switched_on_only_by_a_person_who_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let https = |arguments: &[&str]| {
        let arguments = [&["https"], arguments].concat();
        pkarr(folder.path()).args(arguments).output().unwrap()
    };
    std::fs::create_dir_all(folder.path().join(".config/chromium")).unwrap();

    let refused = https(&["enable"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("--yes"));
    assert_eq!(json(&https(&["status", "--json"]))["enabled"], false);
    assert!(text(&https(&["status"]).stdout).contains("off"));
    let help = https(&["enable", "--help"]);
    assert!(text(&help.stdout).contains("steals the root’s secret key"));

    let on = https(&["enable", "--yes", "--json"]);
    assert!(on.status.success(), "{on:?}");
    let on = json(&on);
    assert_eq!(on["enabled"], true);
    let shown = https(&["status"]);
    let shown = text(&shown.stdout);
    for part in [
        on["root"]["file"].as_str().unwrap(),
        on["root"]["fingerprint"].as_str().unwrap(),
        "in 364 days",
        support::STORE,
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    if on["stores"][0]["trusts"] == true {
        assert!(shown.contains("trusts it"), "{shown}");
    }

    let off = https(&["disable"]);
    assert!(off.status.success(), "{off:?}");
    assert_eq!(json(&https(&["status", "--json"]))["enabled"], false);
    assert!(!folder.path().join("data/https").exists());
}
