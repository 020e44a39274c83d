//! The rules of the RFCs, each in a test named after what it says.

use std::time::Duration;

use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{DNSClass, RecordType, rdata::opt::EdnsOption},
};

use super::world::*;

const SITE: &str = "
    @     3600 A     9.0.0.1
    @     3600 AAAA  2600::1
    www   3600 CNAME @
    note  3600 TXT   one
    note  3600 TXT   two
    a.b   3600 A     9.0.0.2
    *.w   3600 A     9.0.0.3
    @     3600 HTTPS 1 . alpn=h2 port=8443
    _foo  3600 SVCB  1 svc port=9
    svc   3600 A     9.0.0.4";

async fn site() -> World {
    let world = World::new().await;
    world.has(1, SITE);
    world
}

// --- RFC 1035 --------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn rfc_1035_3_2_2_types_are_answered_as_they_are() {
    let world = site().await;
    for (below, qtype, expected) in [
        ("@", RecordType::A, &["9.0.0.1"][..]),
        ("@", RecordType::AAAA, &["2600::1"]),
        ("note", RecordType::TXT, &["one", "two"]),
        ("anything.w", RecordType::A, &["9.0.0.3"]),
    ] {
        let answer = world.ask(name(1, below), qtype).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
        assert_eq!(data(&answer), expected, "{below} {qtype}");
        assert!(
            answer
                .answers
                .iter()
                .all(|record| record.name == name(1, below))
        );
    }
}

#[tokio::test]
async fn rfc_1035_2_3_3_case_is_ignored_and_kept() {
    let world = site().await;
    let mut spelled = name(1, "note").to_ascii();
    // Every second letter: what 0x20 resolvers do at random.
    let mixed: String = spelled
        .drain(..)
        .enumerate()
        .map(|(at, letter)| match at % 2 {
            0 => letter.to_ascii_uppercase(),
            _ => letter,
        })
        .collect();
    let mixed = icann(&mixed);
    // The second time from memory, where it was left in another spelling.
    for asked in [name(1, "note"), mixed.clone(), mixed] {
        let answer = world.ask(asked.clone(), RecordType::TXT).await;
        assert_eq!(data(&answer), ["one", "two"]);
        for record in &answer.answers {
            assert!(record.name.eq_case(&asked), "{} for {asked}", record.name);
        }
    }
}

#[tokio::test]
async fn rfc_1035_3_6_2_an_alias_comes_with_what_it_leads_to() {
    let world = site().await;
    let answer = world.ask(name(1, "www"), RecordType::A).await;
    assert_eq!(answer.answers[0].record_type(), RecordType::CNAME);
    assert_eq!(answer.answers[1].name, name(1, "@"));
    assert_eq!(data(&answer)[1], "9.0.0.1");
    let alone = world.ask(name(1, "www"), RecordType::CNAME).await;
    assert_eq!(alone.answers.len(), 1);
}

#[tokio::test]
async fn rfc_1035_4_1_1_the_header_says_what_it_should() {
    let world = site().await;
    let answer = world.ask(name(1, "@"), RecordType::A).await;
    assert!(answer.metadata.authoritative);
    assert!(!answer.metadata.truncation && !answer.metadata.authentic_data);
    // Nobody is asked for others here.
    assert!(!answer.metadata.recursion_available);
    let refused = world.ask(icann("example.com."), RecordType::A).await;
    assert_eq!(refused.metadata.response_code, ResponseCode::Refused);

    let mut unknown = question(name(1, "@"), RecordType::A);
    unknown.metadata.op_code = OpCode::Status;
    let answer = world.raw(&unknown.to_vec().unwrap()).await;
    let answer = Message::from_vec(&answer).unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::NotImp);
    assert_eq!(answer.metadata.op_code, OpCode::Status);
}

