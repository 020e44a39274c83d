//! What outlives the program: the nodes of the table, who held which item, the first nodes' addresses.
//!
//! One file for each list of first nodes, because each may be a network of its own. It is a bencoded
//! dictionary of strings in which records of a fixed length stand side by side:
//!
//! - `n4`, `n6`: nodes, each as id, address, port, when it last answered (8 bytes, seconds since 1970)
//!   and its round trip (4 bytes, microseconds);
//! - `h4`, `h6`: a list of strings, each a target and the nodes that held its item;
//! - `s4`, `s6`: addresses of first nodes;
//! - `networks`: the number of nodes of both families;
//! - `cleared`: when the keys that were looked up were last to be forgotten, for programs that still
//!   have them in mind.
//!
//! Several programs may use a file at a time. Each writes a new one and puts it in place of the old, so
//! that there is always a whole one; before that it takes in what others have learnt since it began.
//! One writes at a time (`folder`).
//! The file is bounded, old entries go, and whatever is in it is only believed to be worth a question.

mod folder;

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, Read},
    net::SocketAddr,
    path::Path,
    time::Duration,
};

use super::{
    bencode::{Kind, Malformed, Reader, write_bytes, write_integer},
    holders::{self, Holding},
    id::{Id, Node},
    krpc,
};

pub(super) use folder::{forget_keys, path};

/// The most nodes of a family that are kept.
const MAX_NODES: usize = 4096;
/// The most addresses of first nodes.
pub(super) const MAX_SEEDS: usize = 100;
/// The most bytes that are read.
const MAX_FILE: u64 = 2 << 20;
/// How long a node is kept that was not heard of again.
const MAX_AGE: u64 = 14 * 24 * 60 * 60;

/// A node as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remembered {
    pub(super) node: Node,
    /// When it last answered, in seconds since 1970.
    pub(super) seen: u64,
    pub(super) rtt: Option<Duration>,
}

/// All that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Memory {
    pub(super) nodes: Vec<Remembered>,
    pub(super) holders: Vec<Holding>,
    /// When the keys that were looked up were last to be forgotten, in seconds since 1970.
    pub(super) cleared: u64,
    pub(super) seeds: Vec<SocketAddr>,
    pub(super) networks: [u64; 2],
}

impl Memory {
    /// Takes in what another program has written down, of nodes only what is new since `began`: what
    /// was known then and is not any more was given up.
    fn merge(&mut self, other: Self, began: u64, now: u64) {
        let mut nodes: HashMap<SocketAddr, Remembered> = HashMap::new();
        let news = other.nodes.into_iter().filter(|known| known.seen >= began);
        for known in news.chain(std::mem::take(&mut self.nodes)) {
            let newer = nodes
                .get(&known.node.address)
                .is_none_or(|other| known.seen >= other.seen);
            if newer && known.seen <= now && now - known.seen < MAX_AGE {
                nodes.insert(known.node.address, known);
            }
        }
        self.nodes = nodes.into_values().collect();
        // Somebody may have asked that what was looked up be forgotten.
        // A date in the future would have everything forgotten until then.
        self.cleared = self.cleared.max(other.cleared).min(now);
        let cleared = self.cleared;
        self.holders
            .retain(|holding| holding.at > cleared || cleared == 0);
        let known: HashSet<_> = self.holders.iter().map(|holding| holding.target).collect();
        let others = other.holders.into_iter();
        self.holders
            .extend(others.filter(|holding| !known.contains(&holding.target)));
        for seed in other.seeds {
            if !self.seeds.contains(&seed) {
                self.seeds.push(seed);
            }
        }
        for (ours, theirs) in self.networks.iter_mut().zip(other.networks) {
            if *ours == 0 {
                *ours = theirs;
            }
        }
    }

