//! Searches in worlds of a few zones.

use super::*;
use crate::{item::Seq, key::KeyPair, zone};
use proptest::prelude::*;
use std::collections::HashMap;

fn pair(number: u8) -> KeyPair {
    KeyPair::from_secret(&[number; 32])
}

/// A world of zones by the number of their key; `{n}` in a zone stands for key number n.
struct World(HashMap<PublicKey, SignedPacket>);

fn fill(text: &str) -> String {
    (1..20).fold(text.to_owned(), |text, number| {
        text.replace(&format!("{{{number}}}"), &pair(number).public().to_string())
    })
}

impl World {
    fn new(zones: &[(u8, &str)]) -> Self {
        Self(
            zones
                .iter()
                .map(|(number, text)| {
                    let pair = pair(*number);
                    let records = zone::parse(&fill(text), &pair.public()).unwrap();
                    let seq = Seq::new(1).unwrap();
                    let packet = SignedPacket::sign(&pair, seq, &records).unwrap();
                    (pair.public(), packet)
                })
                .collect(),
        )
    }

    fn search(&self, scheme: &str, host: &str) -> Vec<Endpoint> {
        let host = KeyHost::parse(&fill(host)).unwrap();
        let mut search = Search::new(host, scheme, 0);
        while let Some(key) = search.wanted() {
            search.supply(self.0.get(&key));
        }
        search.finish()
    }

