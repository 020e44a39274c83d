use std::time::Duration;

use super::visitors::{BURST_SECONDS, CREDIT_PER_SECOND, FACTOR, MAX_ADDRESSES, MAX_CREDIT};
use super::*;
use crate::dht::{bencode, krpc::Mutable};
use crate::{
    item::{Seq, SignedItem},
    key::KeyPair,
};

struct World {
    server: Server,
    tables: Tables,
    now: Instant,
}

const PUBLIC: ([u8; 4], u16) = ([198, 51, 100, 1], 6881);

impl World {
    fn new() -> Self {
        let now = Instant::now();
        let mut tables = [1, 2].map(|own| Table::new(Id::new([own; 20])));
        for number in 0..100u8 {
            let id = Id::new([number.wrapping_mul(37); 20]);
            let v4 = ([127, 1, number, 1], 6881).into();
            tables[0].answered(Node { id, address: v4 }, 1, None);
            let v6 = ([0x2001, 0xdb8, number.into(), 0, 0, 0, 0, 1], 6881).into();
            tables[1].answered(Node { id, address: v6 }, 1, None);
        }
        Self {
            server: Server::new(&ServerConfig::default(), now),
            tables,
            now,
        }
    }

    fn ask(&mut self, method: Method<'_>, from: SocketAddr) -> Option<Vec<u8>> {
        self.ask_for(method, Want::default(), from)
    }

    fn ask_for(&mut self, method: Method<'_>, want: Want, from: SocketAddr) -> Option<Vec<u8>> {
        let query = Query {
            id: Id::new([9; 20]),
            want,
            method,
        };
        self.server
            .answer(&query, b"any", from, 100, &self.tables, self.now)
    }

    /// Has an item of so many bytes stored with a token of its own.
    fn keep(&mut self, item: &SignedItem, from: SocketAddr) -> Vec<u8> {
        let target = Id::of_key(item.key());
        let answer = self.ask(Method::Get { target, seq: None }, from).unwrap();
        let token = response(&answer).token.unwrap();
        self.put(item, token, from)
    }

    fn put(&mut self, item: &SignedItem, token: &[u8], from: SocketAddr) -> Vec<u8> {
        let mut value = Vec::new();
        bencode::write_bytes(&mut value, item.value());
        let put = Put {
            token,
            value: &value,
            mutable: Some(Mutable {
                key: *item.key().as_bytes(),
                signature: *item.signature(),
                seq: item.seq().get(),
                cas: None,
                salt: None,
            }),
            target: None,
        };
        self.ask(Method::Put(put), from).unwrap()
    }
}

fn response(bytes: &[u8]) -> Response<'_> {
    let message = Message::decode(bytes).unwrap();
    assert_eq!(message.transaction, b"any");
    match message.body {
        Body::Response(response) => response,
        other => panic!("{other:?}"),
    }
}

