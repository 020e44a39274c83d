//! Answers that nobody asked for, from those who weren't asked, and bytes that are no answers.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{
    MOST_PACKETS, behaviour, every_third,
    network::{
        Network,
        bencode::Value,
        id,
        message::{self, Query},
        node::{Held, Sent},
        peer::Peer,
    },
    plan,
    seeker::{client, item, look_up, pair},
};

/// A network in which one node holds what the others don't, and the client for it. The one item is
/// what the nodes hold, the other is newer, signed as well, and nowhere.
fn one_holds() -> Network {
    let net = Network::start(plan(60));
    net.store(&item(&pair(1), 5), &net.closest(&pair(1).public(), 8));
    net
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_another_address_does_not_count() {
    let net = one_holds();
    let newer = Held::from(&item(&pair(1), 6));
    let elsewhere: SocketAddr = net.contact(net.closest(&pair(1).public(), 60)[59]).address;
    // The right transaction, from an address that was not asked.
    let lies = behaviour(move |asked| {
        let mut answer = asked.honest.clone();
        if answer.at(&["r"]).is_some() {
            newer.clone().into_content(answer.at_mut(&["r"]));
        }
        let elsewhere = Sent {
            by: Some(elsewhere),
            ..answer.into()
        };
        let honest = Sent {
            after: Duration::from_millis(5),
            ..asked.honest.into()
        };
        vec![elsewhere, honest]
    });
    for node in net.closest(&pair(1).public(), 20) {
        net.behave(node, Arc::clone(&lies));
    }
    let dht = client(&net.bootstrap(4));
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_what_was_not_asked_does_not_count() {
    let net = one_holds();
    let newer = Held::from(&item(&pair(1), 6));
    // From the right address, with transaction ids that are guessed: around the right one, and
    // lengthened or shortened.
    let lies = behaviour(move |asked| {
        let right = asked.query.transaction();
        let mut guesses: Vec<Vec<u8>> = Vec::new();
        for change in 1..=8 {
            let mut guess = right.clone();
            if let Some(last) = guess.last_mut() {
                *last = last.wrapping_add(change);
            }
            guesses.push(guess);
        }
        guesses.extend([vec![], right[1..].to_vec(), [&right[..], b"\0"].concat()]);
        let mut sent: Vec<Sent> = Vec::new();
        for guess in guesses {
            let mut answer = asked.honest.clone();
            answer.set("t", Value::Bytes(guess));
            if answer.at(&["r"]).is_some() {
                newer.clone().into_content(answer.at_mut(&["r"]));
            }
            sent.push(answer.into());
        }
        sent.push(asked.honest.into());
        sent
    });
    // One node only, to which no other question is under way that a guess could meet.
    net.behave(net.closest(&pair(1).public(), 1)[0], lies);
    let dht = client(&net.bootstrap(4));
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_to_a_question_is_the_only_one() {
    let net = one_holds();
    let newer = Held::from(&item(&pair(1), 6));
    let target = id::target(&pair(1).public());
    let lies = behaviour(move |asked| {
        let mut again = asked.honest.clone();
        if asked.is("get", &target) {
            newer.clone().into_content(again.at_mut(&["r"]));
        }
        let honest: Sent = asked.honest.into();
        let mut sent = vec![honest];
        sent.extend(std::iter::repeat_n(Sent::from(again), 5));
        sent
    });
    for node in net.closest(&pair(1).public(), 20) {
        net.behave(node, Arc::clone(&lies));
    }
    let dht = client(&net.bootstrap(4));
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
    assert!(found.report.answered <= found.report.asked, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_does_no_harm() {
    let net = Network::start(plan(90));
    let closest = net.closest(&pair(1).public(), 20);
    net.store(&item(&pair(1), 5), &closest);
    let garbage: Vec<Vec<u8>> = vec![
        vec![],
        vec![0; 1],
        b"d".to_vec(),
        b"i1e".to_vec(),
        b"le".to_vec(),
        b"de".to_vec(),
        b"d1:y1:re".to_vec(),
        b"d1:t4:aaaa1:y1:re".to_vec(),
        b"d1:rle1:t4:aaaa1:y1:re".to_vec(),
        b"d1:rd2:id20:aaaaaaaaaaaaaaaaaaaae1:t0:1:y1:re".to_vec(),
        b"99999999999999999999:".to_vec(),
        b"-1:".to_vec(),
        b"i99999999999999999999999999999999e".to_vec(),
        b"i-0e".to_vec(),
        [vec![b'l'; 2000], vec![b'e'; 2000]].concat(),
        [b"d1:a".repeat(1000), vec![b'e'; 1000]].concat(),
        vec![0xff; 4000],
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
    ];
    // Garbage beside the honest answer, and garbage within it.
    let messes = behaviour(move |asked| {
        let mut sent: Vec<Sent> = garbage.iter().cloned().map(Sent::from).collect();
        let honest = asked.honest.encode();
        sent.push(honest[..honest.len() - 1].to_vec().into());
        sent.push([&honest[..], b"e"].concat().into());
        for (name, value) in [
            ("r", Value::List(vec![])),
            ("r", Value::dict([])),
            ("r", Value::Int(1)),
            ("y", Value::bytes("x")),
            ("y", Value::Int(7)),
            ("t", Value::Int(7)),
            ("e", Value::List(vec![Value::bytes("x")])),
        ] {
            let mut answer = asked.honest.clone();
            answer.set(name, value);
            sent.push(answer.into());
        }
        sent
    });
    every_third(&net, &[], &messes);
    let dht = client(&net.bootstrap(4));
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
    let found = look_up(&dht, pair(2).public()).await.unwrap();
    assert_eq!(found.items, []);
    assert!(net.packets() <= 3 * MOST_PACKETS);
}

/// A client that is no server answers nobody (BEP 43), and does its own work meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn questions_and_floods_are_not_answered() {
    let net = one_holds();
    let dht = client(&net.bootstrap(4));
    look_up(&dht, pair(2).public()).await.unwrap();
    assert!(net.take_seen().iter().all(|seen| seen.read_only));
    let mut peer = Peer::at([127, 7, 7, 7]);
    let target = Value::bytes(id::target(&pair(1).public()));
    let get = Value::dict([("target", target), ("id", Value::bytes([1; 20]))]);
    let questions = [
        message::query(
            "ping",
            b"aa",
            Value::dict([("id", Value::bytes([1; 20]))]),
            false,
        ),
        message::query("get", b"bb", get.clone(), false),
        message::query("find_node", b"cc", get, true),
        message::query("nonsense", b"", Value::dict([]), true),
    ];
    for _ in 0..200 {
        for client in net.clients() {
            for question in &questions {
                peer.send(&question.encode(), client);
            }
            // An answer out of the blue.
            let query = Query::decode(&questions[0].encode()).unwrap();
            let newer = Held::from(&item(&pair(1), 6));
            let mut content = Value::dict([("id", Value::bytes([1; 20]))]);
            newer.into_content(&mut content);
            peer.send(&message::response(&query, client, content).encode(), client);
        }
    }
    let found = look_up(&dht, pair(1).public()).await.unwrap();
    assert_eq!(found.newest(), Some(5));
    assert_eq!(peer.receive(Duration::from_millis(1)), None);
}
