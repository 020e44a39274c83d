//! Lookups in networks that exist in these tests only, with time that passes as it is told to.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    asking::{MAX_TIME, PATIENCE_ALONE},
    *,
};

const RTT: Duration = Duration::from_millis(100);
const TIMEOUT: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Honest,
    Dead,
    /// Answers at the second question only.
    Forgetful,
    /// Names nodes that don't exist, the closest there could be.
    Liar,
    /// Is put close to the target, and knows others like it only.
    Sybil,
}

struct Member {
    node: Node,
    kind: Kind,
    questions: u32,
}

struct World {
    members: Vec<Member>,
    by_address: HashMap<SocketAddr, usize>,
    target: Id,
}

/// What a lookup came to.
#[derive(Debug)]
struct Outcome {
    tally: Tally,
    closest: Vec<Node>,
    took: Duration,
    sent: usize,
}

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn id(&mut self) -> Id {
        let mut bytes = [0; 20];
        for chunk in bytes.chunks_mut(8) {
            let next = self.next().to_be_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
        Id::new(bytes)
    }
}

fn address(number: usize) -> SocketAddr {
    let [_, a, b, c] = u32::try_from(number).unwrap().to_be_bytes();
    // Each in a subnet of its own.
    ([127, a + 1, b, c], 6881).into()
}

impl World {
    fn new(kinds: &[Kind]) -> Self {
        let mut chance = Chance(7);
        let target = chance.id();
        let mut network = Self {
            members: Vec::new(),
            by_address: HashMap::new(),
            target,
        };
        for kind in kinds {
            let mut id = *chance.id().as_bytes();
            if *kind == Kind::Sybil {
                id[..4].copy_from_slice(&target.as_bytes()[..4]);
            }
            network.add(Id::new(id), *kind);
        }
        network
    }

    fn add(&mut self, id: Id, kind: Kind) {
        let number = self.members.len();
        let node = Node {
            id,
            address: address(number * 256),
        };
        self.by_address.insert(node.address, number);
        self.members.push(Member {
            node,
            kind,
            questions: 0,
        });
    }

    /// The nodes closest to the target of those that are so.
    fn closest(&self, of: impl Fn(&Member) -> bool) -> Vec<Node> {
        let mut nodes: Vec<_> = self.members.iter().filter(|member| of(member)).collect();
        nodes.sort_by_key(|member| member.node.id.distance(&self.target));
        nodes.iter().map(|member| member.node).collect()
    }

    fn answer(&mut self, to: SocketAddr, chance: &mut Chance) -> Option<(Node, Vec<Node>)> {
        let target = self.target;
        let member = &mut self.members[*self.by_address.get(&to)?];
        member.questions += 1;
        let node = member.node;
        match member.kind {
            Kind::Dead => None,
            Kind::Forgetful if member.questions == 1 => None,
            Kind::Honest | Kind::Forgetful => {
                // It knows every third node, and says which of them are closest.
                let own = node.id.as_bytes()[7];
                let knows = |member: &Member| {
                    member.kind != Kind::Sybil
                        && (member.node.id.as_bytes()[7] ^ own).is_multiple_of(3)
                        || member.kind == Kind::Sybil
                };
                Some((node, self.closest(knows).into_iter().take(8).collect()))
            }
            Kind::Liar => {
                let invented = (0..20).map(|_| {
                    let mut id = *chance.id().as_bytes();
                    id[..10].copy_from_slice(&target.as_bytes()[..10]);
                    let number = usize::try_from(chance.next() % 200_000).unwrap();
                    Node {
                        id: Id::new(id),
                        address: address((1 << 23) - 1 - number * 8),
                    }
                });
                Some((node, invented.collect()))
            }
            Kind::Sybil => Some((
                node,
                self.closest(|member| member.kind == Kind::Sybil)
                    .into_iter()
                    .take(20)
                    .collect(),
            )),
        }
    }

