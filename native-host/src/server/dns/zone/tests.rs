use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::{
    item::Seq,
    key::{KeyPair, PublicKey},
    zone::parse,
};

const FRESH: Age = Age {
    seconds: 0,
    ttl: 300,
    stale: false,
};

fn key() -> PublicKey {
    KeyPair::from_secret(&[7; 32]).public()
}

fn packet(text: &str) -> SignedPacket {
    let pair = KeyPair::from_secret(&[7; 32]);
    let text: Vec<_> = text.lines().map(str::trim).collect();
    let records = parse(&text.join("\n"), &pair.public()).unwrap();
    let seq = Seq::new(1_700_000_000_000_000).unwrap();
    SignedPacket::sign(&pair, seq, &records).unwrap()
}

fn zone(text: &str) -> Zone {
    Zone::of(&packet(text), FRESH, true).unwrap()
}

/// The name below the key; `@` is the key itself.
fn name(text: &str) -> Name {
    let text = match text {
        "@" => format!("{}.", key()),
        _ => format!("{text}.{}.", key()),
    };
    Name::from_ascii(text).unwrap()
}

fn v4(address: [u8; 4]) -> RData {
    RData::A(Ipv4Addr::from(address).into())
}

fn data(found: Found) -> Vec<RData> {
    match found {
        Found::Records(records) => records.into_iter().map(|record| record.data).collect(),
        other => panic!("{other:?}"),
    }
}

const NO_DATA: Found = Found::NoData { filtered: false };

#[test]
fn exact_names_come_before_the_closest_wildcard() {
    let zone = zone(
        "*    A 9.0.0.1
         *.b  A 9.0.0.2
         www  A 9.0.0.3
         www  TXT exact",
    );
    for (asked, expected) in [
        ("www", [9, 0, 0, 3]),
        ("other", [9, 0, 0, 1]),
        ("a.b", [9, 0, 0, 2]),
        ("x.a.b", [9, 0, 0, 2]),
        ("b", [9, 0, 0, 1]),
        ("x.www", [9, 0, 0, 1]),
    ] {
        let found = zone.find(&name(asked), RecordType::A);
        assert_eq!(data(found.clone()), [v4(expected)], "{asked}");
        let Found::Records(records) = found else {
            panic!()
        };
        assert_eq!(records[0].name, name(asked));
    }
    assert_eq!(zone.find(&name("www"), RecordType::AAAA), NO_DATA);
    assert_eq!(zone.find(&name("other"), RecordType::AAAA), NO_DATA);
    // A wildcard is for names below its parent, not for that.
    assert_eq!(zone.find(&name("@"), RecordType::A), NO_DATA);
}

#[test]
fn names_that_dont_exist_are_told_from_those_without_data() {
    let zone = zone("a.b.c A 9.0.0.1");
    for exists in ["@", "c", "b.c", "a.b.c"] {
        assert_eq!(
            zone.find(&name(exists), RecordType::TXT),
            NO_DATA,
            "{exists}"
        );
    }
    for missing in ["b", "x.c", "x.a.b.c", "xc"] {
        let found = zone.find(&name(missing), RecordType::A);
        assert_eq!(found, Found::NoName, "{missing}");
    }
}

#[test]
fn names_are_compared_without_regard_to_case() {
    let zone = zone("WwW A 9.0.0.1");
    let asked = Name::from_ascii(format!("wWw.{}.", key().to_string().to_uppercase())).unwrap();
    let Found::Records(records) = zone.find(&asked, RecordType::A) else {
        panic!()
    };
    assert!(records[0].name.eq_case(&asked));
}

#[test]
fn an_alias_answers_for_every_type_but_its_own() {
    let zone = zone("www CNAME example.com.");
    let target = Name::from_ascii("example.com.").unwrap();
    for qtype in [RecordType::A, RecordType::HTTPS, RecordType::TXT] {
        assert!(matches!(
            zone.find(&name("www"), qtype),
            Found::Alias { target: found, .. } if found == target
        ));
    }
    for qtype in [RecordType::CNAME, RecordType::ANY] {
        assert_eq!(data(zone.find(&name("www"), qtype)).len(), 1);
    }
}

