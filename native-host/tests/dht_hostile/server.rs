//! A node of ours, asked by people who don't mean well.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::{
    network::{
        bencode::Value,
        id,
        message::{self, Query, nodes},
        node::Held,
        peer::{Peer, error_code, item as given, put_arguments},
    },
    seeker::{item, pair, server_with},
};
use pkarr_host::{
    dht::{Dht, ServerConfig},
    item::{Seq, SignedItem},
};

struct Served {
    dht: Dht,
    node: SocketAddr,
    peer: Peer,
    token: Value,
}

impl Served {
    async fn start() -> Self {
        Self::with(ServerConfig::default()).await
    }

    async fn with(limits: ServerConfig) -> Self {
        let (dht, node) = server_with([127, 41, 1, 1], &[], limits).await;
        let mut peer = Peer::at([127, 42, 1, 1]);
        let token = peer.token(node);
        Self {
            dht,
            node,
            peer,
            token,
        }
    }

    /// Puts, and gives the code of the error.
    fn put(&mut self, item: &Held, replaces: Option<i64>) -> Option<i64> {
        let answer = self.peer.put(item, self.token.clone(), replaces, self.node);
        error_code(&answer)
    }

    /// What it holds under the key of this number.
    fn held(&mut self, number: u16) -> Option<Held> {
        given(&self.peer.get(&pair(number).public(), self.node))
    }

    /// Whether it still does what it should.
    fn is_well(&mut self) {
        let answer = self.peer.ask("ping", Value::dict([]), self.node);
        assert!(answer.at(&["r", "id"]).is_some(), "{answer:?}");
        let last = Held::from(&item(&pair(999), 1));
        assert_eq!(self.put(&last, None), None);
        assert_eq!(self.held(999), Some(last));
    }
}

fn held(number: u16, seq: i64, value: &[u8]) -> Held {
    let seq = Seq::new(seq).unwrap();
    Held::from(&SignedItem::sign(&pair(number), seq, value).unwrap())
}

