use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    item::{Seq, SignedItem},
    key::KeyPair,
    packet::SignedPacket,
    zone,
};

fn key() -> PublicKey {
    KeyPair::from_secret(&[5; 32]).public()
}

/// What the one record of a zone file means, as JSON has it.
fn meaning(line: &str) -> Value {
    let mut records = zone::parse(line, &key()).unwrap();
    assert_eq!(records.len(), 1, "{line}");
    let mut record = records.remove(0);
    // Zone files have no names outside the key's zone; here they are those with a final dot.
    if let Some(outside) = line
        .split(' ')
        .next()
        .and_then(|name| name.strip_suffix('.'))
    {
        record.name = Name::new(outside).unwrap().into_owned();
    }
    let meaning = Meaning::of(&record, &key());
    let value = serde_json::to_value(&meaning).unwrap();
    if let Some(meaning) = &meaning {
        assert_eq!(value["kind"], meaning.kind());
    }
    value
}

#[track_caller]
fn assert_means(line: &str, expected: Value) {
    assert_eq!(meaning(line), expected, "{line}");
}

#[test]
fn a_site_is_taken_apart() {
    assert_means(
        "@ A 203.0.113.7",
        json!({ "kind": "address", "address": "203.0.113.7" }),
    );
    assert_means(
        "*.x AAAA 2001:db8::7",
        json!({ "kind": "address", "address": "2001:db8::7" }),
    );
    assert_means(
        "www CNAME example.com.",
        json!({ "kind": "alias", "target": "example.com" }),
    );
    assert_means(
        "@ HTTPS 1 . alpn=\"h2,http/1.1\" port=8443 ipv4hint=203.0.113.7 ipv6hint=2001:db8::7",
        json!({
            "kind": "site", "priority": 1, "target": "", "port": 8443,
            "protocols": ["h2", "http/1.1"], "addresses": ["203.0.113.7", "2001:db8::7"],
        }),
    );
    assert_means(
        "_foo SVCB 0 example.org.",
        json!({
            "kind": "site", "priority": 0, "target": "example.org", "port": null,
            "protocols": [], "addresses": [],
        }),
    );
}

#[test]
fn pubky_users_have_a_homeserver() {
    let server = KeyPair::from_secret(&[6; 32]).public();
    let expected = json!({ "kind": "homeserver", "target": server.to_string() });
    assert_means(&format!("_pubky HTTPS 1 {server}."), expected.clone());
    assert_means(&format!("_PUBKY SVCB 0 {server}."), expected);
    assert_eq!(
        meaning(&format!("_pubky.a HTTPS 1 {server}."))["kind"],
        "site"
    );
    assert_eq!(meaning("_pubky HTTPS 1 . port=1")["kind"], "site");
    assert_eq!(
        meaning(&format!("_pubky.example. HTTPS 1 {server}."))["kind"],
        "site"
    );
}

#[test]
fn iroh_nodes_say_how_to_dial_them() {
    assert_means(
        "_iroh TXT \"relay=https://relay.example./\"",
        json!({ "kind": "irohRelay", "url": "https://relay.example./" }),
    );
    assert_means(
        "_iroh TXT \"addr=[2001:db8::7]:4433\"",
        json!({ "kind": "irohAddress", "address": "[2001:db8::7]:4433" }),
    );
    // Split at the first sign, and put together from its strings.
    assert_means(
        "_iroh TXT \"user-data=a=\" \"b\"",
        json!({ "kind": "irohUserData", "text": "a=b" }),
    );
    for text in ["relay=", "addr=203.0.113.7", "addr=", "x=y", "relay", ""] {
        assert_means(
            &format!("_iroh TXT \"{text}\""),
            json!({ "kind": "text", "text": text }),
        );
    }
    assert_eq!(meaning("_iroh.a TXT \"user-data=x\"")["kind"], "text");
}

