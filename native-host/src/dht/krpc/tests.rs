use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::dht::bencode::write_bytes;

fn id() -> impl Strategy<Value = Id> {
    any::<[u8; 20]>().prop_map(Id::new)
}

fn node() -> impl Strategy<Value = Node> {
    let ip = prop_oneof![
        any::<Ipv4Addr>().prop_map(IpAddr::from),
        any::<Ipv6Addr>().prop_map(IpAddr::from),
    ];
    (id(), ip, 1u16..).prop_map(|(id, ip, port)| Node {
        id,
        address: SocketAddr::new(ip, port),
    })
}

/// Owned parts that a message is made of.
#[derive(Debug, Clone)]
struct Parts {
    transaction: Vec<u8>,
    version: Option<Vec<u8>>,
    token: Vec<u8>,
    value: Vec<u8>,
    salt: Option<Vec<u8>>,
    text: Vec<u8>,
}

fn parts() -> impl Strategy<Value = Parts> {
    (
        vec(any::<u8>(), 0..=MAX_TRANSACTION),
        option::of(vec(any::<u8>(), 0..8)),
        vec(any::<u8>(), 0..=MAX_TOKEN),
        vec(any::<u8>(), 0..=1000),
        option::of(vec(any::<u8>(), 0..=MAX_SALT)),
        vec(any::<u8>(), 0..100),
    )
        .prop_map(|(transaction, version, token, value, salt, text)| {
            let mut raw = Vec::new();
            write_bytes(&mut raw, &value);
            Parts {
                transaction,
                version,
                token,
                value: raw,
                salt,
                text,
            }
        })
}

fn survives(message: &Message<'_>) {
    let bytes = message.encode();
    assert_eq!(Message::decode(&bytes).as_ref(), Ok(message));
}

proptest! {
    #[test]
    fn queries_come_back(
        parts in parts(),
        (id, target) in (id(), id()),
        (v4, v6, read_only) in any::<(bool, bool, bool)>(),
        (seq, cas, with_target) in any::<(i64, Option<i64>, bool)>(),
        key: [u8; 32],
        half: [u8; 32],
        method in 0..7,
    ) {
        let signature = [half, half].concat().try_into().unwrap();
        let salt = parts.salt.as_deref();
        let mutable = Mutable { key, signature, seq, cas, salt };
        let put = |mutable| Put {
            token: &parts.token,
            value: &parts.value,
            mutable,
            target: with_target.then_some(target),
        };
        let method = match method {
            0 => Method::Ping,
            1 => Method::FindNode(target),
            2 => Method::GetPeers(target),
            3 => Method::Get { target, seq: cas },
            4 => Method::Put(put(None)),
            5 => Method::Put(put(Some(mutable))),
            _ => Method::Other(b"vote"),
        };
        survives(&Message {
            transaction: &parts.transaction,
            version: parts.version.as_deref(),
            read_only,
            ip: None,
            body: Body::Query(Query { id, want: Want { v4, v6 }, method }),
        });
    }

    #[test]
    fn answers_come_back(
        parts in parts(),
        id in id(),
        nodes in option::of(vec(node(), 0..MAX_NODES)),
        ip in option::of(node()),
        (seq, key) in any::<(Option<i64>, Option<[u8; 32]>)>(),
        half in any::<Option<[u8; 32]>>(),
        (with_token, with_value) in any::<(bool, bool)>(),
    ) {
        let nodes = nodes.map(|mut nodes| {
            nodes.sort_by_key(|node| node.address.is_ipv6());
            nodes
        });
        let response = Response {
            id,
            nodes,
            token: with_token.then_some(&parts.token),
            value: with_value.then_some(&parts.value),
            key,
            signature: half.map(|half| [half, half].concat().try_into().unwrap()),
            seq,
        };
        survives(&Message {
            transaction: &parts.transaction,
            version: parts.version.as_deref(),
            read_only: false,
            ip: ip.map(|node| node.address),
            body: Body::Response(response),
        });
    }

    #[test]
    fn refusals_come_back(parts in parts(), code: i64) {
        survives(&Message {
            transaction: &parts.transaction,
            version: None,
            read_only: false,
            ip: None,
            body: Body::Error { code, text: &parts.text },
        });
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..2000)) {
        _ = Message::decode(&bytes);
    }

    /// Bytes that are nearly a message reach further into the reader than any bytes do.
    #[test]
    fn damaged_messages_are_survived(
        parts in parts(),
        id in id(),
        nodes in vec(node(), 0..MAX_NODES),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let response = Response {
            nodes: Some(nodes),
            token: Some(&parts.token),
            value: Some(&parts.value),
            ..Response::of(id)
        };
        let message = Message {
            transaction: &parts.transaction,
            version: parts.version.as_deref(),
            read_only: true,
            ip: None,
            body: Body::Response(response),
        };
        let mut bytes = message.encode();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(Message { transaction, body, .. }) = Message::decode(&bytes) {
            prop_assert!(transaction.len() <= MAX_TRANSACTION);
            if let Body::Response(Response { nodes: Some(nodes), .. }) = body {
                prop_assert!(nodes.len() <= 2 * MAX_NODES);
            }
        }
    }
}