// --- the rules -------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_is_kept_and_the_rest_refused() {
    let mut it = Served::start().await;
    assert_eq!(it.held(1), None);
    let first = held(1, 10, b"first");
    assert_eq!(it.put(&first, None), None);
    // Again, as those do who keep it alive.
    assert_eq!(it.put(&first, None), None);
    assert_eq!(it.put(&held(1, 9, b"older"), None), Some(302));
    assert_eq!(it.put(&held(1, 11, b"newer"), Some(9)), Some(301));
    assert_eq!(it.held(1), Some(first));
    let newer = held(1, 11, b"newer");
    assert_eq!(it.put(&newer, Some(10)), None);
    assert_eq!(it.held(1), Some(newer));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_not_signed_is_refused() {
    let mut it = Served::start().await;
    assert_eq!(it.put(&held(1, 1, &[0; 996]), None), None);
    // BEP 44 counts the length before the bytes, and others the bytes alone.
    let mut large = held(2, 1, b"value");
    large.value = vec![0; 1001];
    assert_eq!(it.put(&large, None), Some(205));
    let mut forged = held(3, 1, b"value");
    forged.signature[3] ^= 1;
    assert_eq!(it.put(&forged, None), Some(206));
    let mut forged = held(3, 1, b"value");
    forged.seq = 2;
    assert_eq!(it.put(&forged, None), Some(206));
    for number in [2, 3] {
        assert_eq!(it.held(number), None);
    }
    it.is_well();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_without_a_token_of_that_address_is_refused() {
    let mut it = Served::start().await;
    let wanted = held(1, 1, b"value");
    for token in ["", "guess", "12345678", &"x".repeat(128)] {
        let answer = it.peer.put(&wanted, Value::bytes(token), None, it.node);
        assert_eq!(error_code(&answer), Some(203), "{answer:?}");
    }
    // What is no token at all may be left without an answer.
    for token in [None, Some(Value::Int(1)), Some(Value::bytes([0; 900]))] {
        let mut arguments = put_arguments(&wanted, Value::Int(0), None);
        arguments.unset("token");
        if let Some(token) = token {
            arguments.set("token", token);
        }
        let question = it.peer.question("put", arguments);
        it.peer.send(&question.encode(), it.node);
    }
    // One that was given to another.
    let mut other = Peer::at([127, 42, 1, 2]);
    let answer = other.put(&wanted, it.token.clone(), None, it.node);
    assert_eq!(error_code(&answer), Some(203), "{answer:?}");
    assert_eq!(it.held(1), None);
    it.is_well();
}

#[tokio::test(flavor = "multi_thread")]
async fn puts_that_lack_something_are_refused() {
    let mut it = Served::start().await;
    for name in ["k", "sig", "seq", "v"] {
        for wrong in [
            None,
            Some(Value::Int(-1)),
            Some(Value::bytes([1; 31])),
            Some(Value::List(vec![])),
        ] {
            let mut arguments = put_arguments(&held(1, 1, b"value"), it.token.clone(), None);
            arguments.unset(name);
            if let Some(wrong) = wrong {
                arguments.set(name, wrong);
            }
            // What can't be read may be left without an answer; without a key it is an item of
            // another kind.
            let question = it.peer.question("put", arguments);
            it.peer.send(&question.encode(), it.node);
        }
    }
    assert_eq!(it.held(1), None);
    it.is_well();
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_any_make_are_answered() {
    let mut it = Served::start().await;
    let target = Value::bytes(id::target(&pair(1).public()));
    for length in [0, 1, 2, 3, 4, 5, 8, 20, 32] {
        for version in [None, Some(Value::bytes("X")), Some(Value::Int(5))] {
            let arguments = Value::dict([("target", target.clone())]);
            let mut question = it.peer.question("get", arguments);
            question.set("t", Value::Bytes(vec![7; length]));
            question.set("unheard-of", Value::List(vec![Value::Int(1)]));
            question.at_mut(&["a"]).set("another", Value::dict([]));
            if let Some(version) = version {
                question.set("v", version);
            }
            let answer = it.peer.ask_with(&question, it.node);
            assert!(answer.at(&["r", "token"]).is_some(), "{answer:?}");
        }
    }
    let unknown = it.peer.ask("dance", Value::dict([]), it.node);
    assert_eq!(error_code(&unknown), Some(204), "{unknown:?}");
}

/// A `seq` in the question says what is known; only what is newer is sent (BEP 44).
#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_not_sent_again() {
    let mut it = Served::start().await;
    let newest = held(1, 5, b"value");
    assert_eq!(it.put(&newest, None), None);
    for (known, sent) in [(4, true), (5, false), (6, false)] {
        let question = Value::dict([
            ("seq", Value::Int(known)),
            ("target", Value::bytes(id::target(&pair(1).public()))),
        ]);
        let answer = it.peer.ask("get", question, it.node);
        assert_eq!(given(&answer), sent.then(|| newest.clone()), "{known}");
        assert_eq!(answer.at(&["r", "seq"]), Some(&Value::Int(5)));
    }
}

// --- floods ----------------------------------------------------------------------------------------------------------

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_not_answered_and_does_no_harm() {
    let mut it = Served::start().await;
    let mut other = Peer::at([127, 42, 2, 1]);
    let answer = message::response(
        &Query::decode(
            &message::query(
                "ping",
                b"aa",
                Value::dict([("id", Value::bytes([1; 20]))]),
                true,
            )
            .encode(),
        )
        .unwrap(),
        it.node,
        Value::dict([("id", Value::bytes([1; 20]))]),
    );
    let mut error = answer.clone();
    error.unset("r");
    error.set("y", Value::bytes("e"));
    error.set("e", Value::List(vec![Value::Int(201), Value::bytes("x")]));
    let packets: [Vec<u8>; 9] = [
        vec![],
        vec![0; 1400],
        b"d1:y1:qe".to_vec(),
        b"d1:q4:ping1:t2:aa1:y1:qe".to_vec(),
        [vec![b'l'; 1000], vec![b'e'; 1000]].concat(),
        b"d1:ad2:id20:".repeat(40),
        b"i99999999999999999999999e".to_vec(),
        // Nobody may make two nodes answer each other for ever.
        answer.encode(),
        error.encode(),
    ];
    for _ in 0..50 {
        for packet in &packets {
            other.send(packet, it.node);
        }
    }
    it.is_well();
    let mut answered = 0;
    while let Some((bytes, _)) = other.receive(Duration::from_millis(1)) {
        // At most an error for what looks like a question.
        let answer = Value::decode(&bytes).unwrap();
        assert!(error_code(&answer).is_some(), "{answer:?}");
        answered += 1;
    }
    assert!(answered <= 50, "{answered}");
    assert!(
        other.received <= other.sent,
        "{} for {}",
        other.received,
        other.sent
    );
}

/// Whoever is named as the sender and isn't gets little for it: however often is asked, no more comes
/// back than a small multiple of what was sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_questions_is_not_amplified() {
    let mut it = Served::start().await;
    assert_eq!(it.put(&held(1, 1, &[7; 996]), None), None);
    let target = Value::bytes(id::target(&pair(1).public()));
    let mut victim = Peer::at([127, 42, 3, 1]);
    let question = victim.question("get", Value::dict([("target", target)]));
    let question = question.encode();
    for _ in 0..3000 {
        victim.send(&question, it.node);
        victim.drain();
    }
    // What was asked before this has been answered when this is.
    it.is_well();
    victim.drain();
    let (sent, received) = (victim.sent, victim.received);
    assert!(received <= 2 * sent, "{received} bytes for {sent}");
    // Others don't pay for it.
    it.is_well();
}