#[test]
fn identity_documents_are_read_in_and_out_of_zone() {
    assert_means(
        "_did TXT \"v=0;vm=k0,k1;auth=k0;svc=s0\"",
        json!({ "kind": "did", "version": "0", "keys": 2, "services": 1 }),
    );
    assert_means(
        "_k0._did. TXT \"t=0;k=YCcHYL2sYNPDlKaALcEmll2HHyT968M4UWbr-9CFGWE\"",
        json!({ "kind": "didKey", "id": "0", "algorithm": "0" }),
    );
    assert_means(
        "_k1._did TXT \"id=sig;t=1;k=AyY\"",
        json!({ "kind": "didKey", "id": "sig", "algorithm": "1" }),
    );
    assert_means(
        "_s0._did. TXT \"id=dwn;t=DecentralizedWebNode;se=https://example.com/dwn?a=b\"",
        json!({
            "kind": "didService", "id": "dwn", "service": "DecentralizedWebNode",
            "endpoint": "https://example.com/dwn?a=b",
        }),
    );
    for line in [
        "_did TXT \"vm=k0\"",
        "_did. TXT \"v=0\"",
        "_k._did TXT \"t=0\"",
        "_kx._did TXT \"t=0\"",
        "_k0._did TXT \"k=x\"",
        "_s0._did TXT \"t=x\"",
        "_k0.did TXT \"t=0\"",
    ] {
        assert_eq!(meaning(line)["kind"], "text", "{line}");
    }
}

#[test]
fn other_records_are_told_by_their_type() {
    assert_means(
        "_dnslink TXT \"dnslink=/ipfs/bafy\"",
        json!({ "kind": "dnslink", "path": "/ipfs/bafy" }),
    );
    assert_eq!(
        meaning("_dnslink.www TXT \"dnslink=/ipns/x\"")["kind"],
        "dnslink"
    );
    assert_eq!(meaning("_dnslink TXT \"dnslink=ipfs\"")["kind"], "text");
    assert_means(
        "@ NS ns.example.com.",
        json!({ "kind": "nameServer", "target": "ns.example.com" }),
    );
    assert_means(
        "@ MX 10 mail.example.com.",
        json!({ "kind": "mail", "preference": 10, "target": "mail.example.com" }),
    );
    assert_means(
        "_x._tcp SRV 1 2 4433 a.example.com.",
        json!({ "kind": "service", "target": "a.example.com", "port": 4433 }),
    );
    assert_means("@ CAA 0 issue \"example.com\"", Value::Null);
}

#[test]
fn text_can_hide_nothing() {
    // A right-to-left override, a zero-width space, a line end, half a character.
    assert_means(
        "@ TXT \"a\\226\\128\\174b\\226\\128\\139c\\010d\\226 \\195\\188\"",
        json!({ "kind": "text", "text": "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd} ü" }),
    );
    let meaning = meaning("_iroh TXT \"user-data=\\226\\128\\174x\"");
    assert_eq!(meaning["text"], "\u{fffd}x");
}

proptest! {
    #[test]
    fn any_packet_has_harmless_meanings(
        tail in proptest::collection::vec(any::<u8>(), 0..300),
        count in 0u8..6,
        name in proptest::sample::select(vec!["_pubky", "_iroh", "_did", "_k0", "_dnslink", "x"]),
        kind in proptest::sample::select(vec![1u8, 2, 5, 15, 16, 28, 33, 64, 65]),
    ) {
        let mut dns = vec![0, 0, 0x84, 0, 0, 0, 0, count, 0, 0, 0, 0, name.len() as u8];
        dns.extend_from_slice(name.as_bytes());
        dns.push(52);
        dns.extend_from_slice(key().to_string().as_bytes());
        dns.extend_from_slice(&[0, 0, kind, 0, 1, 0, 0, 0, 60, 0, tail.len().min(255) as u8]);
        dns.extend_from_slice(&tail);
        let pair = KeyPair::from_secret(&[5; 32]);
        let item = SignedItem::sign(&pair, Seq::new(1).unwrap(), &dns).unwrap();
        if let Ok(packet) = SignedPacket::try_from(item) {
            for record in packet.records() {
                let meaning = serde_json::to_string(&Meaning::of(record, &key())).unwrap();
                prop_assert!(!meaning.chars().any(is_unseen), "{meaning}");
            }
        }
    }

    #[test]
    fn any_text_is_survived(
        name in "(_iroh|_did|_k1[._]did|_s1._did|_dnslink)",
        text in proptest::collection::vec(any::<u8>(), 0..255),
    ) {
        let mut txt = TXT::new();
        txt.add_char_string(simple_dns::CharacterString::new(&text).unwrap().into_owned());
        let owner = crate::packet::owner_name(&name, &key()).unwrap();
        let record = crate::packet::record(owner, 1, RData::TXT(txt));
        let meaning = Meaning::of(&record, &key());
        prop_assert!(meaning.is_some());
    }
}