#[test]
fn any_is_one_set_of_records() {
    let zone = zone("@ TXT one\n@ TXT two\n@ A 9.0.0.1");
    assert_eq!(data(zone.find(&name("@"), RecordType::ANY)).len(), 2);
}

#[test]
fn servers_answer_at_and_below_their_name() {
    let zone = zone(
        "*       A  9.0.0.1
         sub     NS ns1.sub
         sub     NS ns.example.com.
         ns1.sub A  9.0.0.2
         *.x.sub A  9.0.0.3",
    );
    for asked in ["sub", "www.sub", "a.b.sub", "x.sub"] {
        let Found::Delegated { cut, servers } = zone.find(&name(asked), RecordType::A) else {
            panic!("{asked}");
        };
        assert_eq!(cut, name("sub"));
        assert_eq!(servers.len(), 2);
    }
    // What the key signed counts, and so does a wildcard nearer than the servers.
    assert_eq!(
        data(zone.find(&name("ns1.sub"), RecordType::A)),
        [v4([9, 0, 0, 2])]
    );
    assert_eq!(
        data(zone.find(&name("y.x.sub"), RecordType::A)),
        [v4([9, 0, 0, 3])]
    );
    assert_eq!(data(zone.find(&name("sub"), RecordType::NS)).len(), 2);
    assert_eq!(zone.addresses(&name("ns1.sub")).count(), 1);
}

#[test]
fn records_outside_the_zone_answer_nothing() {
    let pair = KeyPair::from_secret(&[7; 32]);
    let other = KeyPair::from_secret(&[8; 32]).public();
    let mut records = parse("www A 9.0.0.1", &pair.public()).unwrap();
    let foreign = simple_dns::Name::new(&format!("www.{other}"))
        .unwrap()
        .into_owned();
    records.push(packet::record(foreign, 1, records[0].rdata.clone()));
    let packet = SignedPacket::sign(&pair, Seq::new(1).unwrap(), &records).unwrap();
    let zone = Zone::of(&packet, FRESH, true).unwrap();
    let foreign = Name::from_ascii(format!("www.{other}.")).unwrap();
    assert_eq!(zone.find(&foreign, RecordType::A), Found::NoName);
}

#[test]
fn private_addresses_are_kept_back_without_denying_the_name() {
    let packet = packet(
        "home A 192.168.1.1
         both A 127.0.0.1
         both A 9.0.0.1
         svc  HTTPS 1 . mandatory=ipv4hint ipv4hint=10.0.0.1 port=8443
         mix  HTTPS 1 . ipv4hint=10.0.0.1,9.0.0.1",
    );
    let zone = Zone::of(&packet, FRESH, false).unwrap();
    assert_eq!(
        zone.find(&name("home"), RecordType::A),
        Found::NoData { filtered: true }
    );
    assert_eq!(zone.find(&name("home"), RecordType::TXT), NO_DATA);
    assert_eq!(
        data(zone.find(&name("both"), RecordType::A)),
        [v4([9, 0, 0, 1])]
    );
    let hints = |asked: &str| {
        let found = data(zone.find(&name(asked), RecordType::HTTPS));
        let RData::HTTPS(service) = &found[0] else {
            panic!()
        };
        service.0.svc_params.clone()
    };
    assert_eq!(
        hints("svc"),
        [(SvcParamKey::Port, SvcParamValue::Port(8443))]
    );
    let [(SvcParamKey::Ipv4Hint, SvcParamValue::Ipv4Hint(hint))] = &hints("mix")[..] else {
        panic!()
    };
    assert_eq!(hint.0, [Ipv4Addr::new(9, 0, 0, 1).into()]);

    let allowed = Zone::of(&packet, FRESH, true).unwrap();
    assert_eq!(
        data(allowed.find(&name("home"), RecordType::A)),
        [v4([192, 168, 1, 1])]
    );
}

