//! DNS over TCP (RFC 7766), a row per rule.

use std::{collections::HashSet, net::Ipv4Addr};

use hickory_proto::{
    op::Edns,
    rr::{RecordType, rdata::opt::EdnsOption},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::world::*;

#[tokio::test]
async fn rfc_7766_6_2_1_1_many_questions_share_a_connection() {
    let world = World::new().await;
    let text: String = (0..20).map(|n| format!("n{n} A 9.0.0.{n}\n")).collect();
    world.has(1, &text);
    let questions: Vec<_> = (0..200u16)
        .map(|n| {
            let mut question = question(name(1, &format!("n{}", n % 20)), RecordType::A);
            question.metadata.id = n;
            question
        })
        .collect();
    // All are sent, and the sending side is closed, before any answer is read.
    let answers = world.stream(&questions).await;
    assert_eq!(answers.len(), 200);
    let mut ids = HashSet::new();
    for answer in answers {
        let id = answer.metadata.id;
        assert!(ids.insert(id));
        assert_eq!(data(&answer), [format!("9.0.0.{}", id % 20)]);
    }
}

#[tokio::test]
async fn rfc_7766_7_answers_dont_wait_for_slower_ones() {
    let world = World::new().await;
    world.has(1, "@ A 9.0.0.1");
    let mut slow = question(name(7, "@"), RecordType::A);
    slow.metadata.id = 1;
    let mut quick = question(name(1, "@"), RecordType::A);
    quick.metadata.id = 2;
    // Nobody in the DHT answers for the first.
    let answers = world.stream(&[slow, quick]).await;
    let ids: Vec<_> = answers.iter().map(|answer| answer.metadata.id).collect();
    assert_eq!(ids, [2, 1]);
}

#[tokio::test]
async fn rfc_7766_8_messages_may_come_in_pieces() {
    let world = World::new().await;
    world.has(1, "@ A 9.0.0.1");
    let question = question(name(1, "@"), RecordType::A);
    let mut stream = TcpStream::connect(world.dns).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in framed(&question.to_vec().unwrap()) {
        stream.write_all(&[byte]).await.unwrap();
        stream.flush().await.unwrap();
    }
    let answer = next(&mut stream).await.unwrap();
    assert_eq!(data(&check(&question, &answer)), ["9.0.0.1"]);
}

#[tokio::test]
async fn rfc_7766_6_2_3_idle_connections_end() {
    let world = World::with("forward = \"none\"\ntcp-idle-seconds = 1").await;
    world.has(1, "@ A 9.0.0.1");
    let mut silent = TcpStream::connect(world.dns).await.unwrap();
    let mut half = TcpStream::connect(world.dns).await.unwrap();
    half.write_all(&[0, 60, 1]).await.unwrap();
    let mut once = TcpStream::connect(world.dns).await.unwrap();
    let question = question(name(1, "@"), RecordType::A);
    once.write_all(&framed(&question.to_vec().unwrap()))
        .await
        .unwrap();
    assert!(next(&mut once).await.is_some());
    for stream in [&mut silent, &mut half, &mut once] {
        assert!(next(stream).await.is_none());
    }
}

#[tokio::test]
async fn rfc_7828_3_3_2_the_idle_time_is_told_to_who_asks() {
    let world = World::with("forward = \"none\"\ntcp-idle-seconds = 7").await;
    world.has(1, "@ A 9.0.0.1");
    let mut question = question(name(1, "@"), RecordType::A);
    let mut edns = Edns::new();
    edns.options_mut()
        .insert(EdnsOption::Unknown(11, Vec::new()));
    question.set_edns(edns);
    let answer = world.stream(&[question.clone()]).await.remove(0);
    let option = answer.edns.as_ref().unwrap().option(11.into()).unwrap();
    assert_eq!(Vec::<u8>::try_from(option).unwrap(), [0, 70]);
    // Section 3.2.1: never by datagram.
    let answer = world.send(&question).await;
    assert!(answer.edns.unwrap().option(11.into()).is_none());
}

#[tokio::test]
async fn rfc_7766_10_connections_are_bounded() {
    let world = World::with("forward = \"none\"\ntcp-connections = 2").await;
    world.has(1, "@ A 9.0.0.1");
    let question = question(name(1, "@"), RecordType::A).to_vec().unwrap();
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(world.dns).await.unwrap();
        stream.write_all(&framed(&question)).await.unwrap();
        assert!(next(&mut stream).await.is_some());
        open.push(stream);
    }
    let mut third = TcpStream::connect(world.dns).await.unwrap();
    assert!(next(&mut third).await.is_none());
    // When one has ended there is room again.
    drop(open.pop());
    loop {
        let mut stream = TcpStream::connect(world.dns).await.unwrap();
        if stream.write_all(&framed(&question)).await.is_ok() && next(&mut stream).await.is_some() {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nonsense_ends_a_connection_and_nothing_else() {
    let world = World::new().await;
    world.has(1, "@ A 9.0.0.1");
    for nonsense in [
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n".to_vec(),
        vec![0xff; 300],
        framed(b""),
        framed(&[0x80; 40]),
    ] {
        let mut stream = TcpStream::connect(world.dns).await.unwrap();
        stream.write_all(&nonsense).await.unwrap();
        assert!(next(&mut stream).await.is_none());
    }
    let answers = world.stream(&[question(name(1, "@"), RecordType::A)]).await;
    assert_eq!(data(&answers[0]), ["9.0.0.1"]);
    assert_eq!(world.dns.ip(), Ipv4Addr::LOCALHOST);
}