    /// Reads a file. One that is missing or damaged is as good as an empty one.
    pub(super) fn read(path: &Path) -> Self {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::default(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the remembered nodes can’t be read");
                return Self::default();
            }
        }
        Self::decode(&bytes).unwrap_or_else(|_| {
            tracing::warn!(path = %path.display(), "the remembered nodes are damaged");
            Self::default()
        })
    }

    /// Writes a file, with what others have written there since `began`.
    ///
    /// # Errors
    /// Those of the file system, and [`io::ErrorKind::ResourceBusy`] when another program doesn't stop
    /// writing; the file is as before then.
    pub(super) fn write(self, path: &Path, began: u64, now: u64) -> io::Result<()> {
        folder::write(self, path, began, now)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut nodes = self.nodes.clone();
        nodes.sort_by_key(|known| std::cmp::Reverse(known.seen));
        let mut to = b"d7:cleared".to_vec();
        write_integer(&mut to, i64::try_from(self.cleared).unwrap_or(i64::MAX));
        for (key, v4) in [(b"h4", true), (b"h6", false)] {
            write_bytes(&mut to, key);
            to.push(b'l');
            for holding in self.holders.iter().take(holders::MAX_KEYS) {
                let mut record = holding.target.as_bytes().to_vec();
                let nodes = holding
                    .nodes
                    .iter()
                    .filter(|node| node.address.is_ipv4() == v4);
                for node in nodes.take(holders::MAX_NODES) {
                    write_node(&mut record, node);
                }
                if record.len() > 20 {
                    write_bytes(&mut to, &record);
                }
            }
            to.push(b'e');
        }
        for (key, v4) in [(b"n4", true), (b"n6", false)] {
            let mut records = Vec::new();
            let of_family = nodes
                .iter()
                .filter(|known| known.node.address.is_ipv4() == v4);
            for known in of_family.take(MAX_NODES) {
                write_node(&mut records, &known.node);
                records.extend_from_slice(&known.seen.to_be_bytes());
                let micros = known.rtt.map_or(0, |rtt| rtt.as_micros());
                records.extend_from_slice(&u32::try_from(micros).unwrap_or(u32::MAX).to_be_bytes());
            }
            write_bytes(&mut to, key);
            write_bytes(&mut to, &records);
        }
        write_bytes(&mut to, b"networks");
        to.push(b'l');
        for network in self.networks {
            write_integer(&mut to, i64::try_from(network).unwrap_or(i64::MAX));
        }
        to.push(b'e');
        for (key, v4) in [(b"s4", true), (b"s6", false)] {
            let mut records = Vec::new();
            let of_family = self.seeds.iter().filter(|seed| seed.is_ipv4() == v4);
            for seed in of_family.take(MAX_SEEDS) {
                records.extend(krpc::address_bytes(seed));
            }
            write_bytes(&mut to, key);
            write_bytes(&mut to, &records);
        }
        to.push(b'e');
        to
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut memory = Self::default();
        let mut reader = Reader::new(bytes);
        reader.enter_dictionary()?;
        while let Some(key) = reader.key()? {
            match key {
                b"cleared" => memory.cleared = u64::try_from(reader.integer()?).unwrap_or(0),
                b"h4" => memory.read_holders::<26>(&mut reader)?,
                b"h6" => memory.read_holders::<38>(&mut reader)?,
                b"n4" => memory
                    .nodes
                    .extend(records::<38, _>(reader.bytes()?, node_record)),
                b"n6" => memory
                    .nodes
                    .extend(records::<50, _>(reader.bytes()?, node_record)),
                b"s4" => memory
                    .seeds
                    .extend(records::<6, _>(reader.bytes()?, address)),
                b"s6" => memory
                    .seeds
                    .extend(records::<18, _>(reader.bytes()?, address)),
                b"networks" if reader.kind()? == Kind::List => {
                    reader.enter_list()?;
                    let mut family = 0;
                    while reader.has_more()? {
                        let network = reader.integer()?;
                        if let Some(known) = memory.networks.get_mut(family) {
                            *known = u64::try_from(network).unwrap_or(0);
                        }
                        family += 1;
                    }
                }
                _ => reader.skip()?,
            }
        }
        Ok(memory)
    }

    fn read_holders<const SIZE: usize>(
        &mut self,
        reader: &mut Reader<'_>,
    ) -> Result<(), Malformed> {
        // Those of the other family are of the same keys.
        let places = self.holders.iter().enumerate();
        let mut known: HashMap<Id, usize> =
            places.map(|(at, holding)| (holding.target, at)).collect();
        reader.enter_list()?;
        while reader.has_more()? {
            let record = reader.bytes()?;
            let Some((target, nodes)) = record.split_first_chunk::<20>() else {
                continue;
            };
            let target = Id::new(*target);
            let nodes = records::<SIZE, _>(nodes, node);
            let there = known.get(&target).and_then(|at| self.holders.get_mut(*at));
            if let Some(there) = there {
                let room = holders::MAX_NODES.saturating_sub(there.nodes.len());
                there.nodes.extend(nodes.take(room));
                continue;
            }
            if self.holders.len() >= 2 * holders::MAX_KEYS {
                continue;
            }
            known.insert(target, self.holders.len());
            self.holders.push(Holding {
                target,
                nodes: nodes.take(holders::MAX_NODES).collect(),
                at: 0,
            });
        }
        Ok(())
    }
}

fn records<'a, const SIZE: usize, T>(
    bytes: &'a [u8],
    read: impl Fn(&[u8]) -> Option<T> + 'a,
) -> impl Iterator<Item = T> + 'a {
    bytes.chunks_exact(SIZE).take(MAX_NODES).filter_map(read)
}

fn node_record(bytes: &[u8]) -> Option<Remembered> {
    let (rest, rtt) = bytes.split_last_chunk::<4>()?;
    let (rest, seen) = rest.split_last_chunk::<8>()?;
    let micros = u32::from_be_bytes(*rtt);
    Some(Remembered {
        node: node(rest)?,
        seen: u64::from_be_bytes(*seen),
        rtt: (micros > 0).then(|| Duration::from_micros(micros.into())),
    })
}

fn node(bytes: &[u8]) -> Option<Node> {
    let (id, at) = bytes.split_first_chunk()?;
    Some(Node {
        id: Id::new(*id),
        address: address(at)?,
    })
}

fn address(bytes: &[u8]) -> Option<SocketAddr> {
    krpc::address(bytes).filter(|address| {
        let ip = address.ip();
        address.port() != 0 && !ip.is_unspecified() && !ip.is_multicast()
    })
}

fn write_node(to: &mut Vec<u8>, node: &Node) {
    to.extend_from_slice(node.id.as_bytes());
    to.extend(krpc::address_bytes(&node.address));
}

#[cfg(test)]
mod tests;
