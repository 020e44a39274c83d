//! Aliases, delegations, the suffix, and names that are not keys.

use std::time::Duration;

use hickory_proto::{
    op::ResponseCode,
    rr::{RData, Record, RecordType},
};

use super::{
    doh::http,
    others::{Other, Said, a, cname},
    world::*,
};

fn ns(name: &hickory_proto::rr::Name, server: &hickory_proto::rr::Name) -> Record {
    let server = hickory_proto::rr::rdata::NS(server.clone());
    Record::from_rdata(name.clone(), 300, RData::NS(server))
}

#[tokio::test]
async fn aliases_lead_to_other_keys() {
    let world = World::new().await;
    let (one, two, three) = (pair(1).public(), pair(2).public(), pair(3).public());
    world.has(1, &format!("www CNAME blog.{two}."));
    world.has(2, &format!("blog CNAME {three}."));
    world.has(3, "@ 600 A 9.0.0.3");
    let answer = world.ask(name(1, "www"), RecordType::A).await;
    assert_eq!(answer.answers.len(), 3);
    assert_eq!(answer.answers[1].name, name(2, "blog"));
    assert_eq!(data(&answer)[2], "9.0.0.3");
    // In a circle they lead nowhere.
    world.has(4, &format!("a CNAME b\nb CNAME a\nlong CNAME www.{one}."));
    let answer = world.ask(name(4, "a"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
    let answer = world.ask(name(4, "long"), RecordType::A).await;
    assert_eq!(answer.answers.len(), 4);
}

#[tokio::test]
async fn aliases_lead_into_the_dns_but_not_into_private_networks() {
    let upstream = Other::start(|name, _| {
        let address = match name.to_ascii().as_str() {
            "inside.example." => [10, 0, 0, 1],
            _ => [9, 9, 9, 9],
        };
        Said::records(vec![a(name, address)])
    })
    .await;
    // Even for those for whom nothing is forwarded otherwise.
    let world = World::with(&format!(
        "forward = [\"{}\"]\nforward-for = []",
        upstream.address
    ))
    .await;
    world.has(1, "www CNAME site.example.\nin CNAME inside.example.");
    let answer = world.ask(name(1, "www"), RecordType::A).await;
    assert_eq!(data(&answer), ["site.example.", "9.9.9.9"]);
    let answer = world.ask(name(1, "in"), RecordType::A).await;
    assert_eq!(data(&answer), ["inside.example."]);
    let answer = world.ask_edns(icann("site.example."), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
    assert_eq!(extended_error(&answer), Some(18));
    assert!(!answer.metadata.recursion_available);
}

#[tokio::test]
async fn aliases_of_keys_open_neither_the_resolver_nor_the_network_it_is_in() {
    let upstream = Other::start(|name, qtype| match qtype {
        RecordType::A => Said::records(vec![a(name, [9, 9, 9, 9])]),
        _ => Said::records(vec![Record::from_rdata(
            name.clone(),
            300,
            RData::TXT(hickory_proto::rr::rdata::TXT::new(vec!["text".into()])),
        )]),
    })
    .await;
    let dns = format!(
        "forward = [\"{}\"]\nprivate-keys = [\"{}\"]",
        upstream.address,
        pair(2).public()
    );
    let records = "www CNAME site.example.\ndb CNAME db.corp.\nhost CNAME wiki.\n\
                   back CNAME 1.0.0.10.in-addr.arpa.";
    let stranger = World::with(&format!("{dns}\nforward-for = []")).await;
    stranger.has(1, records);
    for (below, qtype, expected) in [
        ("www", RecordType::TXT, "site.example."),
        ("www", RecordType::MX, "site.example."),
        ("db", RecordType::A, "db.corp."),
        ("host", RecordType::A, "wiki."),
        ("back", RecordType::A, "1.0.0.10.in-addr.arpa."),
    ] {
        let answer = stranger.ask(name(1, below), qtype).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
        assert_eq!(data(&answer), [expected], "{below} {qtype}");
    }
    assert_eq!(upstream.asked(), []);

    // Who may ask for anything may do so by an alias; into the network only by keys that lead there.
    let friend = World::with(&dns).await;
    friend.has(1, records);
    friend.has(2, records);
    let mut plain = question(name(1, "www"), RecordType::TXT);
    plain.metadata.recursion_desired = false;
    assert_eq!(data(&friend.send(&plain).await), ["site.example."]);
    let answer = friend.ask(name(1, "www"), RecordType::TXT).await;
    assert_eq!(data(&answer), ["site.example.", "text"]);
    assert_eq!(data(&friend.send(&plain).await), ["site.example."]);
    let answer = friend.ask(name(1, "db"), RecordType::A).await;
    assert_eq!(data(&answer), ["db.corp."]);
    let answer = friend.ask(name(2, "db"), RecordType::A).await;
    assert_eq!(data(&answer), ["db.corp.", "9.9.9.9"]);
}

#[tokio::test]
async fn what_has_to_be_asked_of_others_costs_a_lookup() {
    let upstream = Other::start(|name, _| Said::records(vec![a(name, [9, 9, 9, 9])])).await;
    let world = World::configured(&format!(
        "[dns]\nlisten = [\"127.0.0.1:0\"]\nforward = [\"{}\"]\n\
         [limits]\nexempt = []\nlookups-burst = 1\nlookups-per-second = 1",
        upstream.address
    ))
    .await;
    let alone = "one CNAME one.example.\nsub NS ns.sub\nns.sub A 127.0.0.1";
    world.has(1, alone);
    // The purse fills again in a second; faster than that all of these are asked.
    let mut refused = 0;
    for round in 0..20 {
        world.has(1, &format!("{alone}\nx{round} CNAME x{round}.example."));
        let below = format!("x{round}");
        let answer = world.ask_edns(name(1, &below), RecordType::A).await;
        refused += usize::from(extended_error(&answer) == Some(18));
        let answer = world.ask_edns(name(1, "www.sub"), RecordType::A).await;
        refused += usize::from(extended_error(&answer) == Some(18));
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn without_upstream_an_alias_into_the_dns_is_given_alone() {
    let world = World::new().await;
    world.has(1, "www CNAME site.example.");
    let answer = world.ask(name(1, "www"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
    assert_eq!(data(&answer), ["site.example."]);
}

#[tokio::test]
async fn other_names_are_asked_upstream_once() {
    let upstream = Other::start(|name, qtype| match name.to_ascii().as_str() {
        "site.example." if qtype == RecordType::A => Said::records(vec![
            cname(name, &icann("real.example.")),
            a(&icann("real.example."), [192, 168, 0, 1]),
        ]),
        "big.example." => Said {
            truncated: true,
            ..Said::records((0..40).map(|n| a(name, [9, 0, 0, n])).collect())
        },
        _ => Said::code(ResponseCode::NXDomain),
    })
    .await;
    let world = World::with(&format!("forward = [\"{}\"]", upstream.address)).await;
    for _ in 0..2 {
        let answer = world.ask(icann("Site.Example."), RecordType::A).await;
        assert!(answer.metadata.recursion_available);
        assert!(!answer.metadata.authoritative);
        // What the owner of this network resolves is their business.
        assert_eq!(data(&answer)[1], "192.168.0.1");
        assert_eq!(answer.answers[1].name, icann("real.example."));
    }
    assert_eq!(upstream.asked().len(), 1);
    let answer = world.ask(icann("none.example."), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    let big = world
        .stream(&[question(icann("big.example."), RecordType::A)])
        .await;
    assert_eq!(big[0].answers.len(), 40);
    // Who doesn't desire recursion gets none, not even from memory.
    let mut plain = question(icann("site.example."), RecordType::A);
    plain.metadata.recursion_desired = false;
    let answer = world.send(&plain).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
}

#[tokio::test]
async fn neither_mistyped_keys_nor_names_for_local_use_are_told_upstream() {
    let upstream = Other::start(|name, _| Said::records(vec![a(name, [9, 9, 9, 9])])).await;
    let world = World::with(&format!("forward = [\"{}\"]", upstream.address)).await;
    let key = pair(1).public().to_string();
    let mistyped = format!("{}b.", &key[..51]);
    for asked in [&*mistyped, "hidden.onion.", "printer.local.", "x.invalid."] {
        let answer = world.ask(icann(asked), RecordType::A).await;
        assert_eq!(
            answer.metadata.response_code,
            ResponseCode::NXDomain,
            "{asked}"
        );
    }
    assert_eq!(upstream.asked(), []);
}

#[tokio::test]
async fn keys_are_found_below_the_suffix_too() {
    let world = World::with("forward = \"none\"\nsuffix = \"pkarr.example\"").await;
    world.has(1, "www 600 A 9.0.0.1\nalias CNAME www");
    let below = |text: &str| {
        let name = name(1, text).to_ascii();
        icann(&format!("{name}pkarr.example."))
    };
    let answer = world.ask(below("www"), RecordType::A).await;
    assert_eq!(data(&answer), ["9.0.0.1"]);
    assert_eq!(answer.answers[0].name, below("www"));
    assert!(answer.metadata.authoritative);
    let answer = world.ask(below("alias"), RecordType::A).await;
    assert_eq!(answer.answers[0].name, below("alias"));
    assert_eq!(answer.answers.len(), 2);
    let answer = world.ask(below("missing"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(soa(&answer).unwrap().0, below("@"));
    // Without it they are found as before; the suffix is there, and has nothing else below it.
    assert_eq!(
        data(&world.ask(name(1, "www"), RecordType::A).await),
        ["9.0.0.1"]
    );
    let suffix = icann("pkarr.example.");
    let answer = world.ask(suffix.clone(), RecordType::SOA).await;
    assert_eq!(answer.answers[0].name, suffix);
    let answer = world
        .ask(icann("other.pkarr.example."), RecordType::A)
        .await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(soa(&answer).unwrap().0, suffix);
}

#[tokio::test]
async fn name_servers_are_asked_where_a_key_delegates() {
    let servers = Other::start(|asked, qtype| {
        let below = asked.to_ascii();
        match (below.split('.').next().unwrap_or_default(), qtype) {
            ("www", RecordType::A) => Said::records(vec![
                a(asked, [9, 0, 0, 7]),
                // What it has no say in.
                a(&name(2, "@"), [6, 6, 6, 6]),
            ]),
            ("long", RecordType::A) => Said {
                truncated: true,
                ..Said::records(vec![a(asked, [9, 0, 0, 8])])
            },
            ("away", RecordType::A) => Said::records(vec![cname(asked, &name(2, "@"))]),
            ("home", RecordType::A) => Said::records(vec![a(asked, [127, 0, 0, 1])]),
            // On to others, who are itself again.
            ("deep", RecordType::A) if !below.starts_with("deep.x.y") => Said {
                authorities: vec![ns(&name(1, "x.sub"), &name(1, "ns.x.sub"))],
                additionals: vec![a(&name(1, "ns.x.sub"), [127, 0, 0, 1])],
                ..Said::default()
            },
            _ => Said::code(ResponseCode::NXDomain),
        }
    })
    .await;
    let allowed = format!(
        "forward = \"none\"\nname-server-port = {}\nprivate-keys = [\"{}\"]",
        servers.address.port(),
        pair(1).public()
    );
    let world = World::with(&allowed).await;
    world.has(1, "sub NS ns.sub\nns.sub A 127.0.0.1");
    world.has(2, "@ A 9.0.0.2");
    for (below, expected) in [
        ("www.sub", &["9.0.0.7"][..]),
        ("long.sub", &["9.0.0.8"]),
        ("home.sub", &["127.0.0.1"]),
    ] {
        let answer = world.ask(name(1, below), RecordType::A).await;
        assert_eq!(data(&answer), expected, "{below}");
        assert!(!answer.metadata.authoritative);
    }
    let answer = world.ask(name(1, "away.sub"), RecordType::A).await;
    assert_eq!(data(&answer)[1..], ["9.0.0.2"]);
    let answer = world.ask(name(1, "none.sub"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    assert!(soa(&answer).is_some());
    // Round and round is not followed for ever.
    let answer = world.ask(name(1, "deep.x.sub"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
}

#[tokio::test]
async fn name_servers_can_neither_send_much_nor_many_questions() {
    let upstream = Other::start(|_, _| Said::code(ResponseCode::NXDomain)).await;
    let servers = Other::start(|asked, _| Said {
        truncated: true,
        ..Said::records(vec![
            Record::from_rdata(
                asked.clone(),
                300,
                RData::TXT(hickory_proto::rr::rdata::TXT::new(vec!["x".repeat(250)])),
            );
            if asked.to_ascii().starts_with("huge") {
                20
            } else {
                10
            }
        ])
    })
    .await;
    let world = World::with(&format!(
        "forward = [\"{}\"]\nname-server-port = {}\nprivate-keys = [\"{}\"]",
        upstream.address,
        servers.address.port(),
        pair(1).public()
    ))
    .await;
    world.has(
        1,
        "sub NS ns.sub\nns.sub A 127.0.0.1\n\
         far NS a.example.\nfar NS b.example.\nfar NS c.example.\nfar NS d.example.",
    );
    let asked = ["large.sub", "huge.sub"].map(|below| question(name(1, below), RecordType::TXT));
    let [large, huge] = asked.each_ref();
    let answer = &world.stream(std::slice::from_ref(large)).await[0];
    assert_eq!(answer.answers.len(), 10);
    let answer = &world.stream(std::slice::from_ref(huge)).await[0];
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);

    let answer = world.ask(name(1, "www.far"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
    let asked: std::collections::HashSet<_> = upstream.asked().into_iter().collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
}

#[tokio::test]
async fn name_servers_in_private_networks_are_not_asked() {
    let servers = Other::start(|asked, _| Said::records(vec![a(asked, [9, 0, 0, 7])])).await;
    let port = servers.address.port();
    let world = World::with(&format!("forward = \"none\"\nname-server-port = {port}")).await;
    world.has(1, "sub NS ns.sub\nns.sub A 127.0.0.1");
    let answer = world.ask_edns(name(1, "www.sub"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(extended_error(&answer), Some(22));
    assert_eq!(servers.asked(), []);
}

#[tokio::test]
async fn private_addresses_are_told_where_that_is_wanted() {
    let world = World::with("forward = \"none\"\nprivate-addresses = true").await;
    world.has(1, "home A 192.168.1.1");
    let answer = world.ask(name(1, "home"), RecordType::A).await;
    assert_eq!(data(&answer), ["192.168.1.1"]);
}

#[tokio::test]
async fn what_is_published_anew_is_told_at_once() {
    let world = World::new().await;
    world.has_since(1, "@ 600 A 9.0.0.1", Duration::from_secs(1));
    assert_eq!(
        data(&world.ask(name(1, "@"), RecordType::A).await),
        ["9.0.0.1"]
    );
    // By the relay beside it.
    let pair = pair(1);
    let records = pkarr_host::zone::parse("@ 600 A 9.0.0.2", &pair.public()).unwrap();
    let seq = pkarr_host::item::Seq::at(std::time::SystemTime::now());
    let packet = pkarr_host::packet::SignedPacket::sign(&pair, seq, &records).unwrap();
    // Nobody in the DHT takes it, but here it is known.
    let path = format!("/{}", pair.public());
    let fields = "Content-Type: application/pkarr.org/relays#payload\r\n";
    http(
        &world,
        "PUT",
        &path,
        fields,
        &packet.item().to_relay_payload(),
    )
    .await;
    assert_eq!(
        data(&world.ask(name(1, "@"), RecordType::A).await),
        ["9.0.0.2"]
    );
}