#[test]
fn negative_answers_carry_a_start_of_authority() {
    let made_up = zone("www A 9.0.0.1").soa();
    let RData::SOA(soa) = &made_up.data else {
        panic!()
    };
    assert_eq!(made_up.name, name("@"));
    assert_eq!(
        (soa.serial, soa.minimum, made_up.ttl),
        (1_700_000_000, 300, 300)
    );

    let pair = KeyPair::from_secret(&[7; 32]);
    let owner = packet::owner_name("@", &key()).unwrap();
    let soa = simple_dns::rdata::SOA {
        mname: owner.clone(),
        rname: owner.clone(),
        serial: 7,
        refresh: 3600,
        retry: 600,
        expire: 86_400,
        minimum: 60,
    };
    let record = packet::record(owner, 7200, simple_dns::rdata::RData::SOA(soa));
    let packet = SignedPacket::sign(&pair, Seq::new(1).unwrap(), &[record]).unwrap();
    let own = Zone::of(&packet, FRESH, true).unwrap().soa();
    let RData::SOA(soa) = &own.data else { panic!() };
    // RFC 2308, section 3: the lesser of its own time to live and the minimum.
    assert_eq!((soa.serial, own.ttl), (7, 60));
}

#[test]
fn times_to_live_age_within_the_rules() {
    let left = |ttl, seconds, of_packet| {
        Age {
            seconds,
            ttl: of_packet,
            stale: false,
        }
        .of(ttl)
    };
    assert_eq!(left(3600, 0, 3600), 3600);
    assert_eq!(left(3600, 600, 3600), 3000);
    assert_eq!(left(3600, 4000, 3600), 0);
    // Shorter than the packet is kept: what the owner said, until the packet is asked for again.
    assert_eq!(left(30, 100, 300), 30);
    assert_eq!(left(30, 290, 300), 10);
    assert_eq!(left(0, 0, 300), 0);
    // Longer than a packet is ever kept.
    assert_eq!(left(1_000_000, 0, 300), 86_400);
    // RFC 2181, section 8.
    assert_eq!(left(1 << 31, 0, 300), 0);
    let stale = Age {
        seconds: 9000,
        ttl: 300,
        stale: true,
    };
    assert_eq!((stale.of(3600), stale.of(5)), (30, 5));
}

#[test]
fn data_of_unknown_types_stays_as_it_is() {
    let pair = KeyPair::from_secret(&[7; 32]);
    let owner = packet::owner_name("@", &key()).unwrap();
    let unknown = simple_dns::rdata::NULL::new(&[1, 2, 3]).unwrap();
    let record = packet::record(owner, 300, simple_dns::rdata::RData::NULL(4711, unknown));
    let packet = SignedPacket::sign(&pair, Seq::new(1).unwrap(), &[record]).unwrap();
    let zone = Zone::of(&packet, FRESH, true).unwrap();
    let found = data(zone.find(&name("@"), RecordType::from(4711)));
    let RData::Unknown { rdata, .. } = &found[0] else {
        panic!("{found:?}")
    };
    assert_eq!(rdata.anything, [1, 2, 3]);
}

proptest! {
    #[test]
    fn any_zone_answers_any_question(
        owners in proptest::collection::vec("(\\*\\.)?[ab](\\.[ab]){0,2}", 0..6),
        kinds in proptest::collection::vec(0usize..4, 6),
        asked in "[abc](\\.[abc]){0,3}",
        qtype: u16,
    ) {
        let text: String = owners
            .iter()
            .zip(&kinds)
            .map(|(owner, kind)| {
                let data = ["A 9.0.0.1", "TXT t", "CNAME a", "NS ns.a"][*kind];
                format!("{owner} {data}\n")
            })
            .collect();
        let zone = zone(&text);
        let asked = name(&asked);
        match zone.find(&asked, RecordType::from(qtype)) {
            Found::Records(records) => {
                prop_assert!(!records.is_empty());
                for record in records {
                    prop_assert!(record.name == asked);
                    prop_assert!(
                        RecordType::from(qtype) == RecordType::ANY
                            || record.record_type() == RecordType::from(qtype)
                    );
                }
            }
            Found::Delegated { cut, servers } => {
                prop_assert!(cut.zone_of(&asked) && !servers.is_empty());
            }
            Found::NoName => {
                let exists = owners.iter().any(|owner| asked.zone_of(&name(owner)));
                prop_assert!(!exists);
            }
            Found::Alias { .. } | Found::NoData { .. } => {}
        }
    }
}