fn code(bytes: &[u8]) -> i64 {
    match Message::decode(bytes).unwrap().body {
        Body::Error { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

fn item(size: usize) -> SignedItem {
    let pair = KeyPair::from_secret(&[5; 32]);
    SignedItem::sign(&pair, Seq::new(7).unwrap(), &vec![b'x'; size]).unwrap()
}

#[test]
fn it_answers_what_it_is_asked() {
    let mut world = World::new();
    let from = PUBLIC.into();
    let ping = world.ask(Method::Ping, from).unwrap();
    assert_eq!(response(&ping), Response::of(Id::new([1; 20])));
    assert_eq!(Message::decode(&ping).unwrap().ip, Some(from));
    let target = Id::new([37; 20]);
    let found = world.ask(Method::FindNode(target), from).unwrap();
    let nodes = response(&found).nodes.unwrap();
    assert_eq!((nodes.len(), nodes[0].id), (NODES, target));
    assert!(nodes.iter().all(|node| node.address.is_ipv4()));
    let unknown = world.ask(Method::Other(b"vote"), from).unwrap();
    assert_eq!(code(&unknown), 204);
    let incomplete = world.ask(Method::Incomplete(b"get"), from).unwrap();
    assert_eq!(code(&incomplete), 203);
}

#[test]
fn both_families_are_named_where_they_are_wanted() {
    let mut world = World::new();
    let from_v6: SocketAddr = "[2001:db8:5::1]:9".parse().unwrap();
    let find = || Method::FindNode(Id::new([0; 20]));
    let count = |bytes: &[u8]| {
        let nodes = response(bytes).nodes.unwrap();
        let v4 = nodes.iter().filter(|node| node.address.is_ipv4()).count();
        (v4, nodes.len() - v4)
    };
    assert_eq!(count(&world.ask(find(), from_v6).unwrap()), (0, NODES));
    let both = Want { v4: true, v6: true };
    let answer = world.ask_for(find(), both, PUBLIC.into()).unwrap();
    assert_eq!(count(&answer), (NODES, NODES / 2));
    let other = Want {
        v4: false,
        v6: true,
    };
    let answer = world.ask_for(find(), other, PUBLIC.into()).unwrap();
    assert_eq!(count(&answer), (0, NODES));
}

#[test]
fn items_are_kept_for_who_brings_a_token() {
    let mut world = World::new();
    let item = item(1000);
    let from = PUBLIC.into();
    assert_eq!(code(&world.put(&item, b"no token", from)), 203);
    assert_eq!(
        response(&world.keep(&item, from)),
        Response::of(Id::new([1; 20]))
    );
    let target = Id::of_key(item.key());
    let other: SocketAddr = ([203, 0, 113, 9], 1).into();
    let found = world.ask(Method::Get { target, seq: None }, other).unwrap();
    assert!(found.len() <= LARGEST, "{}", found.len());
    let found = response(&found);
    assert_eq!(found.value.and_then(bencode::as_bytes), Some(item.value()));
    assert_eq!(
        (found.seq, found.key),
        (Some(7), Some(*item.key().as_bytes()))
    );
    assert!(!found.nodes.unwrap().is_empty());
    // Who has it already is not sent it again.
    let found = world
        .ask(
            Method::Get {
                target,
                seq: Some(7),
            },
            other,
        )
        .unwrap();
    assert_eq!(
        (response(&found).value, response(&found).seq),
        (None, Some(7))
    );
}

#[test]
fn nobody_is_flooded_through_us() {
    let mut world = World::new();
    let item = item(1000);
    world.keep(&item, PUBLIC.into());
    // An address that somebody else writes on their questions.
    let victim = ([203, 0, 113, 66], 6881).into();
    let target = Id::of_key(item.key());
    let (mut asked, mut sent) = (0, 0);
    for _ in 0..100 {
        for _ in 0..50 {
            asked += 100;
            let get = Method::Get { target, seq: None };
            sent += world.ask(get, victim).map_or(0, |answer| answer.len());
        }
        world.now += Duration::from_secs(1);
    }
    let most = FACTOR * f64::from(asked) + MAX_CREDIT + 100.0 * CREDIT_PER_SECOND;
    assert!(sent > 0 && (sent as f64) < most, "{sent} bytes for {asked}");
}

#[test]
fn who_asks_too_much_is_not_answered() {
    let mut world = World::new();
    let from = PUBLIC.into();
    let answered = (0..10_000)
        .filter(|_| world.ask(Method::Ping, from).is_some())
        .count();
    let most = f64::from(ServerConfig::default().queries_per_second) * BURST_SECONDS;
    assert!(answered as f64 <= most, "{answered}");
    // Others are, and so is it after a while.
    assert!(
        world
            .ask(Method::Ping, ([203, 0, 113, 1], 1).into())
            .is_some()
    );
    world.now += Duration::from_secs(1);
    assert!(world.ask(Method::Ping, from).is_some());
}

/// Nor does it lock anybody out: neither who comes after it nor who asks all the time.
#[test]
fn a_flood_from_everywhere_drives_out_itself() {
    let mut world = World::new();
    let regular: SocketAddr = PUBLIC.into();
    // It has asked as often as it may, and is not let in anew for the flood.
    while world.ask(Method::Ping, regular).is_some() {}
    for number in 0..3 * MAX_ADDRESSES as u32 {
        let [_, a, b, c] = number.to_be_bytes();
        let stranger = ([100, a, b, c], 1).into();
        assert!(world.ask(Method::Ping, stranger).is_some(), "{number}");
        if number.is_multiple_of(5000) {
            assert!(world.ask(Method::Ping, regular).is_none());
        }
    }
    assert!(world.server.visitors.len() <= MAX_ADDRESSES);
    let newcomer = ([203, 0, 113, 7], 1).into();
    assert!(world.ask(Method::Ping, newcomer).is_some());
}

/// In IPv6 whoever has one address has 2^64 of them.
#[test]
fn a_network_of_ipv6_asks_as_one() {
    let mut world = World::new();
    let answered = (0..10_000u32)
        .filter(|number| {
            let [.., a, b] = number.to_be_bytes();
            let last = u16::from_be_bytes([a, b]);
            let from = ([0x2001, 0xdb8, 7, 7, 0, 0, 0, last], 1).into();
            world.ask(Method::Ping, from).is_some()
        })
        .count();
    let most = f64::from(ServerConfig::default().queries_per_second) * BURST_SECONDS;
    assert!(answered as f64 <= most, "{answered}");
}