/// As libtorrent writes it: a transaction id of two bytes, `ip`, a node list, and no order to speak of.
#[test]
fn what_others_write_is_read() {
    let mut bytes =
        b"d2:ip6:\x7f\0\0\x01\x1a\xe11:y1:r1:t2:ab1:v4:LT\x02\x001:rd5:token4:abcd".to_vec();
    bytes.extend(
        b"2:id20:aaaaaaaaaaaaaaaaaaaa1:pi6881e5:nodes27:bbbbbbbbbbbbbbbbbbbb\x0a\0\0\x01\x1a\xe1x",
    );
    bytes.extend(b"8:whateverld1:xi1eeeee and more");
    let message = Message::decode(&bytes).unwrap();
    assert_eq!(message.transaction, b"ab");
    assert_eq!(message.ip, Some("127.0.0.1:6881".parse().unwrap()));
    let Body::Response(response) = message.body else {
        panic!("{message:?}");
    };
    assert_eq!(response.token, Some(&b"abcd"[..]));
    let nodes = response.nodes.unwrap();
    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0].address, "10.0.0.1:6881".parse().unwrap());
}

#[test]
fn too_many_nodes_are_cut_short() {
    let nodes = "c".repeat(26 * 400);
    let bytes = format!(
        "d1:rd2:id20:aaaaaaaaaaaaaaaaaaaa5:nodes{}:{nodes}e1:t1:x1:y1:re",
        nodes.len()
    );
    let Body::Response(response) = Message::decode(bytes.as_bytes()).unwrap().body else {
        panic!("{bytes}");
    };
    assert_eq!(response.nodes.unwrap().len(), MAX_NODES);
}

/// It can be answered, if only with a refusal.
#[test]
fn a_question_without_its_arguments_is_one() {
    for (method, arguments) in [
        ("get", ""),
        ("put", "5:token1:x"),
        ("get_peers", "6:target2:xx"),
    ] {
        let bytes = format!(
            "d1:ad2:id20:aaaaaaaaaaaaaaaaaaaa{arguments}e1:q{}:{method}1:t1:x1:y1:qe",
            method.len()
        );
        let message = Message::decode(bytes.as_bytes()).unwrap();
        let Body::Query(query) = message.body else {
            panic!("{message:?}");
        };
        assert_eq!(query.method, Method::Incomplete(method.as_bytes()));
    }
}

#[test]
fn what_is_missing_is_said() {
    let decode = |text: &str| Message::decode(text.as_bytes()).unwrap_err();
    assert_eq!(decode("d1:y1:re"), KrpcError::Field("t"));
    assert_eq!(decode("d1:t1:a1:y1:re"), KrpcError::Field("r"));
    assert_eq!(decode("d1:rde1:t1:a1:y1:re"), KrpcError::Field("id"));
    assert_eq!(decode("d1:t1:ae"), KrpcError::Field("y"));
    assert_eq!(decode("d1:eli5e"), KrpcError::Malformed);
    assert_eq!(decode("le"), KrpcError::Malformed);
}
