//! Any bytes, and clients that ask for too much.

use std::net::Ipv4Addr;

use hickory_proto::{
    op::{Edns, Message, MessageType},
    rr::{RecordType, rdata::opt::EdnsOption},
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use tokio::net::UdpSocket;

use super::world::*;

/// Whole questions with a few bytes changed, and bytes without sense.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let questions = (0u8..3, any::<u16>(), any::<bool>()).prop_map(|(number, qtype, edns)| {
        let mut question = question(name(number, "www"), RecordType::from(qtype));
        if edns {
            question.set_edns(Edns::new());
        }
        question.to_vec().unwrap()
    });
    let changed = (
        questions,
        proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        any::<prop::sample::Index>(),
        any::<bool>(),
    )
        .prop_map(|(mut bytes, changes, end, cut)| {
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if cut {
                bytes.truncate(end.index(bytes.len() + 1));
            }
            bytes
        });
    prop_oneof![
        4 => changed,
        1 => proptest::collection::vec(any::<u8>(), 0..600),
    ]
}

#[tokio::test]
async fn any_bytes_are_survived_and_every_answer_is_one() {
    let world = World::new().await;
    for number in 0..3 {
        world.has(number, "@ A 9.0.0.1\nwww TXT text\n*.w A 9.0.0.2");
    }
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    socket.connect(world.dns).await.unwrap();
    let mut runner = TestRunner::deterministic();
    let mut room = vec![0; 65_535];
    let mut sent = Vec::new();
    for round in 0..2000u16 {
        let mut bytes = messages().new_tree(&mut runner).unwrap().current();
        // Some answers take a while: each is known by its number.
        if let Some(id) = bytes.first_chunk_mut::<2>() {
            *id = round.to_be_bytes();
        }
        socket.send(&bytes).await.unwrap();
        sent.push(bytes);
        // Behind each goes a question of which the answer is known to come.
        let mut last = question(name(1, "@"), RecordType::A);
        last.metadata.id = 0xfffe;
        socket.send(&last.to_vec().unwrap()).await.unwrap();
        loop {
            let size = tokio::time::timeout(PATIENCE, socket.recv(&mut room))
                .await
                .unwrap_or_else(|_| panic!("no answer after round {round}: {:?}", sent.last()))
                .unwrap();
            let answer = Message::from_vec(&room[..size]).unwrap();
            assert_eq!(answer.metadata.message_type, MessageType::Response);
            assert!(size <= 1232);
            if answer.metadata.id == 0xfffe {
                break;
            }
            // The question comes back as it was, to the letter.
            if room[5] == 1 {
                let bytes = &sent[usize::from(answer.metadata.id)];
                let end = 12 + room[12..].iter().position(|byte| *byte == 0).unwrap();
                assert_eq!(room[12..end + 5], bytes[12..end + 5], "{bytes:?}");
            }
        }
    }
}

#[tokio::test]
async fn unproven_clients_get_no_more_than_four_times_what_they_sent() {
    // Loopback is taken as proven; an IPv4 address of this machine that isn't is needed.
    let Some(own) = own_address() else {
        return;
    };
    let world = World::configured(&format!(
        "[dns]\nlisten = [\"{own}:0\"]\nforward = \"none\""
    ))
    .await;
    has_much(&world);
    let (truncated, cookie) = with_cookie(&world, own, b"12345678").await;
    assert!(truncated);
    // With the cookie that was sent to it, it has shown where it is.
    let (truncated, _) = with_cookie(&world, own, &cookie).await;
    assert!(!truncated);
}

#[tokio::test]
async fn rfc_9018_servers_with_one_secret_know_each_others_cookies() {
    let Some(own) = own_address() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let [ours, theirs] = ["0123456789abcdef".repeat(2), "0f".repeat(16)];
    let shared = file("shared", &format!("# all of them\n{ours}\n"));
    let other = file("other", &theirs);
    // One that is about to change over to the secret of the others.
    let both = file("both", &format!("{theirs}\n{ours}\n"));
    let start = async |file: &std::path::Path| {
        let world = World::configured(&format!(
            "[dns]\nlisten = [\"{own}:0\"]\nforward = \"none\"\ncookie-secret-file = '{}'",
            file.display()
        ))
        .await;
        has_much(&world);
        world
    };
    let [first, second] = [start(&shared).await, start(&shared).await];
    let [stranger, changing] = [start(&other).await, start(&both).await];
    let (_, cookie) = with_cookie(&first, own, b"12345678").await;
    for (world, truncated) in [(&second, false), (&stranger, true), (&changing, false)] {
        assert_eq!(with_cookie(world, own, &cookie).await.0, truncated);
    }
    let (_, cookie) = with_cookie(&changing, own, b"12345678").await;
    for (world, truncated) in [(&stranger, false), (&second, true)] {
        assert_eq!(with_cookie(world, own, &cookie).await.0, truncated);
    }
}

