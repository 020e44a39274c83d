//! What a packet costs: reading and checking it beside the bare signature check, and finding the
//! endpoints in it. Compare within one run; machines differ.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ed25519_dalek::{Signature, VerifyingKey};
use pkarr_host::{
    endpoint::Search,
    item::{Seq, SignedItem},
    key::{KeyHost, KeyPair},
    packet::SignedPacket,
    zone,
};

const ZONE: &str = "@ A 203.0.113.7\n@ AAAA 2001:db8::7\n@ HTTPS 1 . port=8443\n\
                    www CNAME @\n*.blog A 203.0.113.8\n_note TXT \"a note\"";

fn packet() -> SignedPacket {
    let pair = KeyPair::from_secret(&[1; 32]);
    let records = zone::parse(ZONE, &pair.public()).unwrap();
    SignedPacket::sign(&pair, Seq::new(1_700_000_000_000_000).unwrap(), &records).unwrap()
}

fn benches(criterion: &mut Criterion) {
    let packet = packet();
    let canonical = packet.item().to_canonical();
    let payload = packet.item().to_relay_payload();
    let key = *packet.key();

    let verifying = VerifyingKey::from_bytes(key.as_bytes()).unwrap();
    let signature = Signature::from_bytes(packet.item().signature());
    let mut message = format!("3:seqi{}e1:v{}:", packet.seq(), packet.dns().len()).into_bytes();
    message.extend_from_slice(packet.dns());
    criterion.bench_function("bare verify_strict", |b| {
        b.iter(|| {
            verifying
                .verify_strict(black_box(&message), &signature)
                .unwrap()
        });
    });
    criterion.bench_function("parse and verify a relay payload", |b| {
        b.iter(|| {
            let item = SignedItem::from_relay_payload(key, black_box(&payload)).unwrap();
            SignedPacket::try_from(item).unwrap()
        });
    });
    criterion.bench_function("parse and verify canonical bytes", |b| {
        b.iter(|| {
            let item = SignedItem::from_canonical(black_box(&canonical)).unwrap();
            SignedPacket::try_from(item).unwrap()
        });
    });
    let host = KeyHost::parse(&format!("x.blog.{key}")).unwrap();
    criterion.bench_function("endpoints of a wildcard name", |b| {
        b.iter(|| {
            let mut search = Search::new(host.clone(), "http", 1);
            while search.wanted().is_some() {
                search.supply(Some(black_box(&packet)));
            }
            search.finish()
        });
    });
}

criterion_group!(all, benches);
criterion_main!(all);
