//! A DHT in a box: many nodes in this process, on sockets and with packets as real as anywhere.
//!
//! Each node has an address of its own in 127.0.0.0/8 (or `::1` and a port), an id that fits it
//! (BEP 42), a routing table with a sample of the others, dead ones among them, and answers as nodes
//! do (BEP 5, 32, 44). What the network does to packets is drawn: how long each is on its way, and
//! whether it is lost. All chance comes from a seed.
//!
//! It knows nothing of the program's own engine, whose second opinion it is. One thread runs all
//! nodes; it ends when the network is dropped.

#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod bencode;
pub(crate) mod dice;
mod driver;
pub(crate) mod id;
pub(crate) mod message;
pub(crate) mod node;
pub(crate) mod peer;

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use pkarr_host::{item::SignedItem, key::PublicKey};

use dice::Dice;
use driver::Driver;
use id::Id;
use message::Contact;
use node::{Behaviour, Held, Manner, Node};

/// By which protocol nodes are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Ipv4,
    Ipv6,
    /// Half of them by each, and all know some of both.
    Both,
}

/// What a network is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) nodes: usize,
    /// The part of the nodes that never answer.
    pub(crate) dead: f64,
    /// The part of the packets that are lost, each way.
    pub(crate) loss: f64,
    /// How long a packet is on its way, and by how much it may differ.
    pub(crate) one_way: Option<(Duration, Duration)>,
    /// How many nodes are in a bucket of a table, and told of at once.
    pub(crate) bucket: usize,
    pub(crate) family: Family,
    pub(crate) seed: u64,
}

impl Plan {
    /// All answer, at once.
    pub(crate) fn ideal(nodes: usize) -> Self {
        Self {
            nodes,
            dead: 0.0,
            loss: 0.0,
            one_way: None,
            bucket: 8,
            family: Family::Ipv4,
            seed: 1,
        }
    }

    /// As it is out there.
    pub(crate) fn realistic(nodes: usize) -> Self {
        Self {
            dead: 0.2,
            loss: 0.01,
            one_way: Some((Duration::from_millis(50), Duration::from_millis(20))),
            ..Self::ideal(nodes)
        }
    }
}

/// What came from an address, and what went to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
    pub(crate) packets_back: usize,
    pub(crate) bytes_back: usize,
}

/// A packet that came to a node.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) from: SocketAddr,
    /// Which of the nodes.
    pub(crate) node: usize,
    /// What was asked; empty for what is no question.
    pub(crate) method: String,
    pub(crate) target: Option<Id>,
    pub(crate) read_only: bool,
    /// Whether anything was answered, unless it is lost on its way.
    pub(crate) answered: bool,
    /// When an answer comes back, unless it is lost.
    pub(crate) answered_after: Option<Duration>,
}

/// The most packets that are written down.
const MAX_SEEN: usize = 500_000;

#[derive(Default)]
struct State {
    nodes: Vec<Node>,
    traffic: HashMap<SocketAddr, Traffic>,
    seen: Vec<Seen>,
    loss: f64,
    one_way: Option<(Duration, Duration)>,
}

/// The network. It ends when dropped.
pub(crate) struct Network {
    state: Arc<Mutex<State>>,
    dice: Mutex<Dice>,
    _driver: Driver,
}

impl Network {
    pub(crate) fn start(plan: Plan) -> Self {
        Self::start_with(plan, |_, _| {})
    }

    /// Starts with changes to the nodes, which know each other already.
    pub(crate) fn start_with(plan: Plan, change: impl FnOnce(&mut [Node], &mut Dice)) -> Self {
        Self::start_at(plan, change, |_| None)
    }

    /// The same with addresses for some of the nodes.
    pub(crate) fn start_at(
        plan: Plan,
        change: impl FnOnce(&mut [Node], &mut Dice),
        at: impl Fn(usize) -> Option<IpAddr>,
    ) -> Self {
        let mut dice = Dice::new(plan.seed);
        let (sockets, mut nodes) = open(plan, at, &mut dice);
        acquaint(&mut nodes, plan.bucket, &mut dice);
        // So many, not each with that probability: runs with other seeds are alike in this.
        let mut order: Vec<_> = (0..nodes.len()).collect();
        dice.shuffle(&mut order);
        for dead in &order[..(nodes.len() as f64 * plan.dead).round() as usize] {
            nodes[*dead].manner = Manner::Dead;
        }
        change(&mut nodes, &mut dice);
        let state = Arc::new(Mutex::new(State {
            nodes,
            loss: plan.loss,
            one_way: plan.one_way,
            ..State::default()
        }));
        Self {
            _driver: Driver::start(Arc::clone(&state), sockets),
            state,
            dice: Mutex::new(dice),
        }
    }

    /// So many nodes that answer, any of them, as a list of first nodes has them.
    pub(crate) fn bootstrap(&self, count: usize) -> Vec<String> {
        self.some(count, |node| !node.is_dead())
    }

    /// The same of nodes that don't.
    pub(crate) fn dead(&self, count: usize) -> Vec<String> {
        self.some(count, Node::is_dead)
    }

    fn some(&self, count: usize, wanted: impl Fn(&Node) -> bool) -> Vec<String> {
        let state = self.state();
        let wanted = state.nodes.iter().filter(|node| wanted(node));
        let mut found: Vec<_> = wanted
            .map(|node| node.contact.address.to_string())
            .collect();
        drop(state);
        self.dice.lock().unwrap().shuffle(&mut found);
        found.truncate(count);
        assert_eq!(found.len(), count);
        found
    }

