//! What private windows look up leaves no trace, and what ordinary windows know is not known there.

#![allow(clippy::unwrap_used)]

mod support;

use std::{fs, path::Path, process::Command, sync::Arc};

use http_body_util::{BodyExt, Empty};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use pkarr_host::{
    key::KeyPair,
    tls::{H2, server_config},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::{Value, json};
use support::{host::Host, pair, publish, site::TlsSite, testnet};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

fn private() -> Value {
    json!({ "incognito": true })
}

fn port(answer: &Value) -> u16 {
    let port = answer["result"]["port"].as_u64();
    u16::try_from(port.unwrap_or_else(|| panic!("{answer}"))).unwrap()
}

/// A port at which nobody listens.
fn free_port() -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}

/// A site that its key leads to, over TLS and HTTP/2.
async fn site(bootstrap: &[String], pair: &KeyPair) -> TlsSite {
    let site = TlsSite::start(server_config(pair, &[H2]).unwrap()).await;
    let zone = format!("@ HTTPS 1 . alpn=h2 port={}\n@ A 127.0.0.1", site.port());
    publish(bootstrap, pair, &zone).await;
    site
}

/// Opens a page by the gateway at a port; the whole answer.
async fn visit(port: u16, key: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!(
        "GET http://{key}/ HTTP/1.1\r\nHost: {key}\r\nSec-Fetch-Dest: document\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// A connection to the gateway at a port, for many requests.
struct Browser(http1::SendRequest<Empty<Bytes>>);

impl Browser {
    async fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        Self(sender)
    }

    /// The status of a page.
    async fn visit(&mut self, key: &str) -> u16 {
        self.0.ready().await.unwrap();
        let request = Request::get(format!("http://{key}/"))
            .header("host", key)
            .header("sec-fetch-dest", "document");
        let sent = self.0.send_request(request.body(Empty::new()).unwrap());
        let answer = sent.await.unwrap();
        let status = answer.status().as_u16();
        answer.into_body().collect().await.unwrap();
        status
    }
}

/// Opens it at `https://`, as a browser that trusts the root in this file.
async fn visit_securely(port: u16, key: &str, root: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("CONNECT {key}:443 HTTP/1.1\r\nHost: {key}:443\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = support::server::head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let mut trusted = RootCertStore::empty();
    trusted
        .add(CertificateDer::from_pem_file(root).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let name = ServerName::try_from(key.to_owned()).unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {key}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    support::server::rest(&mut stream).await
}

/// Everything below a folder, with its path.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    all
}

/// Where below a folder the key stands, in bytes or in one of its spellings.
fn traces(folder: &Path, pair: &KeyPair) -> Vec<String> {
    let key = pair.public();
    let hex: String = key.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let spellings = [
        key.as_bytes().to_vec(),
        key.to_string().into_bytes(),
        hex.into_bytes(),
    ];
    let stands = |bytes: &[u8]| {
        let holds = |spelling: &[u8]| bytes.windows(spelling.len()).any(|part| part == spelling);
        spellings.iter().any(|spelling| holds(spelling))
    };
    let traced = |(path, bytes): &(String, Vec<u8>)| {
        stands(&bytes.to_ascii_lowercase()) || stands(bytes) || stands(path.as_bytes())
    };
    let all = files(folder).into_iter().filter(traced);
    all.map(|(path, _)| path).collect()
}

/// The command line with this data folder.
fn pkarr(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkarr"));
    support::at_home(&mut command, &folder.join("home")).env("PKARR_DATA_DIR", folder);
    command
}

/// What the command line says of a key’s history.
fn history(host: &Host, key: &str) -> String {
    let output = pkarr(host.data_dir())
        .args(["history", key, "--json"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_visit_leaves_no_trace() {
    let net = testnet().await;
    let (known, hidden, absent, outside) = (pair(40), pair(41), pair(42), pair(43));
    let _known_site = site(net.bootstrap(), &known).await;
    let _hidden_site = site(net.bootstrap(), &hidden).await;
    // A record whose site is not there.
    publish(net.bootstrap(), &outside, "@ A 127.0.0.1").await;
    let mut host = Host::greeted(net.bootstrap());
    fs::create_dir_all(host.data_dir().join("home/.config/chromium")).unwrap();
    let https = host.call("https", json!({ "action": "enable" }));
    let root = https["result"]["root"]["file"].as_str().unwrap();

    let ordinary = port(&host.call("gateway", json!({})));
    let door = port(&host.call("gateway", private()));
    assert_ne!(ordinary, door);
    assert_eq!(port(&host.call("gateway", private())), door);
    let status = host.call("status", json!({}));
    assert_eq!(status["result"]["gatewayPort"], ordinary);

    let key = |pair: &KeyPair| pair.public().to_string();
    let answer = visit(ordinary, &key(&known)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = visit(door, &key(&hidden)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = visit_securely(door, &key(&hidden), root).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = visit(door, &key(&absent)).await;
    assert!(answer.contains("pkarr-error: no-record\r\n"), "{answer}");
    let answer = visit(door, &format!("{}:{}", key(&outside), free_port())).await;
    assert!(
        answer.contains("pkarr-error: connect-failed\r\n"),
        "{answer}"
    );
    for policy in ["cacheFirst", "cacheOnly", "networkOnly"] {
        let asked = json!({ "host": key(&hidden), "policy": policy, "incognito": true });
        let answer = host.call("resolve", asked);
        assert_eq!(answer["result"]["key"], key(&hidden), "{answer}");
    }

    // Neither an ordinary window nor the command line knows of it, nor the other way round.
    for (asked, incognito) in [(&hidden, false), (&known, true)] {
        let asked = json!({ "host": key(asked), "policy": "cacheOnly", "incognito": incognito });
        let answer = host.call("resolve", asked);
        assert_eq!(answer["error"]["data"]["code"], "not-cached", "{answer}");
    }
    let told = history(&host, &key(&hidden));
    assert!(told.contains("not-cached"), "{told}");

    host.input = None;
    assert!(host.process.wait().unwrap().success());
    let folder = host.data_dir();
    let found = traces(folder, &known);
    assert!(
        found.iter().any(|path| path.contains("cache.db")),
        "{found:?}"
    );
    for pair in [&hidden, &absent, &outside] {
        assert_eq!(traces(folder, pair), Vec::<String>::new());
    }
    // The log tells of one gateway, the ordinary one.
    let logs = files(&folder.join("logs"));
    let log = String::from_utf8_lossy(&logs[0].1);
    assert!(log.contains(&format!("127.0.0.1:{ordinary}")), "{log}");
    assert!(!log.contains(&format!("127.0.0.1:{door}")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_forgotten_when_private_windows_close() {
    let net = testnet().await;
    let pair = pair(44);
    let key = pair.public().to_string();
    let site = site(net.bootstrap(), &pair).await;
    let mut host = Host::greeted(net.bootstrap());
    let ordinary = port(&host.call("gateway", json!({})));
    let door = port(&host.call("gateway", private()));
    for _ in 0..2 {
        assert!(visit(door, &key).await.starts_with("HTTP/1.1 200 "));
    }
    assert_eq!(site.connections(), 1);
    // The ordinary door has connections of its own.
    assert!(visit(ordinary, &key).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(site.connections(), 2);

    // The browser’s own connection may stay.
    let mut browser = Browser::connect(door).await;
    assert_eq!(browser.visit(&key).await, 200);
    assert_eq!(site.connections(), 2);

    let known = json!({ "host": key, "policy": "cacheOnly", "incognito": true });
    assert!(host.call("resolve", known.clone())["result"].is_object());
    let forgotten = host.call("forget", json!({}));
    assert_eq!(forgotten["result"], Value::Null);
    assert!(forgotten.get("error").is_none(), "{forgotten}");
    let answer = host.call("resolve", known);
    assert_eq!(answer["error"]["data"]["code"], "not-cached", "{answer}");

    // The door is where it was, and opens to what is new to it.
    assert_eq!(port(&host.call("gateway", private())), door);
    assert_eq!(browser.visit(&key).await, 200);
    assert_eq!(site.connections(), 3);
    assert!(visit(door, &key).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(site.connections(), 3);
    // Ordinary windows have lost nothing.
    assert!(visit(ordinary, &key).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(site.connections(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_what_private_windows_asked_for_is_marked() {
    let net = testnet().await;
    let (hidden, known) = (pair(45), pair(46));
    let mut host = Host::greeted(net.bootstrap());
    for (pair, incognito) in [(&hidden, Some(true)), (&known, None)] {
        let key = pair.public().to_string();
        let mut asked = json!({ "host": key });
        if let Some(incognito) = incognito {
            asked["incognito"] = incognito.into();
        }
        let absent = host.call("resolve", asked.clone());
        assert_eq!(absent["error"]["data"]["code"], "no-record", "{absent}");
        publish(net.bootstrap(), pair, "@ A 192.0.2.1").await;
        asked["policy"] = "networkOnly".into();
        let request = json!({ "jsonrpc": "2.0", "id": 8, "method": "resolve", "params": asked });
        host.send(request.to_string().as_bytes());
        // Answer and event come as they are ready.
        let mut messages = [host.receive(), host.receive()];
        messages.sort_by_key(|message| message["id"].is_number());
        let [event, answer] = messages;
        assert_eq!(answer["result"]["key"], key, "{answer}");
        assert_eq!(event["method"], "updated", "{event}");
        assert_eq!(event["params"]["key"], key);
        assert_eq!(
            event["params"].get("incognito"),
            incognito.map(Value::from).as_ref()
        );
    }
}

#[test]
fn the_door_comes_where_it_was_before() {
    let mut host = Host::greeted(&support::host::nowhere());
    let wanted = free_port();
    let preferred = json!({ "preferredPort": wanted, "incognito": true });
    assert_eq!(port(&host.call("gateway", preferred)), wanted);
    // The ordinary gateway is another, wherever it would like to be.
    let ordinary = host.call("gateway", json!({ "preferredPort": wanted }));
    assert_ne!(port(&ordinary), wanted);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_alone_can_do_it_too() {
    use std::{
        io::{BufRead, BufReader},
        process::Stdio,
    };

    let net = testnet().await;
    let pair = pair(47);
    let _site = site(net.bootstrap(), &pair).await;
    for incognito in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut process = pkarr(folder.path())
            .args(["gateway", "--json", "--listen", "127.0.0.1:0"])
            .args(incognito.then_some("--incognito"))
            .env("PKARR_BOOTSTRAP", net.bootstrap().join(","))
            .env("PKARR_ALLOW_PRIVATE", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let (_, port) = told["listen"].as_str().unwrap().rsplit_once(':').unwrap();
        let answer = visit(port.parse().unwrap(), &pair.public().to_string()).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        support::stop(&mut process);
        assert_eq!(traces(folder.path(), &pair).is_empty(), incognito);
    }
}
