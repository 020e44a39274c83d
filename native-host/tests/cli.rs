//! The command line as a person or a script uses it.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use support::testnet;

fn pkarr(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkarr"));
    command
        .current_dir(folder)
        .env_remove("PKARR_BOOTSTRAP")
        .env("PKARR_DATA_DIR", folder.join("data"))
        .env("HOME", folder)
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
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
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
    let zone = "@ 60 A 1.2.3.4\nwww CNAME @\n";
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
    assert_eq!(published["records"], 2);
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
    assert!(lines.contains(&"@     60  A      1.2.3.4"), "{lines:#?}");
    assert!(
        lines.contains(&format!("www  300  CNAME  {key}.").as_str()),
        "{lines:#?}"
    );

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
