//! What the integration tests share: small worlds on loopback.

#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod host;
pub(crate) mod liar;
pub(crate) mod machine;
pub(crate) mod nodes;
pub(crate) mod relay;
pub(crate) mod serve;
pub(crate) mod server;
pub(crate) mod site;
pub(crate) mod visitor;

use std::{
    net::UdpSocket,
    process::{Child, Command},
};

use pkarr_host::{
    dht::{Dht, DhtConfig, Testnet},
    item::{Seq, SignedItem},
    key::KeyPair,
    packet::SignedPacket,
    publisher::{Changes, Published, Publisher},
    resolver::Resolver,
    zone,
};

/// A DHT of five nodes on this machine.
pub(crate) async fn testnet() -> Testnet {
    Testnet::start(5).await.unwrap()
}

/// A client of its own for these nodes.
pub(crate) fn dht(bootstrap: &[String]) -> Dht {
    Dht::new(DhtConfig {
        bootstrap: bootstrap.to_vec(),
        ..DhtConfig::default()
    })
}

/// A resolver of its own, which remembers nothing.
pub(crate) fn resolver(bootstrap: &[String]) -> Resolver {
    Resolver::new(dht(bootstrap))
}

/// Publishes zone text under a key.
pub(crate) async fn publish(bootstrap: &[String], pair: &KeyPair, text: &str) -> Published {
    let dht = dht(bootstrap);
    let records = zone::parse(text, &pair.public()).unwrap();
    Publisher::new(dht.clone(), None, Resolver::new(dht))
        .publish(pair, &Changes::set(records))
        .await
        .unwrap()
}

/// A first node that never answers, with the socket that keeps its port.
pub(crate) fn silent() -> (UdpSocket, Vec<String>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let bootstrap = vec![socket.local_addr().unwrap().to_string()];
    (socket, bootstrap)
}

/// A packet of this zone text.
pub(crate) fn packet(pair: &KeyPair, seq: i64, text: &str) -> SignedPacket {
    let records = zone::parse(text, &pair.public()).unwrap();
    SignedPacket::sign(pair, Seq::new(seq).unwrap(), &records).unwrap()
}

/// Has a program end as a terminal or a service manager would, and waits until it has. A program on
/// Windows that has no console of its own hears nothing of the kind: there it is ended.
pub(crate) fn stop(process: &mut Child) {
    if cfg!(unix) {
        let id = process.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(process.wait().unwrap().success());
    } else {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

/// The key pair of this number.
pub(crate) fn pair(number: u8) -> KeyPair {
    KeyPair::from_secret(&[number; 32])
}

/// A sequence number.
pub(crate) fn seq(seq: i64) -> Seq {
    Seq::new(seq).unwrap()
}

/// A packet of the pair of this number with one record, signed at this time, as an item.
pub(crate) fn item(number: u8, at: i64) -> SignedItem {
    packet(&pair(number), at, "@ A 1.2.3.4").item().clone()
}