/// However much is put, no more is kept than is meant to; and who puts most makes room.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_puts_displaces_its_own() {
    const ITEMS: usize = 30;
    let mut it = Served::with(ServerConfig {
        items: ITEMS,
        queries_per_second: 100_000,
    })
    .await;
    for number in 1..=3 {
        assert_eq!(it.put(&held(number, 1, b"before"), None), None);
    }
    let mut other = Peer::at([127, 42, 5, 1]);
    let token = other.token(it.node);
    for number in 100..200 {
        let flood = held(number, 1, b"flood");
        let answer = other.put(&flood, token.clone(), None, it.node);
        assert_eq!(error_code(&answer), None, "{answer:?}");
    }
    let kept = it.dht.info().await.items.unwrap();
    assert!(kept <= ITEMS, "{kept}");
    for number in 1..=3 {
        assert_eq!(it.held(number), Some(held(number, 1, b"before")));
    }
    // What came last is there, and what came first is not.
    assert!(it.held(199).is_some());
    assert_eq!(it.held(100), None);
    it.is_well();
}

/// Who asks too often is not answered for a while, and nobody else is the worse for it.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_may_ask_only_so_often() {
    let mut it = Served::with(ServerConfig {
        queries_per_second: 5,
        ..ServerConfig::default()
    })
    .await;
    let mut greedy = Peer::at([127, 42, 6, 1]);
    let ping = greedy.question("ping", Value::dict([])).encode();
    for _ in 0..2000 {
        greedy.send(&ping, it.node);
    }
    it.is_well();
    let answered = greedy.drain();
    assert!(answered > 0 && answered < 500, "{answered}");
}

/// No answer is larger than what fits into a packet of any network.
#[tokio::test(flavor = "multi_thread")]
async fn answers_fit_into_a_packet() {
    let mut it = Served::start().await;
    assert_eq!(it.put(&held(1, 1, &[7; 996]), None), None);
    let target = Value::bytes(id::target(&pair(1).public()));
    for method in ["ping", "find_node", "get", "get_peers"] {
        let question = Value::dict([
            ("info_hash", target.clone()),
            ("target", target.clone()),
            (
                "want",
                Value::List(vec![Value::bytes("n4"), Value::bytes("n6")]),
            ),
        ]);
        let mut question = it.peer.question(method, question);
        question.set("t", Value::Bytes(vec![7; 32]));
        let answer = it.peer.ask_with(&question, it.node).encode();
        assert!(answer.len() <= 1472, "{method}: {}", answer.len());
    }
}

/// Those who only say to be nodes are told of to nobody, however many they are.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_told_of_only_when_they_answered() {
    let mut it = Served::start().await;
    let target = id::target(&pair(1).public());
    for number in 0..100 {
        let mut fake = Peer::at(Ipv4Addr::new(127, 43, number, 1));
        let arguments = Value::dict([
            ("id", Value::bytes([number; 20])),
            ("target", Value::bytes(target)),
        ]);
        let question = message::query("find_node", b"zz", arguments, false);
        fake.send(&question.encode(), it.node);
    }
    let question = Value::dict([("target", Value::bytes(target))]);
    let answer = it.peer.ask("find_node", question, it.node);
    assert_eq!(nodes(&answer), []);
    it.is_well();
}