    /// The endpoints in short: `address:port`, `tls` in front where it is asked for.
    fn find(&self, scheme: &str, host: &str) -> Vec<String> {
        self.search(scheme, host)
            .iter()
            .flat_map(|endpoint| {
                let tls = if endpoint.tls { "tls " } else { "" };
                let port = endpoint.port.map(|p| format!(":{p}")).unwrap_or_default();
                let names: Vec<String> = match &endpoint.target {
                    Target::Addresses(all) => all.iter().map(IpAddr::to_string).collect(),
                    Target::Icann(name) => vec![name.clone()],
                };
                names
                    .into_iter()
                    .map(move |name| format!("{tls}{name}{port}"))
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

#[track_caller]
fn check(zones: &[(u8, &str)], host: &str, expected: &[&str]) {
    assert_eq!(World::new(zones).find("http", host), expected);
}

#[test]
fn plain_addresses() {
    check(
        &[(1, "@ A 1.2.3.4\n@ AAAA 2001:db8::1\nwww A 5.6.7.8")],
        "{1}",
        &["1.2.3.4", "2001:db8::1"],
    );
    check(
        &[(1, "@ A 1.2.3.4\nwww A 5.6.7.8")],
        "WWW.{1}.",
        &["5.6.7.8"],
    );
    check(&[(1, "@ A 1.2.3.4")], "www.{1}", &[]);
    check(&[], "{1}", &[]);
}

#[test]
fn wildcards_stand_for_names_that_do_not_exist() {
    let zone = "*.{1} A 1.1.1.1\n*.b.{1} A 2.2.2.2\nwww TXT x\n@ A 3.3.3.3";
    check(&[(1, zone)], "x.{1}", &["1.1.1.1"]);
    check(&[(1, zone)], "x.y.{1}", &["1.1.1.1"]);
    check(&[(1, zone)], "x.b.{1}", &["2.2.2.2"]);
    check(&[(1, zone)], "www.{1}", &[]);
    check(&[(1, zone)], "{1}", &["3.3.3.3"]);
}

#[test]
fn https_records_come_first_by_priority() {
    let zone = "@ A 1.1.1.1\n@ HTTPS 10 example.com.\n@ HTTPS 1 . port=8443";
    check(
        &[(1, zone)],
        "{1}",
        &["tls 1.1.1.1:8443", "tls example.com"],
    );
}

#[test]
fn a_target_of_dot_takes_name_then_apex_then_hints() {
    let record = "www HTTPS 1 . ipv4hint=9.9.9.9 ipv6hint=2001:db8::9\n";
    check(
        &[(1, &format!("{record}www A 1.1.1.1\n@ A 2.2.2.2"))],
        "www.{1}",
        &["tls 1.1.1.1"],
    );
    check(
        &[(1, &format!("{record}@ A 2.2.2.2"))],
        "www.{1}",
        &["tls 2.2.2.2"],
    );
    check(
        &[(1, record)],
        "www.{1}",
        &["tls 2001:db8::9", "tls 9.9.9.9"],
    );
}

#[test]
fn a_service_may_name_its_own_owner() {
    let zone = "@ HTTPS 1 @ port=8443\n@ A 1.1.1.1\nwww HTTPS 1 WWW.{1}. port=2\nwww A 2.2.2.2";
    check(&[(1, zone)], "{1}", &["tls 1.1.1.1:8443"]);
    check(&[(1, zone)], "www.{1}", &["tls 2.2.2.2:2"]);
}

#[test]
fn priority_zero() {
    check(&[(1, "@ HTTPS 0 .\n@ A 1.1.1.1")], "{1}", &[]);
    check(
        &[(1, "@ HTTPS 0 . port=81\n@ A 1.1.1.1")],
        "{1}",
        &["tls 1.1.1.1:81"],
    );
    check(
        &[(1, "@ HTTPS 0 example.org.")],
        "{1}",
        &["tls example.org"],
    );
}

#[test]
fn targets_to_keys_are_followed() {
    let zones = [
        (1, "@ HTTPS 1 {2}.\n@ HTTPS 2 {3}.\n@ HTTPS 3 {4}."),
        (2, "@ HTTPS 1 . port=6287\n@ A 2.2.2.2"),
        (4, "@ A 4.4.4.4"),
    ];
    let world = World::new(&zones);
    assert_eq!(
        world.find("https", "{1}"),
        ["tls 2.2.2.2:6287", "tls 4.4.4.4"]
    );
    let keys: Vec<_> = world.search("https", "{1}").iter().map(|e| e.key).collect();
    assert_eq!(keys, [pair(2).public(), pair(4).public()]);
}

#[test]
fn cname_to_a_key_and_to_an_icann_name() {
    let zones = [
        (
            1,
            "www CNAME {2}.\nshop CNAME shops.example.net.\nself CNAME www",
        ),
        (2, "@ A 2.2.2.2"),
    ];
    check(&zones, "www.{1}", &["2.2.2.2"]);
    check(&zones, "shop.{1}", &["shops.example.net"]);
    check(&zones, "self.{1}", &["2.2.2.2"]);
}

#[test]
fn cycles_end() {
    check(&[(1, "@ CNAME {2}."), (2, "@ CNAME {1}.")], "{1}", &[]);
    check(&[(1, "@ HTTPS 1 {1}.")], "{1}", &[]);
}

#[test]
fn the_way_is_at_most_seven_keys_long() {
    let chain = |length: u8| -> Vec<(u8, String)> {
        (1..=length)
            .map(|n| (n, format!("@ CNAME {{{}}}.", n + 1)))
            .chain([(length + 1, "@ A 7.7.7.7".to_owned())])
            .collect()
    };
    for (length, reached) in [(7, true), (8, false)] {
        let zones = chain(length);
        let zones: Vec<_> = zones.iter().map(|(n, text)| (*n, text.as_str())).collect();
        assert_eq!(!World::new(&zones).find("http", "{1}").is_empty(), reached);
    }
}

#[test]
fn a_fan_of_targets_asks_for_a_bounded_number_of_packets() {
    let fan: String = (2..20).map(|n| format!("@ HTTPS 1 {{{n}}}.\n")).collect();
    let mut search = Search::new(pair(1).public().into(), "http", 3);
    let small: Vec<_> = fan
        .lines()
        .take(8)
        .collect::<Vec<_>>()
        .join("\n")
        .lines()
        .map(str::to_owned)
        .collect();
    let world = World::new(&[(1, &small.join("\n"))]);
    let mut asked = 0;
    while let Some(key) = search.wanted() {
        asked += 1;
        search.supply(world.0.get(&key));
    }
    assert!(asked <= MAX_PACKETS, "{asked}");
    assert!(asked > 1);
}

#[test]
fn another_scheme_has_its_own_records() {
    let zone = "_foo SVCB 1 . port=99\n@ A 1.1.1.1\n@ HTTPS 1 . port=443";
    let world = World::new(&[(1, zone)]);
    assert_eq!(world.find("foo", "{1}"), ["tls 1.1.1.1:99"]);
    assert_eq!(world.find("bar", "{1}"), ["1.1.1.1"]);
    assert_eq!(world.find("wss", "{1}"), ["tls 1.1.1.1:443"]);
}

#[test]
fn a_record_with_an_unknown_mandatory_parameter_is_passed_over() {
    let zone = "@ HTTPS 1 . mandatory=key999 key999=x port=1\n@ HTTPS 2 . port=2\n@ A 1.1.1.1";
    check(&[(1, zone)], "{1}", &["tls 1.1.1.1:2"]);
}

#[test]
fn equals_are_shuffled() {
    let zone = "@ HTTPS 1 a.example.\n@ HTTPS 1 b.example.\n@ HTTPS 2 c.example.";
    let world = World::new(&[(1, zone)]);
    let mut firsts = std::collections::HashSet::new();
    for shuffle in 0..64 {
        let mut search = Search::new(pair(1).public().into(), "http", shuffle);
        search.supply(world.0.get(&pair(1).public()));
        let found = search.finish();
        firsts.insert(format!("{:?}", found[0].target));
        assert_eq!(found[2].target, Target::Icann("c.example".to_owned()));
    }
    assert_eq!(firsts.len(), 2);
}

#[test]
fn a_packet_of_another_key_is_not_taken() {
    let world = World::new(&[(2, "@ A 6.6.6.6")]);
    let mut search = Search::new(pair(1).public().into(), "http", 0);
    search.supply(world.0.get(&pair(2).public()));
    assert!(search.finish().is_empty());
}

#[test]
fn out_of_zone_names_answer_nothing() {
    let name = Name::new(&fill("{1}")).unwrap().into_owned();
    let record = crate::packet::record(name, 60, RData::A(simple_dns::rdata::A { address: 1 }));
    let packet = SignedPacket::sign(&pair(2), Seq::new(1).unwrap(), &[record]).unwrap();
    let mut search = Search::new(pair(2).public().into(), "http", 0);
    search.supply(Some(&packet));
    assert!(search.finish().is_empty());
}

proptest! {
    #[test]
    fn any_zone_of_ours_is_survived(
        lines in proptest::collection::vec(
            "(@|www|\\*|_foo|\\*\\.www) (A 1\\.2\\.3\\.4|CNAME (www|@|\\{[1-4]\\}\\.|x\\.y\\.)|HTTPS [0-3] (\\.|\\{[1-4]\\}\\.|x\\.y\\.) port=[1-9])",
            0..8,
        ),
        shuffle: u64,
    ) {
        let zone = lines.join("\n");
        let zones: Vec<_> = (1..5).map(|n| (n, zone.as_str())).collect();
        let world = World::new(&zones);
        let mut search = Search::new(pair(1).public().into(), "http", shuffle);
        let mut asked = 0;
        while let Some(key) = search.wanted() {
            asked += 1;
            search.supply(world.0.get(&key));
        }
        prop_assert!(asked <= MAX_PACKETS);
        prop_assert!(search.finish().len() <= MAX_ENDPOINTS);
    }
}
