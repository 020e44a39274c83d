//! The network in a box is itself as it should be, by the word of an implementation that others
//! wrote and of the specifications.

use std::net::Ipv4Addr;

use futures_util::StreamExt;
use mainline::MutableItem;
use pkarr_host::{
    item::{Seq, SignedItem},
    key::KeyPair,
};

use super::network::{
    Network, Plan,
    bencode::Value,
    dice::Dice,
    id::{common, near, prefix},
    node::Held,
    peer::{Peer, error_code, item},
};

/// The examples of BEP 42.
#[test]
fn ids_have_the_prefix_of_their_address() {
    for (address, random, first) in [
        ("124.31.75.21", 1, [0x5f, 0xbf, 0xbf]),
        ("21.75.31.124", 86, [0x5a, 0x3c, 0xe9]),
        ("65.23.51.170", 22, [0xa5, 0xd4, 0x32]),
        ("84.124.73.14", 65, [0x1b, 0x03, 0x21]),
        ("43.213.53.83", 90, [0xe5, 0x6f, 0x6c]),
    ] {
        let found = prefix(address.parse().unwrap(), random);
        assert_eq!(found[..2], first[..2], "{address}");
        assert_eq!(found[2] & 0xf8, first[2] & 0xf8, "{address}");
    }
}

#[test]
fn near_ids_have_just_so_many_bits_in_common() {
    let mut dice = Dice::new(1);
    for bits in [0, 1, 7, 8, 20, 159] {
        let target = dice.bytes();
        assert_eq!(common(&target, &near(&target, bits, &mut dice)), bits);
    }
}

#[test]
fn what_is_bencoded_is_read_again() {
    let text = b"d1:ad2:id20:aaaaaaaaaaaaaaaaaaaa4:wantl2:n42:n6ee3:seqi-7e1:y1:qe";
    let value = Value::decode(text).unwrap();
    assert_eq!(value.at(&["seq"]), Some(&Value::Int(-7)));
    assert_eq!(value.encode(), text);
    for damaged in [
        &text[..text.len() - 1],
        b"d1:ae",
        b"i12",
        b"9999999999999999999:",
        b"",
    ] {
        assert_eq!(Value::decode(damaged), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_store_and_find_in_it() {
    let net = Network::start(Plan {
        dead: 0.1,
        ..Plan::ideal(60)
    });
    let theirs = theirs(&net.bootstrap(3)).await;
    let pair = KeyPair::from_secret(&[1; 32]);
    let signed = SignedItem::sign(&pair, Seq::new(5).unwrap(), b"stored").unwrap();
    let given = MutableItem::new_signed_unchecked(
        *signed.key().as_bytes(),
        *signed.signature(),
        signed.value(),
        5,
        None,
    );
    let outcome = theirs.put_mutable(given.clone(), None).await.unwrap();
    let holders = net.holders(&signed);
    assert_eq!(holders.len(), outcome.stored_at as usize);
    for node in net.closest(&pair.public(), 8) {
        assert!(holders.contains(&node), "{node} of {holders:?}");
    }

    let other = self::theirs(&net.bootstrap(1)).await;
    let found = other.get_mutable(signed.key().as_bytes(), None, None);
    assert_eq!(found.collect::<Vec<_>>().await.first(), Some(&given));
}

#[test]
fn nodes_store_by_the_rules_and_say_why_not() {
    let net = Network::start(Plan::ideal(1));
    let node = net.contact(0).address;
    let mut peer = Peer::at(Ipv4Addr::LOCALHOST);
    let token = peer.token(node);
    let pair = KeyPair::from_secret(&[2; 32]);
    let held = |seq, value: &[u8]| {
        Held::from(&SignedItem::sign(&pair, Seq::new(seq).unwrap(), value).unwrap())
    };
    let mut put = |item: &Held, token: &Value, replaces| {
        error_code(&peer.put(item, token.clone(), replaces, node))
    };
    let first = held(10, b"first");
    assert_eq!(put(&first, &Value::bytes("guessed"), None), Some(203));
    assert_eq!(put(&first, &token, None), None);
    assert_eq!(put(&held(9, b"older"), &token, None), Some(302));
    assert_eq!(put(&held(11, b"newer"), &token, Some(9)), Some(301));
    assert_eq!(put(&held(11, b"newer"), &token, Some(10)), None);
    let mut forged = held(12, b"forged");
    forged.signature[1] ^= 1;
    assert_eq!(put(&forged, &token, None), Some(206));
    // With its length before it, that is a byte more than is allowed.
    assert_eq!(put(&held(12, &[0; 997]), &token, None), Some(205));
    assert_eq!(
        item(&peer.get(&pair.public(), node)),
        Some(held(11, b"newer"))
    );

    // Elsewhere another token counts.
    let mut other = Peer::at(Ipv4Addr::new(127, 9, 9, 9));
    let refused = other.put(&held(13, b"newest"), token, None, node);
    assert_eq!(error_code(&refused), Some(203));
}

async fn theirs(bootstrap: &[String]) -> mainline::async_dht::AsyncDht {
    let mut builder = mainline::Dht::builder();
    builder.bootstrap(bootstrap).port(0);
    builder.bind_address(Ipv4Addr::LOCALHOST);
    let node = tokio::task::spawn_blocking(move || builder.build());
    node.await.unwrap().unwrap().as_async()
}
