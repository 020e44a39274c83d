//! The node in networks that these tests play, at times that they name.

use std::net::{IpAddr, Ipv4Addr};

use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::{
    dht::{LookupReport, ServerConfig, bencode, krpc::Response},
    item::{Seq, SignedItem},
    key::KeyPair,
};

/// Where nodes see us.
const OURS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5)), 6881);

struct World {
    engine: Engine,
    now: Now,
}

/// A lookup, as whoever wants it sees it.
struct Asked {
    items: mpsc::UnboundedReceiver<SignedItem>,
    report: oneshot::Receiver<LookupReport>,
}

fn pair() -> KeyPair {
    KeyPair::from_secret(&[9; 32])
}

fn node(number: u8) -> Node {
    let address = SocketAddr::from(([198, 18, number, 1], 6881));
    Node {
        id: Id::for_address(address.ip()),
        address,
    }
}

impl World {
    fn new(server: Option<ServerConfig>) -> Self {
        let now = Now {
            at: Instant::now(),
            unix: 1_800_000_000,
        };
        let config = DhtConfig {
            server,
            ..DhtConfig::default()
        };
        Self {
            engine: Engine::new(&config, [true, false], now),
            now,
        }
    }

    fn command(&mut self, command: Command) {
        self.engine.command(command, self.now);
    }

    fn look_up(&mut self) -> Asked {
        let (items, found) = mpsc::unbounded_channel();
        let (report, reported) = oneshot::channel();
        self.command(Command::Get {
            key: pair().public(),
            items,
            report,
        });
        Asked {
            items: found,
            report: reported,
        }
    }

    fn answer(&mut self, to: &[u8], from: Node, response: Response<'_>) {
        let asked = Message::decode(to).unwrap();
        let answer = Message {
            transaction: asked.transaction,
            version: None,
            read_only: false,
            ip: Some(OURS),
            body: Body::Response(response),
        };
        self.engine
            .receive(&answer.encode(), from.address, self.now);
    }

    /// Lets the nodes that are there answer, a tenth of a second after they are asked, until nobody is
    /// asked any more; gives who was.
    fn play(&mut self, there: &[Node]) -> Vec<SocketAddr> {
        let mut asked = Vec::new();
        for _ in 0..10_000 {
            let out = self.engine.outgoing();
            if out.is_empty() {
                let Some(wake) = self.engine.wake() else {
                    return asked;
                };
                self.pass(wake.saturating_duration_since(self.now.at));
                self.engine.tick(self.now);
                continue;
            }
            self.pass(Duration::from_millis(100));
            for (to, bytes) in out {
                asked.push(to);
                if let Some(node) = there.iter().find(|node| node.address == to) {
                    self.answer(&bytes, *node, Response::of(node.id));
                }
            }
            self.engine.tick(self.now);
        }
        panic!("no end");
    }

    fn pass(&mut self, time: Duration) {
        self.now.at += time;
        self.now.unix += time.as_secs();
    }
}

/// What was learnt of one network is not held against the nodes when the machine is in another.
#[test]
fn in_another_network_all_begins_anew() {
    let mut world = World::new(None);
    let there: Vec<_> = (1..8).map(node).collect();
    let silent = node(99).address;
    let mut seeds: Vec<_> = there.iter().map(|node| node.address).collect();
    seeds.push(silent);
    world.command(Command::Seeds(seeds));
    let _asked = world.look_up();
    assert!(world.play(&there).contains(&silent));
    let info = world.engine.info();
    assert_eq!(info.public_address.map(IpAddr::V4), Some(OURS.ip()));
    assert_eq!(info.known, there.len());
    // Who was silent a moment ago is not asked.
    let _asked = world.look_up();
    assert!(!world.play(&there).contains(&silent));

    world.engine.network_changed(world.now);
    let info = world.engine.info();
    assert_eq!((info.public_address, info.known), (None, there.len()));
    // How long answers took there says nothing, either.
    let patient = world.engine.timeout(&there[0].address);
    assert_eq!(patient, Rtt::default().timeout());
    let _asked = world.look_up();
    let asked = world.play(&there);
    assert!(asked.contains(&silent), "{asked:?}");
    // Some answer, and they are the network.
    assert!(there.iter().all(|node| asked.contains(&node.address)));
}