    fn run(&mut self, mut query: Query, start: Instant) -> Outcome {
        let mut chance = Chance(3);
        let mut now = start;
        let mut arriving: BinaryHeap<Reverse<(Instant, usize)>> = BinaryHeap::new();
        let mut answers: Vec<(Node, Vec<Node>)> = Vec::new();
        let mut sent = 0;
        for _ in 0..100_000 {
            let mut allowance = 1000;
            let step = query.poll(now, |_| TIMEOUT, &mut allowance);
            assert_eq!(1000 - allowance, step.ask.len());
            sent += step.ask.len();
            for to in step.ask {
                if let Some(answer) = self.answer(to, &mut chance) {
                    let jitter = Duration::from_millis(chance.next() % 40);
                    arriving.push(Reverse((
                        now + RTT - Duration::from_millis(20) + jitter,
                        answers.len(),
                    )));
                    answers.push(answer);
                }
            }
            if query.phase() == Phase::Done {
                return Outcome {
                    tally: query.tally(),
                    closest: query.closest().map(|(node, _)| *node).collect(),
                    took: now - start,
                    sent,
                };
            }
            let deadline = query.deadline();
            match arriving.peek() {
                Some(Reverse((at, number))) if deadline.is_none_or(|deadline| *at <= deadline) => {
                    let (at, number) = (*at, *number);
                    arriving.pop();
                    now = at;
                    let (node, named) = answers[number].clone();
                    query.times(&node.address, now);
                    let answer = Answer {
                        token: Some(vec![1]),
                        held: Held::Nothing,
                    };
                    query.answered(node, answer, &named);
                }
                _ => now = deadline.expect("something to wait for"),
            }
        }
        panic!("no end");
    }

    /// A lookup that begins at some nodes that answer, and knows how large the network is.
    fn look_up(&mut self, network: Network) -> Outcome {
        let start = Instant::now();
        let mut query = Query::new(self.target, true, network, start);
        let known: Vec<_> = self
            .members
            .iter()
            .filter(|member| member.kind != Kind::Sybil)
            .map(|member| member.node)
            .step_by(9)
            .collect();
        for node in known {
            query.knows(node);
        }
        self.run(query, start)
    }
}

/// A network of so many nodes, and nothing else that is known of it.
fn known(nodes: f64) -> Network {
    Network {
        nodes: Some(nodes),
        sure: true,
        ..Network::default()
    }
}

/// Kinds in turn.
fn mixed(count: usize, pattern: &[Kind]) -> Vec<Kind> {
    pattern.iter().copied().cycle().take(count).collect()
}

#[test]
fn the_closest_are_found() {
    let mut network = World::new(&mixed(500, &[Kind::Honest]));
    let outcome = network.look_up(known(500.0));
    assert_eq!(
        outcome.closest,
        network.closest(|_| true)[..outcome.closest.len()]
    );
    assert!(outcome.closest.len() >= K);
    assert!(outcome.tally.settled);
    assert_eq!(outcome.sent, outcome.tally.asked as usize);
    assert!(outcome.sent < 60, "{outcome:?}");
}

#[test]
fn who_is_dead_is_not_waited_for() {
    use Kind::{Dead, Honest};
    let mut network = World::new(&mixed(500, &[Honest, Honest, Dead, Honest, Honest]));
    let silent = 0.2;
    let outcome = network.look_up(Network {
        silent,
        ..known(400.0)
    });
    let alive = network.closest(|member| member.kind == Honest);
    let met = alive[..K]
        .iter()
        .filter(|node| outcome.closest.contains(node));
    assert!(met.count() >= K - 2, "{outcome:?}");
    // Three steps, and a time-out for each of two dead ones in a row.
    assert!(outcome.took < 3 * RTT + 2 * TIMEOUT, "{outcome:?}");
    assert!(outcome.tally.settled);
}

#[test]
fn what_was_lost_is_asked_again() {
    // So few that every one of them is needed.
    let mut network = World::new(&mixed(K - 2, &[Kind::Forgetful]));
    let outcome = network.look_up(Network::default());
    assert_eq!(outcome.closest, network.closest(|_| true));
    assert_eq!(outcome.sent, 2 * (K - 2));
}

#[test]
fn nine_of_ten_may_be_dead() {
    let mut pattern = [Kind::Dead; 10];
    pattern[0] = Kind::Honest;
    let mut network = World::new(&mixed(500, &pattern));
    let outcome = network.look_up(known(50.0));
    let alive = network.closest(|member| member.kind == Kind::Honest);
    // Further away nobody names any that are alive.
    assert_eq!(outcome.closest[..5], alive[..5]);
}

