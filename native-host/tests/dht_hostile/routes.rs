//! Nodes that lie about other nodes, and first nodes that do.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    MOST_PACKETS, behaviour, every_third,
    network::{
        Network,
        bencode::Value,
        dice::Dice,
        id::{self, Id},
        message::{Contact, compact_nodes},
        node::{self, Manner, Sent},
    },
    plan,
    seeker::{client, item, look_up, pair},
};
use pkarr_host::dht::DhtError;

/// Takes in what is sent to this port of any address in 127.0.0.0/8, and answers nothing.
struct Sink {
    port: u16,
    packets: Arc<AtomicUsize>,
    socket: Arc<UdpSocket>,
    stop: Arc<std::sync::atomic::AtomicBool>,
}

impl Sink {
    fn start() -> Self {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap());
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let sink = Self {
            port: socket.local_addr().unwrap().port(),
            packets: Arc::default(),
            socket,
            stop: Arc::default(),
        };
        let (socket, packets) = (Arc::clone(&sink.socket), Arc::clone(&sink.packets));
        let stop = Arc::clone(&sink.stop);
        std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while !stop.load(Ordering::Relaxed) {
                if socket.recv_from(&mut buffer).is_ok() {
                    packets.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        sink
    }

    fn packets(&self) -> usize {
        self.packets.load(Ordering::Relaxed)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// So many nodes that nobody ever saw, close to a target.
fn invented(target: &Id, count: usize, port: u16, dice: &mut Dice) -> Vec<Contact> {
    let invent = |_| {
        let [second, third, last] = dice.bytes();
        let bits = 20 + dice.below(100);
        Contact {
            id: id::near(target, bits, dice),
            address: SocketAddr::from(([127, second, third, last.max(1)], port)),
        }
    };
    (0..count).map(invent).collect()
}

/// A third of the nodes tell of nodes that are closer and don't exist, others with each question.
async fn among_inventors(at_once: usize) {
    let net = Network::start(plan(90));
    let sink = Sink::start();
    let (port, dice) = (sink.port, Mutex::new(Dice::new(5)));
    let invents = behaviour(move |asked| {
        let target = asked.query.target();
        asked.tampered(|content| {
            if let Some(target) = target {
                let invented = invented(&target, at_once, port, &mut dice.lock().unwrap());
                content.set("nodes", compact_nodes(&invented));
            }
        })
    });
    every_third(&net, &[], &invents);
    let closest = net.closest(&pair(1).public(), 20);
    net.store(&item(&pair(1), 5), &closest);
    let dht = client(&net.bootstrap(4));
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
    let none = look_up(&dht, pair(2).public()).await.unwrap();
    assert_eq!(none.items, []);
    // Joining and two lookups.
    let sent = net.packets() + sink.packets();
    assert!(sent <= 3 * MOST_PACKETS, "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_do_not_exist_are_not_asked_without_end() {
    among_inventors(8).await;
}

/// As many as fit into the largest packet that there is.
#[tokio::test(flavor = "multi_thread")]
async fn huge_lists_of_nodes_are_not_asked_through() {
    among_inventors(2400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_lists_of_nodes_do_no_harm() {
    let net = Network::start(plan(90));
    let number = AtomicUsize::new(0);
    let malformed = behaviour(move |asked| {
        let from = asked.from;
        let number = number.fetch_add(1, Ordering::Relaxed);
        asked.tampered(|content| {
            let nowhere = [[9; 20].to_vec(), vec![0; 6]].concat();
            let everyone = [vec![9; 20], vec![255; 6]].concat();
            let yourself = compact_nodes(&[Contact {
                id: [9; 20],
                address: from,
            }]);
            let malformed = [
                Value::Int(7),
                Value::bytes([1; 25]),
                Value::bytes([1; 27]),
                Value::List(vec![Value::bytes([1; 26])]),
                Value::Bytes(nowhere),
                Value::Bytes(everyone),
                yourself,
            ];
            content.set("nodes", malformed[number % malformed.len()].clone());
            content.set("nodes6", Value::bytes([1; 39]));
        })
    });
    every_third(&net, &[], &malformed);
    net.store(&item(&pair(1), 5), &net.closest(&pair(1).public(), 20));
    let dht = client(&net.bootstrap(4));
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
}

/// Each of them is closer than the one before, exists, answers, and knows only the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_way_without_end_is_left() {
    const HONEST: usize = 60;
    const CHAIN: usize = 150;
    let target = id::target(&pair(1).public());
    let net = Network::start_with(plan(HONEST + CHAIN), |nodes, dice| {
        for number in HONEST..HONEST + CHAIN {
            let id = id::near(&target, 6 + number - HONEST, dice);
            node::place(nodes, number, id);
        }
        let chain: Vec<_> = nodes[HONEST..].iter().map(|node| node.contact).collect();
        for (number, node) in nodes[HONEST..].iter_mut().enumerate() {
            let next: Vec<_> = chain[number + 1..].iter().take(2).copied().collect();
            node.manner = Manner::Other(behaviour(move |asked| {
                let next = compact_nodes(&next);
                asked.tampered(|content| content.set("nodes", next))
            }));
        }
    });
    let honest: Vec<_> = net.closest(&pair(1).public(), HONEST + CHAIN);
    let honest: Vec<_> = honest
        .into_iter()
        .filter(|node| *node < HONEST)
        .take(20)
        .collect();
    net.store(&item(&pair(1), 5), &honest);
    // First nodes that are honest.
    let first = net.contact(honest[0]).address.to_string();
    let dht = client(&[first]);
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
    let sent = net.packets();
    assert!(sent <= 2 * MOST_PACKETS, "{sent}");
}

// --- first nodes -----------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn dead_first_nodes_cost_little_beside_one_that_is_there() {
    let net = Network::start(plan(80));
    net.store(&item(&pair(1), 5), &net.closest(&pair(1).public(), 20));
    net.kill(0..40);
    let mut first = net.dead(20);
    first.push("nobody.invalid:6881".to_owned());
    first.extend(net.bootstrap(1));
    let found = look_up(&client(&first), pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_first_nodes_are_dead_that_is_said() {
    let net = Network::start(plan(40));
    net.kill(0..40);
    let dht = client(&net.dead(20));
    match look_up(&dht, pair(1).public()).await {
        Err(error) => assert_eq!(error, DhtError::Unreachable),
        Ok(found) => {
            assert_eq!(found.items, []);
            assert_eq!(found.report.answered, 0);
        }
    }
    assert!(net.packets() <= MOST_PACKETS);
}

/// A first node that leads into a world of its own, beside one that doesn't.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_node_that_lies_is_one_of_many() {
    let net = Network::start(plan(80));
    net.store(&item(&pair(1), 5), &net.closest(&pair(1).public(), 20));
    let sink = Sink::start();
    let (port, dice) = (sink.port, Mutex::new(Dice::new(6)));
    let liar = net.closest(&pair(1).public(), 80)[79];
    net.behave(
        liar,
        behaviour(move |asked| {
            let target = asked.query.target().unwrap_or([0; 20]);
            let invented = invented(&target, 60, port, &mut dice.lock().unwrap());
            asked.tampered(|content| content.set("nodes", compact_nodes(&invented)))
        }),
    );
    let mut first = vec![net.contact(liar).address.to_string()];
    first.extend(net.bootstrap(2));
    let found = look_up(&client(&first), pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
    assert!(net.packets() + sink.packets() <= 2 * MOST_PACKETS);
}

/// A first node that answers each question with very many packets.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_answers_does_no_harm() {
    let net = Network::start(plan(80));
    net.store(&item(&pair(1), 5), &net.closest(&pair(1).public(), 20));
    let floods = behaviour(|asked| {
        let honest: Sent = asked.honest.into();
        std::iter::repeat_n(honest, 300).collect()
    });
    let first = net.bootstrap(3);
    for node in (0..net.size()).filter(|node| node % 10 == 0) {
        net.behave(node, Arc::clone(&floods));
    }
    let dht = client(&first);
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5), "{:?}", found.report);
    assert!(found.report.answered <= found.report.asked);
}
