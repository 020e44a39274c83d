//! Networks of nodes that others wrote: a script runs them and takes commands (tests/interop).

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::UdpSocket,
    path::Path,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use pkarr_host::{
    item::{Seq, SignedItem},
    key::{KeyPair, PublicKey},
};
use serde_json::{Value, json};

use crate::{hex, to_hex};

/// Who wrote the nodes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// The library of many BitTorrent programs, in C++.
    Libtorrent,
    /// The npm package of WebTorrent, in JavaScript.
    BittorrentDht,
}

impl Kind {
    fn command(self) -> Command {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop");
        let (program, script) = match self {
            // The system's own, which Debian's packages are for.
            Self::Libtorrent => ("/usr/bin/python3", "libtorrent_net.py"),
            Self::BittorrentDht => ("node", "bittorrent_dht_net.mjs"),
        };
        let mut command = Command::new(program);
        command.arg(scripts.join(script));
        command
    }
}

/// What a put came to.
#[derive(Debug)]
pub(crate) struct Put {
    /// The item as the other side signed it, checked by us.
    pub(crate) item: SignedItem,
    /// How many nodes stored it.
    pub(crate) stored: u64,
}

/// A network that runs. It ends when dropped.
#[derive(Debug)]
pub(crate) struct Foreign {
    /// Where the nodes are, as `--bootstrap` takes them.
    pub(crate) nodes: Vec<String>,
    process: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    complaints: ChildStderr,
}

impl Foreign {
    /// Starts nodes that know each other and the others named.
    pub(crate) fn start(kind: Kind, nodes: usize, others: &[String]) -> Self {
        let mut process = kind
            .command()
            .arg(nodes.to_string())
            .args(others)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{kind:?} can’t be started: {error}"));
        let mut network = Self {
            nodes: Vec::new(),
            commands: process.stdin.take(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            complaints: process.stderr.take().unwrap(),
            process,
        };
        let first = network.answer();
        network.nodes = first["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(network.nodes.len(), nodes);
        network
    }

    /// Lets the other implementation sign and store a value; libtorrent chooses the `seq` itself.
    pub(crate) fn put(&mut self, pair: &KeyPair, seq: i64, value: &[u8]) -> Put {
        let answer = self.ask(&json!({
            "do": "put",
            "seed": to_hex(pair.secret().as_ref()),
            "key": to_hex(pair.public().as_bytes()),
            "seq": seq,
            "value": to_hex(value),
        }));
        Put {
            item: verified(pair.public(), &answer, value),
            stored: answer["stored"].as_u64().unwrap(),
        }
    }

    /// Lets the other implementation find and check the item of a key, the newest there is or one as new as `seq`.
    pub(crate) fn get(&mut self, key: PublicKey, seq: Option<Seq>) -> Option<SignedItem> {
        let answer = self.ask(&json!({
            "do": "get",
            "key": to_hex(key.as_bytes()),
            "seq": seq.map_or(i64::MAX, Seq::get),
        }));
        if answer.is_null() {
            return None;
        }
        let value = hex(answer["value"].as_str().unwrap());
        Some(verified(key, &answer, &value))
    }

    fn ask(&mut self, command: &Value) -> Value {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
        let answer = self.answer();
        assert!(answer["error"].is_null(), "{command}: {answer}");
        answer
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut why = String::new();
            self.complaints.read_to_string(&mut why).unwrap();
            panic!("the network ended: {line}{why}");
        })
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // Without commands to come it ends by itself; it has nothing to lose if it doesn't.
        drop(self.commands.take());
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn verified(key: PublicKey, answer: &Value, value: &[u8]) -> SignedItem {
    let signature = hex(answer["signature"].as_str().unwrap());
    let seq = answer["seq"].as_i64().unwrap();
    SignedItem::verify(key, signature.try_into().unwrap(), seq, value).unwrap()
}

/// Which of the nodes hold exactly this item, asked one by one with a query of our own making.
pub(crate) fn holders<'a>(nodes: &'a [String], item: &SignedItem) -> Vec<&'a str> {
    nodes
        .iter()
        .map(String::as_str)
        .filter(|node| holds(node, item))
        .collect()
}

fn holds(node: &str, item: &SignedItem) -> bool {
    let target = mainline::MutableItem::target_from_key(item.key().as_bytes(), None);
    let mut query = b"d1:ad2:id20:a test asks one node6:target20:".to_vec();
    query.extend(target.as_bytes());
    query.extend(b"e1:q3:get2:roi1e1:t4:test1:y1:qe");
    // Keys of a dictionary stand in their order (BEP 3), so these are next to each other.
    let mut stamp = format!("3:seqi{}e3:sig64:", item.seq()).into_bytes();
    stamp.extend(item.signature());
    let mut value = format!("1:v{}:", item.value().len()).into_bytes();
    value.extend(item.value());

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let mut buffer = [0; 4096];
    for _ in 0..3 {
        socket.send_to(&query, node).unwrap();
        // Nodes may have questions of their own; what is waited for is an answer.
        while let Ok(length) = socket.recv(&mut buffer) {
            let message = &buffer[..length];
            if contains(message, b"1:t4:test") && contains(message, b"1:y1:r") {
                return contains(message, &stamp) && contains(message, &value);
            }
        }
    }
    panic!("{node} does not answer");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