    /// The nodes that are closest to where a key belongs and alive, closest first.
    pub(crate) fn closest(&self, key: &PublicKey, count: usize) -> Vec<usize> {
        let mut all = self.ordered(key);
        let state = self.state();
        all.retain(|node| !state.nodes[*node].is_dead());
        all.truncate(count);
        all
    }

    /// All nodes, those closest to where a key belongs first.
    pub(crate) fn ordered(&self, key: &PublicKey) -> Vec<usize> {
        let target = id::target(key);
        let state = self.state();
        let mut all: Vec<_> = (0..state.nodes.len()).collect();
        all.sort_by_key(|node| id::distance(&state.nodes[*node].contact.id, &target));
        all
    }

    pub(crate) fn contact(&self, node: usize) -> Contact {
        self.state().nodes[node].contact
    }

    /// Lets nodes hold an item, whatever they held.
    pub(crate) fn store(&self, item: &SignedItem, nodes: &[usize]) {
        let target = id::target(item.key());
        let mut state = self.state();
        for node in nodes {
            state.nodes[*node].held.insert(target, Held::from(item));
        }
    }

    /// What nodes hold under a key.
    pub(crate) fn held(&self, key: &PublicKey) -> Vec<(usize, Held)> {
        let target = id::target(key);
        let state = self.state();
        let all = state.nodes.iter().enumerate();
        all.filter_map(|(number, node)| Some((number, node.held.get(&target)?.clone())))
            .collect()
    }

    /// Which nodes hold exactly this item.
    pub(crate) fn holders(&self, item: &SignedItem) -> Vec<usize> {
        let mut held = self.held(item.key());
        held.retain(|(_, held)| *held == Held::from(item));
        held.into_iter().map(|(node, _)| node).collect()
    }

    /// From now on this node doesn't do what it should.
    pub(crate) fn behave(&self, node: usize, behaviour: Behaviour) {
        self.state().nodes[node].manner = Manner::Other(behaviour);
    }

    /// From now on these nodes answer nothing.
    pub(crate) fn kill(&self, nodes: impl IntoIterator<Item = usize>) {
        // Who says which may ask the network about them.
        let nodes: Vec<_> = nodes.into_iter().collect();
        let mut state = self.state();
        for node in nodes {
            state.nodes[node].manner = Manner::Dead;
        }
    }

    /// From now on these nodes answer as they should.
    pub(crate) fn revive(&self, nodes: impl IntoIterator<Item = usize>) {
        let nodes: Vec<_> = nodes.into_iter().collect();
        let mut state = self.state();
        for node in nodes {
            state.nodes[node].manner = Manner::Honest;
        }
    }

    /// Changes nodes: whom they know, what they hold.
    pub(crate) fn change(&self, change: impl FnOnce(&mut [Node])) {
        change(&mut self.state().nodes);
    }

    /// How many nodes there are, the dead counted in.
    pub(crate) fn size(&self) -> usize {
        self.state().nodes.len()
    }

    /// What each client sent and was sent.
    pub(crate) fn traffic(&self) -> HashMap<SocketAddr, Traffic> {
        self.state().traffic.clone()
    }

    /// What all clients together sent.
    pub(crate) fn packets(&self) -> usize {
        self.state().traffic.values().map(|it| it.packets).sum()
    }

    /// The addresses that anything came from.
    pub(crate) fn clients(&self) -> HashSet<SocketAddr> {
        self.state().traffic.keys().copied().collect()
    }

    /// The packets that came, in their order, and forgets them.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state().seen)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Opens the nodes' sockets, each at an address of its own.
fn open(
    plan: Plan,
    at: impl Fn(usize) -> Option<IpAddr>,
    dice: &mut Dice,
) -> (Vec<UdpSocket>, Vec<Node>) {
    let mut taken = HashSet::new();
    (0..plan.nodes)
        .map(|number| {
            let ipv6 = match plan.family {
                Family::Ipv4 => false,
                Family::Ipv6 => true,
                Family::Both => number % 2 == 1,
            };
            let address = if let Some(address) = at(number) {
                address
            } else if ipv6 {
                IpAddr::from(Ipv6Addr::LOCALHOST)
            } else {
                loop {
                    let [second, third, last] = dice.bytes();
                    let address = Ipv4Addr::new(127, second.max(1), third, last.clamp(1, 254));
                    if taken.insert(address) {
                        break address.into();
                    }
                }
            };
            let socket = UdpSocket::bind((address, 0)).unwrap();
            let contact = Contact {
                id: id::at_address(address, dice),
                address: socket.local_addr().unwrap(),
            };
            (
                socket,
                Node::new(contact, plan.bucket, Dice::new(dice.draw())),
            )
        })
        .unzip()
}

/// Fills the tables: in each bucket a sample of those that belong there, of each family.
fn acquaint(nodes: &mut [Node], bucket: usize, dice: &mut Dice) {
    let mut everyone: Vec<_> = nodes.iter().map(|node| node.contact).collect();
    dice.shuffle(&mut everyone);
    for node in nodes {
        // Another node begins to look round elsewhere.
        let first = dice.below(everyone.len());
        let mut buckets = HashMap::<_, usize>::new();
        for other in everyone[first..].iter().chain(&everyone[..first]) {
            let common = id::common(&node.contact.id, &other.id);
            let size = buckets
                .entry((common, other.address.is_ipv6()))
                .or_default();
            if *other != node.contact && *size < bucket {
                *size += 1;
                node.known.push(*other);
            }
        }
    }
}
