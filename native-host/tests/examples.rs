//! The examples, as a user of the library runs them, in a DHT on this machine.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use pkarr_host::dht::Testnet;
use support::{pair, publish, testnet};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpListener,
    process::{ChildStdout, Command},
    time::timeout,
};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program of an example: Cargo builds it beside the folder of this one.
fn example(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let folder = this.parent().and_then(Path::parent).unwrap();
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = folder.join("examples").join(name);
    assert!(
        path.exists(),
        "{} is missing: cargo build --examples",
        path.display()
    );
    path
}

fn command(net: &Testnet, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(example(name));
    command
        .args(arguments)
        .env("PKARR_BOOTSTRAP", net.bootstrap().join(","))
        .env("PKARR_ALLOW_PRIVATE", "1")
        .kill_on_drop(true);
    command
}

async fn run(net: &Testnet, name: &str, arguments: &[&str]) -> Output {
    timeout(PATIENCE, command(net, name, arguments).output())
        .await
        .unwrap()
        .unwrap()
}

/// What an example prints, after it has succeeded.
async fn printed(net: &Testnet, name: &str, arguments: &[&str]) -> String {
    let output = run(net, name, arguments).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap();
    line.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn publish_makes_a_key_once_and_resolve_finds_what_is_under_it() {
    let net = testnet().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.key");
    let file = file.to_str().unwrap();

    let zone = "@ 300 A 203.0.113.7\nwww CNAME @";
    let first = printed(&net, "publish", &[file, zone]).await;
    let uri = first.lines().next().unwrap();
    let key = uri.strip_prefix("pk:").unwrap();
    assert!(first.contains("stored on 5 nodes"), "{first}");
    assert!(first.contains(" of 996 bytes, 0 records kept"), "{first}");

    let second = printed(&net, "publish", &[file, "_note TXT \"a note\""]).await;
    assert_eq!(second.lines().next(), Some(uri), "the key of the file");
    assert!(second.contains("2 records kept"), "{second}");

    let found = printed(&net, "resolve", &[&format!("https://www.{key}/page")]).await;
    for line in [
        format!("records of {uri}"),
        format!("  {key} 300 A 203.0.113.7"),
        format!("  _note.{key} 300 TXT \"a note\""),
        format!("www.{key} leads to"),
        "  [203.0.113.7] port 443".to_owned(),
    ] {
        assert!(found.lines().any(|it| it == line), "{line:?} in {found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_and_are_failures() {
    let net = testnet().await;
    let key = pair(201).public().to_string();
    for (arguments, told) in [
        (&[][..], "usage: resolve NAME"),
        (&["example.com"], "NotAKeyHost"),
        (&[&key], "NoRecord"),
    ] {
        let output = run(&net, "resolve", arguments).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(told), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_get_fetches_a_page_of_a_key() {
    let net = testnet().await;
    let site = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = site.local_addr().unwrap().port();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = site.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        stream.write_all(answer).await.unwrap();
        String::from_utf8(head[..length].to_vec()).unwrap()
    });
    publish(net.bootstrap(), &pair(202), "@ A 127.0.0.1").await;
    let key = pair(202).public();
    let page = printed(
        &net,
        "http_get",
        &[&format!("http://{key}:{port}/page?a=b")],
    )
    .await;
    assert_eq!(page, "200 OK\nhello\n");
    let head = asked.await.unwrap();
    assert!(head.starts_with("GET /page?a=b HTTP/1.1\r\n"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_shows_each_newer_packet() {
    let net = testnet().await;
    let first = publish(net.bootstrap(), &pair(203), "@ A 203.0.113.1").await;
    let uri = pair(203).public().to_uri();
    let mut watching = command(&net, "watch", &[&uri, "1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let seq = first.packet.seq();
    assert_eq!(next(&mut lines).await, format!("{seq} 203.0.113.1"));
    for last in [2, 3] {
        let zone = format!("@ A 203.0.113.{last}");
        let seq = publish(net.bootstrap(), &pair(203), &zone)
            .await
            .packet
            .seq();
        let line = next(&mut lines).await;
        assert_eq!(line, format!("{seq} 203.0.113.{last}"));
    }
    watching.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_alive_puts_a_key_of_somebody_else_again() {
    let net = testnet().await;
    publish(net.bootstrap(), &pair(204), "@ A 203.0.113.1").await;
    let uri = pair(204).public().to_uri();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.db");
    let told = printed(&net, "keep_alive", &[&uri, file.to_str().unwrap()]).await;
    assert_eq!(told, format!("{uri} is on 5 nodes\n"));
}
