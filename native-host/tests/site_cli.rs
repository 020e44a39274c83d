//! `pkarr proxy` and `pkarr serve-dir` as their owner and their readers use them.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use hyper::StatusCode;
use pkarr_host::{
    endpoint::Target,
    key::{KeyHost, KeyPair},
    keystore,
    resolver::{Policy, Priority},
    tls::Alpn,
};
use serde_json::Value;
use support::{
    publish, resolver, testnet,
    visitor::{Visitor, nothing, text},
};

fn pkarr(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkarr"));
    support::at_home(&mut command, folder)
        .args(arguments)
        .current_dir(folder)
        .env("PKARR_DATA_DIR", folder.join("data"))
        .stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    pkarr(folder, arguments).output().unwrap()
}

/// A running site, and the line of JSON that it begins with.
struct Running {
    process: Child,
    stdout: BufReader<ChildStdout>,
    said: Value,
}

impl Running {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = pkarr(folder, arguments)
            .arg("--json")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        Self {
            process,
            stdout,
            said: serde_json::from_str(&line).unwrap(),
        }
    }

    fn listen(&self) -> SocketAddr {
        self.said["listen"].as_str().unwrap().parse().unwrap()
    }

    fn stop(mut self) {
        support::stop(&mut self.process);
        let mut more = String::new();
        self.stdout.read_to_string(&mut more).unwrap();
        assert_eq!(more, "");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After a failed test it still runs.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn key(folder: &Path) -> KeyPair {
    assert!(run(folder, &["key", "new", "site.key"]).status.success());
    let unlocked = || panic!("not locked");
    keystore::read(&folder.join("site.key"), unlocked).unwrap()
}

async fn get(address: SocketAddr, pair: &KeyPair, path: &str) -> (StatusCode, String) {
    let mut visitor = Visitor::connect(address, pair, Alpn::Any).await;
    let request = visitor.request(pair, path).body(nothing()).unwrap();
    let response = visitor.send(request).await;
    (response.status(), text(response).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_makes_a_site_that_others_find() {
    let net = testnet().await;
    let bootstrap = net.bootstrap().join(",");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pair = key(folder);
    let host = KeyHost::parse(&format!("www.{}", pair.public())).unwrap();
    publish(net.bootstrap(), &pair, "www CNAME @\n@ A 1.2.3.4").await;
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = server.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        // One reading has all of so short a head.
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        stream.write_all(answer.as_bytes()).unwrap();
        // Until the site hangs up.
        _ = stream.read_to_end(&mut Vec::new());
    });
    let site = Running::start(
        folder,
        &[
            "proxy",
            "--key",
            "site.key",
            "--to",
            &to,
            "--name",
            "www",
            "--listen",
            ":0",
            "--address",
            "127.0.0.1",
            "--bootstrap",
            &bootstrap,
        ],
    );
    let said = &site.said;
    assert_eq!(said["key"], pair.public().to_string());
    assert_eq!(said["url"], format!("https://{host}/"));
    assert!(said["storedNodes"].as_u64().unwrap() > 0);
    let port = site.listen().port();
    let records: Vec<_> = said["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| (record["type"].as_str(), record["value"].as_str()))
        .collect();
    let service = format!("1 . alpn=\"h2,http/1.1\" port={port}");
    let expected = [
        (Some("HTTPS"), Some(service.as_str())),
        (Some("A"), Some("127.0.0.1")),
    ];
    assert_eq!(records, expected);

    let route = resolver(net.bootstrap())
        .route(&host, "https", Policy::NetworkOnly, Priority::Page)
        .await
        .unwrap();
    let endpoint = &route.endpoints[0];
    let there = ["127.0.0.1".parse().unwrap()];
    assert_eq!(endpoint.target, Target::Addresses(there.into()));
    assert!(endpoint.tls);
    assert_eq!(endpoint.key, pair.public());
    let place = SocketAddr::from((there[0], endpoint.port.unwrap()));
    let found = get(place, &pair, "/").await;
    assert_eq!(found, (StatusCode::OK, "hello".to_owned()));
    site.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_say_where_a_folder_is_served() {
    let net = testnet().await;
    let bootstrap = net.bootstrap().join(",");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pair = key(folder);
    std::fs::create_dir(folder.join("public")).unwrap();
    std::fs::write(folder.join("public/index.html"), "<p>home").unwrap();
    let common = ["serve-dir", "--key", "site.key", "public", "--listen", ":0"];
    let online = [&common[..], &["--bootstrap", &bootstrap]].concat();
    let site = Running::start(folder, &online);
    let address = &site.said["records"][1];
    assert_eq!(address["type"], "A");
    assert_eq!(address["value"], "127.0.0.1");
    let place = SocketAddr::from(([127, 0, 0, 1], site.listen().port()));
    let found = get(place, &pair, "/").await;
    assert_eq!(found, (StatusCode::OK, "<p>home".to_owned()));
    let missing = get(place, &pair, "/site.key").await.0;
    assert_eq!(missing, StatusCode::NOT_FOUND);
    site.stop();

    let alone = [&common[..], &["--no-publish", "--bootstrap", &bootstrap]].concat();
    let site = Running::start(folder, &alone);
    assert_eq!(site.said["records"], serde_json::json!([]));
    assert_eq!(site.said["storedNodes"], Value::Null);
    let taken = site.said["listen"].as_str().unwrap();
    let again = [
        "serve-dir",
        "--key",
        "site.key",
        "public",
        "--listen",
        taken,
    ];
    let refused = run(folder, &again);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("another port"), "{told}");
    site.stop();
}

#[test]
fn mistakes_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    key(folder);
    std::fs::create_dir(folder.join("public")).unwrap();
    let long = "x".repeat(64);
    for (arguments, code, told) in [
        (&["serve-dir", "--key", "site.key", "none"][..], 1, "none"),
        (&["serve-dir", "--key", "none", "public"], 1, "none"),
        (
            &["serve-dir", "--key", "site.key", "."],
            1,
            "everybody could read it",
        ),
        (
            &["serve-dir", "--key", "site.key", "public", "--name", &long],
            1,
            "is not a domain name",
        ),
        (
            &[
                "serve-dir",
                "--key",
                "site.key",
                "public",
                "--listen",
                "443",
            ],
            2,
            ":PORT",
        ),
        (
            &["proxy", "--key", "site.key", "--to", "8080"],
            2,
            "HOST:PORT",
        ),
        (&["proxy", "--key", "site.key"], 2, "--to"),
    ] {
        let output = run(folder, arguments);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(told), "{stderr}");
    }
}