#[test]
fn a_silent_network_is_not_called_an_empty_one() {
    let mut network = World::new(&mixed(100, &[Kind::Dead]));
    let outcome = network.look_up(Network::default());
    assert_eq!((outcome.tally.answered, outcome.tally.settled), (0, false));
    assert!(
        outcome.took >= PATIENCE_ALONE && outcome.took < MAX_TIME,
        "{outcome:?}"
    );
    let mut pattern = [Kind::Dead; 25];
    pattern[0] = Kind::Honest;
    let mut network = World::new(&mixed(100, &pattern));
    let outcome = network.look_up(Network::default());
    assert!(!outcome.tally.settled, "{outcome:?}");
}

#[test]
fn invented_nodes_lead_nowhere() {
    use Kind::{Honest, Liar};
    let mut network = World::new(&mixed(300, &[Honest, Honest, Liar]));
    let outcome = network.look_up(known(300.0));
    let all = network.closest(|_| true);
    let met = all[..K]
        .iter()
        .filter(|node| outcome.closest.contains(node));
    assert!(met.count() >= K - 3, "{outcome:?}");
    assert!(outcome.took < MAX_TIME, "{outcome:?}");
}

#[test]
fn sybils_are_not_taken_for_the_network() {
    let mut kinds = mixed(300, &[Kind::Honest]);
    kinds.extend(mixed(25, &[Kind::Sybil]));
    let mut network = World::new(&kinds);
    let outcome = network.look_up(known(300.0));
    // All are asked that are known within the reach of an honest network, and it is said that these
    // are not what was to be expected.
    let reach = (K / 2) as f64 / 300.0;
    for member in network.members.iter().step_by(9) {
        let near = member.node.id.distance(&network.target).fraction() < reach;
        let asked = outcome.closest.contains(&member.node);
        assert!(!near || asked || member.kind == Kind::Sybil, "{outcome:?}");
    }
    assert!(!outcome.tally.settled, "{outcome:?}");
}

#[test]
fn few_of_one_subnet_count() {
    let start = Instant::now();
    let target = Id::new([0; 20]);
    let mut query = Query::new(target, false, Network::default(), start);
    for number in 0..100u8 {
        let mut id = [0; 20];
        id[19] = number + 1;
        let address = ([192, 0, 2, number], 6881).into();
        query.knows(Node {
            id: Id::new(id),
            address,
        });
    }
    assert_eq!(query.window(0).members.len(), window::MAX_IN_SUBNET);
}

#[test]
fn first_nodes_are_asked_until_there_are_others() {
    let mut network = World::new(&mixed(100, &[Kind::Honest]));
    let start = Instant::now();
    let mut query = Query::new(network.target, false, Network::default(), start);
    for member in &network.members {
        query.may_begin_at(member.node.address);
    }
    let outcome = network.run(query, start);
    assert_eq!(outcome.closest[..K], network.closest(|_| true)[..K]);
    assert!(outcome.sent < 50, "{outcome:?}");
}

#[test]
fn nobody_to_ask_is_an_end() {
    let mut query = Query::new(Id::new([0; 20]), false, Network::default(), Instant::now());
    query.poll(Instant::now(), |_| TIMEOUT, &mut 10);
    assert_eq!(query.phase(), Phase::Done);
    assert!(!query.tally().settled);
}

#[test]
fn memory_is_bounded() {
    let start = Instant::now();
    let mut chance = Chance(1);
    let mut query = Query::new(chance.id(), false, Network::default(), start);
    let liar = Node {
        id: chance.id(),
        address: address(1),
    };
    query.knows(liar);
    query.poll(start, |_| TIMEOUT, &mut 10);
    let named: Vec<_> = (2..10_000)
        .map(|number| Node {
            id: chance.id(),
            address: address(number * 256),
        })
        .collect();
    query.answered(liar, Answer::default(), &named);
    assert!(query.candidates.len() <= MAX_CANDIDATES + 1);
    assert_eq!(query.candidates.len(), query.by_address.len());
}

#[test]
fn who_refuses_is_replaced() {
    let mut network = World::new(&mixed(100, &[Kind::Honest]));
    let start = Instant::now();
    let mut query = Query::new(network.target, true, known(100.0), start);
    for member in &network.members {
        query.knows(member.node);
    }
    let all = network.closest(|_| true);
    query.is_useless(&all[0].address);
    let outcome = network.run(query, start);
    assert_eq!(outcome.closest[..K], all[1..=K]);
}

