//! What is fuzzed, and is nobody's business but the fuzzer's (`native-host/fuzz`) and that of tests
//! that try its corpus with a few bytes changed.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    DhtConfig, ServerConfig,
    engine::{Command, Engine, Now},
    id::{Id, Node},
    krpc::{Body, Message},
    remember::Memory,
};
use crate::key::KeyPair;

/// How many questions of the node are kept in mind to be answered.
const MAX_WAITING: usize = 64;
/// How often time is let pass at most until a lookup has to have ended.
const MAX_TICKS: usize = 100_000;
/// No datagram of a node is larger.
const LARGEST: usize = 1400;

/// A node that serves, with a lookup under way, is sent datagrams, and time passes. It sends no more
/// than a packet, and comes to an end.
///
/// The bytes are steps: what is done, three times out of four with how much of what follows.
pub fn node(mut bytes: &[u8]) {
    let mut now = Now {
        at: Instant::now(),
        unix: 1_800_000_000,
    };
    let config = DhtConfig {
        server: Some(ServerConfig::default()),
        ..DhtConfig::default()
    };
    let mut engine = Engine::new(&config, [true, true], now);
    let known = (1..20u8).map(|number| Node {
        id: Id::of_bytes(&[number]),
        address: ([127, 0, number, 1], 6881).into(),
    });
    engine.command(Command::Know(known.collect()), now);
    let (items, _items) = mpsc::unbounded_channel();
    let (report, _report) = oneshot::channel();
    let get = Command::Get {
        key: KeyPair::from_secret(&[1; 32]).public(),
        items,
        report,
    };
    engine.command(get, now);
    let mut waiting = Vec::new();
    while let Some((step, rest)) = bytes.split_first() {
        bytes = rest;
        listen(&mut engine, &mut waiting);
        if step % 4 == 3 {
            now.at += Duration::from_millis(u64::from(step / 4) * 10);
            engine.tick(now);
            continue;
        }
        let Some((size, rest)) = bytes.split_first_chunk::<2>() else {
            break;
        };
        let size = usize::from(u16::from_le_bytes(*size)).min(rest.len());
        let (content, rest) = rest.split_at(size);
        bytes = rest;
        let picked = waiting.get(usize::from(step / 4) % waiting.len().max(1));
        let (datagram, from) = match (step % 4, picked) {
            // An answer, or a refusal, of somebody who was asked.
            (1, Some((transaction, to))) => (answer(b"d1:r", content, transaction, b"r"), *to),
            (2, Some((transaction, to))) => (answer(b"d1:e", content, transaction, b"e"), *to),
            _ => (content.to_vec(), ([127, 9, 9, *step], 6881).into()),
        };
        engine.receive(&datagram, from, now);
    }
    for _ in 0..MAX_TICKS {
        listen(&mut engine, &mut waiting);
        let Some(wake) = engine.wake() else { return };
        now.at = now.at.max(wake);
        engine.tick(now);
    }
    panic!("a lookup that doesn’t end");
}

fn answer(begin: &[u8], content: &[u8], transaction: &[u8], kind: &[u8]) -> Vec<u8> {
    [begin, content, b"1:t4:", transaction, b"1:y1:", kind, b"e"].concat()
}

/// Takes in what the node sends.
fn listen(engine: &mut Engine, waiting: &mut Vec<(Vec<u8>, SocketAddr)>) {
    for (to, bytes) in engine.outgoing() {
        assert!(bytes.len() <= LARGEST);
        if let Ok(Message {
            body: Body::Query(_),
            transaction,
            ..
        }) = Message::decode(&bytes)
        {
            if waiting.len() >= MAX_WAITING {
                waiting.remove(0);
            }
            waiting.push((transaction.to_vec(), to));
        }
    }
}

/// A datagram is read or refused, and what was read is the same after it was written.
pub fn message(bytes: &[u8]) {
    let Ok(message) = Message::decode(bytes) else {
        return;
    };
    let written = message.encode();
    let again = Message::decode(&written).map(|message| message.encode());
    assert_eq!(again.as_ref(), Ok(&written));
}

/// A file of remembered nodes is read, or is damaged; what was read is the same after it was written,
/// and a node can begin with it.
pub fn memory(bytes: &[u8]) {
    let Ok(memory) = Memory::decode(bytes) else {
        return;
    };
    let written = memory.encode();
    let again = Memory::decode(&written).map(|memory| memory.encode());
    assert_eq!(again.as_ref(), Ok(&written));
    let now = Now {
        at: Instant::now(),
        unix: 1_800_000_000,
    };
    let mut engine = Engine::new(&DhtConfig::default(), [true, true], now);
    memory.teach(&mut engine, now.unix);
    Memory::of(&engine).encode();
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use proptest::{collection::vec, prelude::*, sample::Index};

    use super::*;

    /// What is done to some bytes of a file.
    #[derive(Debug, Clone)]
    enum Change {
        Set(Index, u8),
        Insert(Index, Vec<u8>),
        Remove(Index, u8),
        Repeat(Index, u8),
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
            (any::<Index>(), vec(any::<u8>(), 1..8)).prop_map(|(at, new)| Change::Insert(at, new)),
            (any::<Index>(), 1..40u8).prop_map(|(at, count)| Change::Remove(at, count)),
            (any::<Index>(), 1..40u8).prop_map(|(at, count)| Change::Repeat(at, count)),
        ]
    }

    fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
        for change in changes {
            let place = |at: &Index| at.index(bytes.len() + 1);
            let until = |from: usize, count: u8| (from + usize::from(count)).min(bytes.len());
            match change {
                Change::Set(at, byte) => {
                    let at = place(at);
                    if let Some(known) = bytes.get_mut(at) {
                        *known = *byte;
                    }
                }
                Change::Insert(at, new) => {
                    let at = place(at);
                    bytes.splice(at..at, new.iter().copied());
                }
                Change::Remove(at, count) => {
                    let at = place(at);
                    let end = until(at, *count);
                    bytes.drain(at..end);
                }
                Change::Repeat(at, count) => {
                    let at = place(at);
                    let again = bytes[at..until(at, *count)].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
        bytes
    }

    /// The files that a target begins with.
    fn corpus(target: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        let files = fs::read_dir(folder.join(target)).unwrap();
        let files = files.map(|file| fs::read(file.unwrap().path()).unwrap());
        files.collect()
    }

    proptest! {
        #[test]
        fn whatever_becomes_of_a_message(at in any::<Index>(), changes in vec(change(), 0..6)) {
            message(&changed(at.get(&corpus("message")).clone(), &changes));
        }

        #[test]
        fn whatever_a_node_is_sent(at in any::<Index>(), changes in vec(change(), 0..6)) {
            node(&changed(at.get(&corpus("node")).clone(), &changes));
        }

        #[test]
        fn whatever_becomes_of_the_memory(at in any::<Index>(), changes in vec(change(), 0..6)) {
            memory(&changed(at.get(&corpus("memory")).clone(), &changes));
        }
    }
}