/// What could not be sent was not left without an answer.
#[test]
fn who_can_t_be_asked_is_not_silent() {
    let mut world = World::new(None);
    let there: Vec<_> = (1..8).map(node).collect();
    world.command(Command::Know(there.clone()));
    let elsewhere = node(200).address;
    let begin = |world: &mut World| {
        let Engine { transactions, .. } = &mut world.engine;
        transactions
            .begin(elsewhere, Purpose::Ping, world.now.at)
            .is_some()
    };
    while begin(&mut world) {}
    let mut asked = world.look_up();
    assert_eq!(world.engine.outgoing(), []);
    // Nor is anybody asked in vain until there is room, or given up for lack of it.
    let from = world.now.at;
    let asked_now = world.play(&there);
    let addresses: Vec<_> = there.iter().map(|node| node.address).collect();
    assert!(asked_now.iter().all(|to| addresses.contains(to)));
    let report = asked.report.try_recv().unwrap();
    assert_eq!(report.asked as usize, there.len(), "{report:?}");
    assert_eq!(report.answered as usize, there.len(), "{report:?}");
    assert!(report.settled, "{report:?}");
    assert!(world.now.at >= from + Duration::from_secs(9));
    assert_eq!(world.engine.info().known, there.len());
    assert!(asked.items.try_recv().is_err());
}

/// However many strangers ask, few of them are asked back, and our own questions all go out.
#[test]
fn strangers_don_t_spend_what_is_ours() {
    let mut world = World::new(Some(ServerConfig::default()));
    let there: Vec<_> = (1..30).map(node).collect();
    world.command(Command::Know(there.clone()));
    let mut asked_back = 0;
    for number in 0..5000u16 {
        let [high, low] = number.to_be_bytes();
        let from = SocketAddr::from(([100, 64, high, low], 6881));
        let ping = Message {
            transaction: b"aa",
            version: None,
            read_only: false,
            ip: None,
            body: Body::Query(krpc::Query {
                id: Id::for_address(from.ip()),
                want: Want::default(),
                method: Method::Ping,
            }),
        };
        world.engine.receive(&ping.encode(), from, world.now);
        let out = world.engine.outgoing();
        asked_back += out
            .iter()
            .filter(|(_, bytes)| matches!(Message::decode(bytes).unwrap().body, Body::Query(_)))
            .count();
    }
    assert!((1..100).contains(&asked_back), "{asked_back}");
    world.look_up();
    let nearest = world.engine.outgoing().len();
    // As many as a lookup asks at once.
    assert!(nearest >= 10, "{nearest}");
    assert!(world.engine.pace.allowance(world.now.at) >= 200);
}

/// What is being looked up when everything is to be forgotten is found, and not kept in mind.
#[test]
fn a_lookup_that_runs_is_forgotten_too() {
    for forget in [false, true] {
        let mut world = World::new(None);
        let holder = node(1);
        world.command(Command::Know(vec![holder]));
        let mut asked = world.look_up();
        let out = world.engine.outgoing();
        if forget {
            world.engine.forget_keys();
        }
        let item = SignedItem::sign(&pair(), Seq::new(5).unwrap(), b"a").unwrap();
        let mut value = Vec::new();
        bencode::write_bytes(&mut value, item.value());
        for (to, bytes) in out {
            assert_eq!(to, holder.address);
            let response = Response {
                value: Some(&value),
                key: Some(*item.key().as_bytes()),
                signature: Some(*item.signature()),
                seq: Some(5),
                ..Response::of(holder.id)
            };
            world.answer(&bytes, holder, response);
        }
        world.play(&[holder]);
        assert_eq!(asked.items.try_recv().unwrap(), item);
        assert_eq!(asked.report.try_recv().unwrap().holding, 1);
        assert_eq!(world.engine.holders.all().is_empty(), forget);
    }
}