/// More than four times as much as a question.
fn has_much(world: &World) {
    let text = "x".repeat(250);
    world.has(1, &format!("@ TXT {text}\n@ TXT a{text}"));
}

/// Asks from an address for what takes much, with a cookie. Tells whether the answer was truncated,
/// and gives the cookie that came with it.
async fn with_cookie(world: &World, from: Ipv4Addr, cookie: &[u8]) -> (bool, Vec<u8>) {
    let socket = UdpSocket::bind((from, 0)).await.unwrap();
    socket.connect(world.dns).await.unwrap();
    let mut question = question(name(1, "@"), RecordType::TXT);
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    edns.options_mut()
        .insert(EdnsOption::Unknown(10, cookie.to_vec()));
    question.set_edns(edns);
    let bytes = question.to_vec().unwrap();
    socket.send(&bytes).await.unwrap();
    let mut room = vec![0; 1500];
    let size = tokio::time::timeout(PATIENCE, socket.recv(&mut room))
        .await
        .unwrap()
        .unwrap();
    let answer = check(&question, &room[..size]);
    let truncated = answer.metadata.truncation;
    assert!(size <= bytes.len() * 4 || !truncated);
    let option = answer.edns.as_ref().unwrap().option(10.into()).unwrap();
    (truncated, Vec::<u8>::try_from(option).unwrap())
}

/// An IPv4 address of this machine on a network; nothing is sent to find out.
fn own_address() -> Option<Ipv4Addr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    match socket.local_addr().ok()?.ip() {
        std::net::IpAddr::V4(address) if !address.is_loopback() && !address.is_unspecified() => {
            Some(address)
        }
        _ => None,
    }
}

#[tokio::test]
async fn what_is_sent_in_anothers_name_is_not_at_their_cost() {
    let Some(own) = own_address() else {
        return;
    };
    let world = World::configured(&format!(
        "[dns]\nlisten = [\"{own}:0\"]\nforward = \"none\"\n\
         [limits]\nexempt = []\nrequests-burst = 20\nrequests-per-second = 1"
    ))
    .await;
    world.has(1, "@ A 9.0.0.1");
    let socket = UdpSocket::bind((own, 0)).await.unwrap();
    socket.connect(world.dns).await.unwrap();
    let mut question = question(name(1, "@"), RecordType::A);
    question.set_edns(Edns::new());
    let bytes = question.to_vec().unwrap();
    let mut room = [0; 1500];
    // As many as have to be sent until one is not answered but to be asked again by TCP.
    let mut truncated = false;
    for _ in 0..1000 {
        socket.send(&bytes).await.unwrap();
        let size = tokio::time::timeout(PATIENCE, socket.recv(&mut room))
            .await
            .unwrap()
            .unwrap();
        let answer = check(&question, &room[..size]);
        if answer.metadata.truncation {
            assert!(answer.answers.is_empty());
            assert!(size <= bytes.len());
            truncated = true;
            break;
        }
    }
    assert!(truncated);
    // Who is really there, is answered.
    let answers = world.stream(&[question]).await;
    assert_eq!(data(&answers[0]), ["9.0.0.1"]);
}

#[tokio::test]
async fn who_asks_for_too_much_is_not_answered_for_a_while() {
    let world = World::configured(
        "[dns]\nlisten = [\"127.0.0.1:0\"]\nforward = \"none\"\n\
         [limits]\nexempt = []\nrequests-burst = 20\nrequests-per-second = 1",
    )
    .await;
    world.has(1, "@ A 9.0.0.1");
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    socket.connect(world.dns).await.unwrap();
    let question = question(name(1, "@"), RecordType::A).to_vec().unwrap();
    for _ in 0..200 {
        socket.send(&question).await.unwrap();
    }
    // The server says over HTTP when it has had enough; the datagrams before are read by then.
    let target = format!("/dns-query?name={}", pair(1).public());
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(
            super::doh::http(&world, "GET", &target, "", b"")
                .await
                .status,
        );
        if statuses.last() == Some(&429) {
            break;
        }
    }
    assert_eq!(statuses.last(), Some(&429));
    let mut answers = 0;
    let mut room = [0; 1500];
    while socket.try_recv(&mut room).is_ok() {
        answers += 1;
    }
    assert!(answers < 60, "{answers}");
}