#[test]
fn one_node_speaks_for_itself_only() {
    let start = Instant::now();
    let alone = Node {
        id: Id::new([1; 20]),
        address: address(1),
    };
    for (network, settled) in [(Network::default(), true), (known(1000.0), false)] {
        let mut query = Query::new(Id::new([0; 20]), false, network, start);
        query.knows(alone);
        query.poll(start, |_| TIMEOUT, &mut 10);
        query.answered(alone, Answer::default(), &[]);
        assert_eq!(query.phase(), Phase::Done);
        assert_eq!(query.tally().settled, settled);
    }
}

/// Before anybody else, a liar names all nodes as they aren't: at other addresses, or with ids that are
/// far away. Others name them as they are.
#[test]
fn who_is_named_wrongly_is_found_all_the_same() {
    for far_away in [false, true] {
        let mut network = World::new(&mixed(100, &[Kind::Honest]));
        let start = Instant::now();
        let mut query = Query::new(network.target, true, known(100.0), start);
        let liar = Node {
            id: Id::new([9; 20]),
            address: address(3_000_000),
        };
        query.knows(liar);
        query.poll(start, |_| TIMEOUT, &mut 10);
        let mut farthest = *network.target.as_bytes();
        farthest[0] ^= 0xff;
        let lies: Vec<_> = network.closest(|_| true)[..K]
            .iter()
            .zip(1u8..)
            .map(|(node, number)| match far_away {
                true => {
                    farthest[19] = number;
                    let id = Id::new(farthest);
                    Node { id, ..*node }
                }
                false => Node {
                    address: address(2_000_000 + usize::from(number) * 256),
                    ..*node
                },
            })
            .collect();
        query.answered(liar, Answer::default(), &lies);
        for member in network.members.iter().step_by(9) {
            query.knows(member.node);
        }
        let outcome = network.run(query, start);
        let all = network.closest(|_| true);
        assert_eq!(outcome.closest[..K], all[..K], "far away: {far_away}");
    }
}

/// Whoever answers with the id of another doesn't take its place.
#[test]
fn an_id_that_two_claim_belongs_to_both() {
    let start = Instant::now();
    let mut query = Query::new(Id::new([0; 20]), false, Network::default(), start);
    let id = Id::new([1; 20]);
    let [honest, other] = [1, 2].map(|number| Node {
        id,
        address: address(number),
    });
    query.knows(honest);
    query.may_begin_at(other.address);
    query.poll(start, |_| TIMEOUT, &mut 10);
    for node in [honest, other] {
        query.answered(node, Answer::default(), &[]);
    }
    assert!(query.answer_of(&honest.address).is_some());
    assert!(query.closest().any(|(node, _)| *node == honest));
}

/// Of a handful of nodes, some of them dead: those that are there speak for the network when they are
/// as many as those that are not, and no others are known to exist.
#[test]
fn a_handful_speaks_by_those_who_are_there() {
    use Kind::{Dead, Honest};
    let unknown = Network::default();
    for (alive, dead, network, settled) in [
        (4, 0, unknown, true),
        (3, 1, unknown, true),
        (2, 2, unknown, true),
        (3, 3, unknown, true),
        (3, 3, known(6.0), true),
        (1, 1, unknown, false),
        (2, 3, unknown, false),
        (1, 5, known(6.0), false),
        // There are others, of whom nothing was heard.
        (3, 1, known(100.0), false),
        (3, 0, known(6.0), false),
        // Which are known to have died.
        (
            3,
            0,
            Network {
                missing: 3,
                ..known(6.0)
            },
            true,
        ),
    ] {
        let start = Instant::now();
        let kinds = [vec![Honest; alive], vec![Dead; dead]].concat();
        let mut world = World::new(&kinds);
        let mut query = Query::new(world.target, false, network, start);
        for member in &world.members {
            query.knows(member.node);
        }
        let outcome = world.run(query, start);
        assert_eq!(
            outcome.tally.settled, settled,
            "{alive} {dead} {network:?} {outcome:?}"
        );
    }
}
