//! The thread that runs the nodes: takes packets in, lets them take their time, sends answers.

use std::{
    net::{SocketAddr, UdpSocket},
    rc::Rc,
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use std::collections::HashMap;

use tokio::{
    sync::oneshot,
    task::{LocalSet, spawn_local},
    time::sleep,
};

use super::{
    MAX_SEEN, Seen, State,
    message::Query,
    node::{Asked, Manner, Sent},
};

pub(super) struct Driver {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    pub(super) fn start(state: Arc<Mutex<State>>, sockets: Vec<UdpSocket>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let nodes = LocalSet::new();
            nodes.block_on(&runtime, async move {
                let sockets = Sockets::new(sockets);
                for node in 0..sockets.all.len() {
                    let (state, sockets) = (Arc::clone(&state), Rc::clone(&sockets));
                    spawn_local(serve(node, state, sockets));
                }
                _ = stopped.await;
            });
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

struct Sockets {
    all: Vec<tokio::net::UdpSocket>,
    by_address: HashMap<SocketAddr, usize>,
}

impl Sockets {
    fn new(sockets: Vec<UdpSocket>) -> Rc<Self> {
        let address =
            |(number, socket): (usize, &UdpSocket)| (socket.local_addr().unwrap(), number);
        let by_address = sockets.iter().enumerate().map(address).collect();
        let all = sockets.into_iter().map(|socket| {
            socket.set_nonblocking(true).unwrap();
            tokio::net::UdpSocket::from_std(socket).unwrap()
        });
        Rc::new(Self {
            all: all.collect(),
            by_address,
        })
    }
}

async fn serve(node: usize, state: Arc<Mutex<State>>, sockets: Rc<Sockets>) {
    let mut buffer = [0; 4096];
    loop {
        // An error tells of a packet that could not be delivered, which is no loss here.
        let Ok((length, from)) = sockets.all[node].recv_from(&mut buffer).await else {
            continue;
        };
        let packet = buffer[..length].to_vec();
        let Some(way) = arrive(node, &state, from, &packet) else {
            continue;
        };
        let (state, sockets) = (Arc::clone(&state), Rc::clone(&sockets));
        let answer = async move {
            pause(way.there).await;
            for sent in answer(node, &state, from, &packet, way.back.is_some()) {
                let sockets = Rc::clone(&sockets);
                let Some(back) = way.back.map(|back| back + sent.after) else {
                    continue;
                };
                let send = async move {
                    pause(back).await;
                    let by = sent.by.map_or(node, |by| sockets.by_address[&by]);
                    _ = sockets.all[by].send_to(&sent.bytes, from).await;
                };
                if back.is_zero() {
                    send.await;
                } else {
                    spawn_local(send);
                }
            }
        };
        if way.there.is_zero() {
            answer.await;
        } else {
            spawn_local(answer);
        }
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// How long a packet is on its way, and how long what is answered, unless that gets lost.
struct Way {
    there: Duration,
    back: Option<Duration>,
}

/// Writes down that a packet came; its way, unless it gets lost or nobody is at home.
fn arrive(node: usize, state: &Mutex<State>, from: SocketAddr, packet: &[u8]) -> Option<Way> {
    let mut state = state.lock().unwrap();
    let traffic = state.traffic.entry(from).or_default();
    traffic.packets += 1;
    traffic.bytes += packet.len();
    let (loss, one_way) = (state.loss, state.one_way);
    let at = &mut state.nodes[node];
    let [lost, lost_back] = [(); 2].map(|()| at.dice.happens(loss));
    let [there, back] = [(); 2]
        .map(|()| one_way.map_or(Duration::ZERO, |(mean, spread)| at.dice.time(mean, spread)));
    let way = (!lost && !at.is_dead()).then_some(Way {
        there,
        back: (!lost_back).then_some(back),
    });
    if state.seen.len() < MAX_SEEN {
        let query = Query::decode(packet);
        state.seen.push(Seen {
            at: Instant::now(),
            from,
            node,
            target: query.as_ref().and_then(Query::target),
            read_only: query.as_ref().is_some_and(Query::read_only),
            method: query.map(|query| query.method).unwrap_or_default(),
            answered: way.is_some(),
            answered_after: way
                .as_ref()
                .and_then(|way| way.back.map(|back| way.there + back)),
        });
    }
    way
}

/// What a node answers; whether that gets there is known already.
fn answer(
    node: usize,
    state: &Mutex<State>,
    from: SocketAddr,
    packet: &[u8],
    arrives: bool,
) -> Vec<Sent> {
    let Some(query) = Query::decode(packet) else {
        return Vec::new();
    };
    let mut state = state.lock().unwrap();
    let at = &mut state.nodes[node];
    let manner = at.manner.clone();
    let answers = match manner {
        Manner::Dead => return Vec::new(),
        Manner::Honest => vec![at.answer(&query, from).into()],
        Manner::Other(behaviour) => {
            let asked = Asked {
                query: &query,
                from,
                node: at.contact,
                honest: at.answer(&query, from),
            };
            behaviour(asked)
        }
    };
    if arrives {
        let traffic = state.traffic.entry(from).or_default();
        traffic.packets_back += answers.len();
        traffic.bytes_back += answers.iter().map(|sent| sent.bytes.len()).sum::<usize>();
    }
    answers
}
