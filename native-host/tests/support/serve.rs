//! The server, as the real program.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use pkarr_host::{item::SignedItem, key::PublicKey};
use reqwest::{Client, Method, RequestBuilder, Response};
use rustls::crypto::ring;
use serde_json::Value;
use tempfile::TempDir;

/// How long something may take that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running `pkarr serve`, with the folder that holds its files. It is killed when dropped.
pub(crate) struct Serve {
    pub(crate) http: SocketAddr,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) dns: Vec<SocketAddr>,
    pub(crate) client: Client,
    process: Child,
    log: Arc<Mutex<Vec<String>>>,
    folder: Arc<TempDir>,
    bootstrap: Vec<String>,
}

impl Serve {
    /// Starts it in a DHT of these nodes.
    pub(crate) fn start(bootstrap: &[String]) -> Self {
        Self::with(bootstrap, "")
    }

    /// Starts it with this configuration, beside where it listens.
    pub(crate) fn with(bootstrap: &[String], config: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("serve.toml"), config).unwrap();
        Self::within(folder, bootstrap)
    }

    /// Starts it in a folder that is there already.
    pub(crate) fn within(folder: Arc<TempDir>, bootstrap: &[String]) -> Self {
        let mut process = command(folder.path())
            .args(["serve", "--json", "--listen", "127.0.0.1:0"])
            .args(["--dns-listen", "127.0.0.1:0"])
            .arg("--config")
            .arg(folder.path().join("serve.toml"))
            .args(["--bootstrap", &bootstrap.join(",")])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let errors = BufReader::new(process.stderr.take().unwrap());
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
        assert!(told["http"].is_array(), "{told}");
        let all = |name: &str| -> Vec<SocketAddr> {
            let places = told[name].as_array().unwrap().iter();
            places
                .map(|place| place.as_str().unwrap().parse().unwrap())
                .collect()
        };
        Self {
            http: all("http")[0],
            https: all("https").first().copied(),
            dns: all("dns"),
            client: client(),
            process,
            log,
            folder,
            bootstrap: bootstrap.to_vec(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Gets the packet of a key.
    pub(crate) async fn packet(&self, key: &PublicKey) -> Response {
        self.get(&format!("/{key}")).await
    }

    /// Puts an item.
    pub(crate) async fn put(&self, item: &SignedItem) -> Response {
        self.request(Method::PUT, &format!("/{}", item.key()))
            .body(item.to_relay_payload())
            .send()
            .await
            .unwrap()
    }

    /// The number of this name in the metrics.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.text().await.unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}"))
            .parse()
            .unwrap()
    }

    /// Changes the configuration and waits until the log says so.
    pub(crate) async fn configure(&self, config: &str, said: &str) {
        let before = self.log_lines(said);
        std::fs::write(self.folder().join("serve.toml"), config).unwrap();
        self.logged_again(said, before).await;
    }

    /// Returns when the log has a line with this in it.
    pub(crate) async fn logged(&self, said: &str) {
        self.logged_again(said, 0).await;
    }

    pub(crate) async fn logged_again(&self, said: &str, before: usize) {
        until(
            || self.log_lines(said) > before,
            &format!("{said} in the log"),
        )
        .await;
    }

    pub(crate) fn log_lines(&self, said: &str) -> usize {
        let log = self.log.lock().unwrap();
        log.iter().filter(|line| line.contains(said)).count()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Sends a signal: `HUP`, `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let began = std::time::Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it as a power cut would, and starts it again in the same folder.
    pub(crate) fn killed_and_started(mut self) -> Self {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        Self::within(Arc::clone(&self.folder), &self.bootstrap.clone())
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// The program, with everything of its own in this folder.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pkarr"));
    super::at_home(&mut command, folder)
        .current_dir(folder)
        .env_remove("PKARR_BOOTSTRAP")
        .env_remove("PKARR_CONFIG")
        .env("PKARR_DATA_DIR", folder.join("data"))
        .stdin(Stdio::null());
    command
}

/// A client that keeps no connection for longer than a request, and goes through no proxy.
pub(crate) fn client() -> Client {
    provider();
    Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// Cryptography for clients with TLS.
pub(crate) fn provider() {
    // Another test may have been first.
    _ = ring::default_provider().install_default();
}

/// Returns when something is so.
pub(crate) async fn until(mut so: impl FnMut() -> bool, what: &str) {
    let began = std::time::Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A header of an answer.
pub(crate) fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value
        .unwrap_or_else(|| panic!("no {name} in {answer:?}"))
        .to_str()
        .unwrap()
}
