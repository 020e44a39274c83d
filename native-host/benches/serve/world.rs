//! The real program in a DHT on this machine, and clients that ask it.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::SystemTime,
};

use pkarr_host::{
    item::{Seq, SignedItem},
    key::KeyPair,
    packet::{Record, SignedPacket},
};
use serde_json::Value;
use tempfile::TempDir;

/// A program of ours; ends with it.
pub(crate) struct Program {
    child: Child,
    pub(crate) http: SocketAddr,
}

impl Program {
    /// KiB of memory in use.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A DHT on this machine, and a folder.
pub(crate) struct World {
    pub(crate) bootstrap: Vec<String>,
    pub(crate) folder: TempDir,
    _testnet: Killed,
}

/// A process that ends with it.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

impl World {
    pub(crate) fn start() -> Self {
        // The nodes of a network work elsewhere, not on the processors of a server.
        let (child, told) =
            tells(Command::new("nice").args(["-n", "10", PROGRAM, "testnet", "--json"]));
        let nodes = told["bootstrap"].as_array().unwrap().iter();
        Self {
            bootstrap: nodes
                .map(|node| node.as_str().unwrap().to_owned())
                .collect(),
            folder: tempfile::tempdir().unwrap(),
            _testnet: Killed(child),
        }
    }

    /// Where the server of this world keeps its packets.
    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a server in it.
    pub(crate) fn serve(&self, config: &str) -> Program {
        let file = self.folder.path().join("serve.toml");
        fs::write(&file, config).unwrap();
        let (child, told) = tells(
            Command::new(PROGRAM)
                .args(["serve", "--json", "--listen", "127.0.0.1:0"])
                .args(["--dns-listen", "127.0.0.1:0", "--config"])
                .arg(&file)
                .args(["--bootstrap", &self.bootstrap.join(",")])
                .env("HOME", self.folder.path())
                .arg("--data-dir")
                .arg(self.folder.path()),
        );
        let http = told["http"][0].as_str().unwrap().parse().unwrap();
        Program { child, http }
    }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_pkarr");

/// Starts a program of ours; it says one line of JSON when it is ready.
fn tells(command: &mut Command) -> (Child, Value) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

/// Signs records now.
pub(crate) fn sign(pair: &KeyPair, records: &[Record]) -> SignedItem {
    let seq = Seq::after(None, SystemTime::now()).unwrap();
    SignedPacket::sign(pair, seq, records)
        .unwrap()
        .item()
        .clone()
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    room: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            room: Vec::with_capacity(4096),
        }
    }

    /// Asks, and gives the status when the whole answer is there.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request)?;
        self.room.clear();
        loop {
            let mut chunk = [0; 4096];
            let count = self.stream.read(&mut chunk)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.room.extend_from_slice(&chunk[..count]);
            let Some(end) = find(&self.room, b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&self.room[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |length| length.trim().parse().unwrap());
            if self.room.len() >= end + 4 + length {
                return Ok(head[9..12].parse().unwrap());
            }
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

/// The request that puts an item.
pub(crate) fn put_request(item: &SignedItem) -> Vec<u8> {
    let payload = item.to_relay_payload();
    let mut request = format!(
        "PUT /{} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
        item.key(),
        payload.len()
    )
    .into_bytes();
    request.extend_from_slice(&payload);
    request
}

/// Puts an item and gives the status.
pub(crate) fn put(at: SocketAddr, item: &SignedItem) -> u16 {
    Connection::open(at).ask(&put_request(item)).unwrap()
}