#[tokio::test]
async fn rfc_1035_4_1_2_other_classes_and_transfers_are_refused() {
    let world = site().await;
    let mut chaos = question(icann("version.bind."), RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    for question in [chaos, question(name(1, "@"), RecordType::AXFR)] {
        let answer = world.send(&question).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
    }
}

#[tokio::test]
async fn rfc_1035_4_1_2_one_question_is_answered() {
    let world = site().await;
    let mut two = question(name(1, "@"), RecordType::A);
    two.add_query(Query::query(name(1, "note"), RecordType::TXT));
    for bytes in [
        two.to_vec().unwrap(),
        // A header that promises a question, a compressed name in one, bytes after the end.
        b"\0\x07\x01\0\0\x01\0\0\0\0\0\0".to_vec(),
        b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\xc0\x0c\0\x01\0\x01".to_vec(),
        [
            question(name(1, "@"), RecordType::A).to_vec().unwrap(),
            vec![0],
        ]
        .concat(),
    ] {
        let answer = world.raw(&bytes).await;
        assert_eq!(answer[..2], bytes[..2]);
        assert_eq!(answer[3] & 0xf, 1, "format error for {bytes:?}");
    }
}

#[tokio::test]
async fn rfc_1035_4_2_1_what_is_too_long_for_a_datagram_is_truncated() {
    let world = World::new().await;
    let text = "x".repeat(240);
    world.has(1, &format!("@ TXT {text}\n@ TXT a{text}\n@ TXT b{text}"));
    let question = question(name(1, "@"), RecordType::TXT);
    let answer = world.raw(&question.to_vec().unwrap()).await;
    assert!(answer.len() <= 512);
    let answer = check(&question, &answer);
    assert!(answer.metadata.truncation && answer.answers.is_empty());
    // RFC 7766, section 5: the same by TCP is whole.
    let whole = world.stream(&[question]).await;
    assert!(!whole[0].metadata.truncation);
    assert_eq!(whole[0].answers.len(), 3);
}

#[tokio::test]
async fn rfc_1035_3_2_1_times_to_live_age() {
    let world = World::new().await;
    world.has_since(1, "@ 3600 A 9.0.0.1", Duration::from_secs(600));
    let answer = world.ask(name(1, "@"), RecordType::A).await;
    let ttl = answer.answers[0].ttl;
    assert!((2900..=3000).contains(&ttl), "{ttl}");
}

// --- RFC 2308 --------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn rfc_2308_2_1_a_name_that_isnt_there_has_a_start_of_authority() {
    let world = site().await;
    let answer = world.ask(name(1, "missing"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    let (owner, ttl) = soa(&answer).unwrap();
    assert_eq!(owner, name(1, "@"));
    assert!(ttl > 0 && ttl <= 300, "{ttl}");
}

#[tokio::test]
async fn rfc_2308_2_2_a_name_without_data_is_there() {
    let world = site().await;
    // The last is above a name that is there (RFC 4592, section 2.2.2).
    for below in ["@", "note", "b"] {
        let answer = world.ask(name(1, below), RecordType::MX).await;
        assert_eq!(
            answer.metadata.response_code,
            ResponseCode::NoError,
            "{below}"
        );
        assert!(answer.answers.is_empty());
        assert_eq!(soa(&answer).unwrap().0, name(1, "@"));
    }
}

#[tokio::test]
async fn rfc_2308_a_key_without_records_isnt_there() {
    let world = World::new().await;
    world.lacks(9);
    let answer = world.ask(name(9, "www"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    assert!(soa(&answer).unwrap().0.is_root());
}

#[tokio::test]
async fn rfc_2308_an_alias_to_nowhere_says_so_at_its_end() {
    let world = World::new().await;
    world.has(1, "www CNAME gone");
    let answer = world.ask(name(1, "www"), RecordType::A).await;
    // RFC 6604, section 3.
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(answer.answers.len(), 1);
    assert!(soa(&answer).is_some());
}

// --- RFC 6891 --------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn rfc_6891_6_1_1_who_speaks_edns_is_answered_in_it() {
    let world = site().await;
    // Both answers are checked for that.
    let answer = world.ask_edns(name(1, "@"), RecordType::A).await;
    assert_eq!(answer.edns.unwrap().max_payload(), 1232);
    world.ask(name(1, "@"), RecordType::A).await;
}

#[tokio::test]
async fn rfc_6891_6_2_3_the_size_said_is_used() {
    let world = World::new().await;
    let text = "x".repeat(200);
    world.has(1, &format!("@ TXT {text}\n@ TXT a{text}\n@ TXT b{text}"));
    for (payload, whole) in [
        (512, false),
        (0, false),
        (700, false),
        (1232, true),
        (4096, true),
    ] {
        let mut question = question(name(1, "@"), RecordType::TXT);
        let mut edns = Edns::new();
        edns.set_max_payload(payload);
        question.set_edns(edns);
        let mut bytes = question.to_vec().unwrap();
        // The library doesn't say less than 512.
        let at = bytes.len() - 8;
        bytes[at..at + 2].copy_from_slice(&payload.to_be_bytes());
        let answer = world.raw(&bytes).await;
        assert!(answer.len() <= usize::from(payload.max(512)));
        let answer = check(&question, &answer);
        assert_eq!(!answer.metadata.truncation, whole, "{payload}");
    }
}

#[tokio::test]
async fn rfc_6891_6_1_3_other_versions_are_told_so() {
    let world = site().await;
    let mut question = question(name(1, "@"), RecordType::A);
    let mut edns = Edns::new();
    edns.set_version(1);
    question.set_edns(edns);
    let answer = world.send(&question).await;
    // BADVERS, which is a number of its own for signatures elsewhere.
    assert_eq!(u16::from(answer.metadata.response_code), 16);
    assert_eq!(answer.edns.unwrap().version(), 0);
}

#[tokio::test]
async fn rfc_6891_6_1_1_two_opt_records_are_one_too_many() {
    let world = site().await;
    let mut question = question(name(1, "@"), RecordType::A);
    question.set_edns(Edns::new());
    let mut bytes = question.to_vec().unwrap();
    let opt = bytes[bytes.len() - 11..].to_vec();
    bytes.extend_from_slice(&opt);
    bytes[11] = 2;
    assert_eq!(world.raw(&bytes).await[3] & 0xf, 1);
}

#[tokio::test]
async fn rfc_6891_6_1_2_unknown_options_are_ignored() {
    let world = site().await;
    let mut question = question(name(1, "@"), RecordType::A);
    let mut edns = Edns::new();
    edns.options_mut()
        .insert(EdnsOption::Unknown(65_001, vec![1, 2, 3]));
    question.set_edns(edns);
    let answer = world.send(&question).await;
    assert_eq!(data(&answer), ["9.0.0.1"]);
}

#[tokio::test]
async fn rfc_3225_3_the_do_bit_is_copied() {
    let world = site().await;
    for wanted in [true, false] {
        let mut question = question(name(1, "@"), RecordType::A);
        let mut edns = Edns::new();
        edns.set_dnssec_ok(wanted);
        question.set_edns(edns);
        let answer = world.send(&question).await;
        assert_eq!(answer.edns.unwrap().flags().dnssec_ok, wanted);
    }
}

#[tokio::test]
async fn rfc_7873_5_2_cookies_are_answered_with_ours() {
    let world = site().await;
    let asked = |cookie: &[u8]| {
        let mut question = question(name(1, "@"), RecordType::A);
        let mut edns = Edns::new();
        edns.options_mut()
            .insert(EdnsOption::Unknown(10, cookie.to_vec()));
        question.set_edns(edns);
        question
    };
    let answer = world.send(&asked(b"12345678")).await;
    let option = answer.edns.as_ref().unwrap().option(10.into()).unwrap();
    let cookie = Vec::<u8>::try_from(option).unwrap();
    assert_eq!(cookie[..8], *b"12345678");
    assert_eq!(cookie.len(), 24);
    // A length that none has is a format error.
    let answer = world.raw(&asked(b"123").to_vec().unwrap()).await;
    assert_eq!(answer[3] & 0xf, 1);
    // Section 5.4: a cookie can be had alone.
    let mut alone = asked(b"12345678");
    alone.queries.clear();
    let answer = Message::from_vec(&world.raw(&alone.to_vec().unwrap()).await).unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
    assert!(answer.edns.unwrap().option(10.into()).is_some());
}

// --- RFC 8482 --------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn rfc_8482_4_1_any_is_answered_with_one_set() {
    let world = site().await;
    let answer = world.ask(name(1, "@"), RecordType::ANY).await;
    assert_eq!(answer.answers.len(), 1);
    let answer = world.ask(name(1, "nothing"), RecordType::ANY).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
}

// --- RFC 8767 and 8914 -----------------------------------------------------------------------------------------------

#[tokio::test]
async fn rfc_8767_4_what_has_expired_is_better_than_nothing() {
    let world = World::new().await;
    world.has_since(1, "@ 600 A 9.0.0.1", Duration::from_secs(7200));
    let answer = world.ask_edns(name(1, "@"), RecordType::A).await;
    assert_eq!(data(&answer), ["9.0.0.1"]);
    assert_eq!(answer.answers[0].ttl, 30);
    // RFC 8914, section 4.4, and 4.20 for a name that wasn't there.
    assert_eq!(extended_error(&answer), Some(3));
    let missing = world.ask_edns(name(1, "missing"), RecordType::A).await;
    assert_eq!(missing.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(extended_error(&missing), Some(19));
}

#[tokio::test]
async fn rfc_8914_failures_are_explained() {
    let world = World::new().await;
    // Nobody answers for this key, and nothing is remembered.
    let answer = world.ask_edns(name(7, "@"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(extended_error(&answer), Some(22));
    let answer = world.ask_edns(icann("example.com."), RecordType::A).await;
    assert_eq!(extended_error(&answer), Some(20));
    world.has(1, "home A 192.168.1.1");
    let answer = world.ask_edns(name(1, "home"), RecordType::A).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
    assert_eq!(extended_error(&answer), Some(17));
}

// --- RFC 9460 --------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn rfc_9460_2_services_are_answered_as_they_are() {
    let world = site().await;
    let answer = world.ask(name(1, "@"), RecordType::HTTPS).await;
    assert_eq!(answer.answers.len(), 1);
    let said = data(&answer).remove(0);
    assert!(said.contains("8443") && said.contains("h2"), "{said}");
}

#[tokio::test]
async fn rfc_9460_4_1_addresses_of_the_service_go_along() {
    let world = site().await;
    for (below, qtype, target, addresses) in [
        ("@", RecordType::HTTPS, "@", 2),
        ("_foo", RecordType::SVCB, "svc", 1),
    ] {
        let answer = world.ask(name(1, below), qtype).await;
        let along: Vec<_> = answer
            .additionals
            .iter()
            .filter(|record| record.name == name(1, target))
            .collect();
        assert_eq!(along.len(), addresses, "{below}");
    }
}

// --- RFC 5625 and others: what isn't answered ------------------------------------------------------------------------

#[tokio::test]
async fn answers_and_scraps_are_met_with_silence() {
    let world = site().await;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(world.dns).await.unwrap();
    let mut answer = Message::new(1, MessageType::Response, OpCode::Query);
    answer.add_query(Query::query(name(1, "@"), RecordType::A));
    for silent in [&answer.to_vec().unwrap()[..], b"", b"x", &[0; 11]] {
        socket.send(silent).await.unwrap();
    }
    // The answer to what comes last is the first and only one.
    let last = question(name(1, "@"), RecordType::A);
    socket.send(&last.to_vec().unwrap()).await.unwrap();
    let mut room = vec![0; 1500];
    let size = socket.recv(&mut room).await.unwrap();
    check(&last, &room[..size]);
}
