//! `pkarr serve` as a relay: the real program in a real DHT, asked by real clients.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod clients;
mod connections;
mod crash;
mod limits;
mod operations;
mod puts;
mod reload;
mod tls;

use std::time::SystemTime;

use pkarr_host::{
    item::{Seq, SignedItem},
    key::KeyPair,
    zone,
};

/// An item of this key, signed now.
fn signed(pair: &KeyPair, text: &str) -> SignedItem {
    signed_after(pair, None, text)
}

/// An item of this key, signed now and after another.
fn signed_after(pair: &KeyPair, before: Option<&SignedItem>, text: &str) -> SignedItem {
    let seq = Seq::after(before.map(SignedItem::seq), SystemTime::now()).unwrap();
    let records = zone::parse(text, &pair.public()).unwrap();
    pkarr_host::packet::SignedPacket::sign(pair, seq, &records)
        .unwrap()
        .item()
        .clone()
}
