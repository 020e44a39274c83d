//! Relays: every answer there is, and servers that mean harm.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    net::TcpListener,
    time::{Duration, Instant, SystemTime},
};

use futures_util::StreamExt;
use pkarr_host::{
    item::{ItemError, Seq, SignedItem},
    key::PublicKey,
    relays::{RelayAnswer, RelayError, RelayLimits, RelayPolicy, RelayPut, Relays},
};
use support::{
    item, pair,
    relay::{FakeRelay, Reply, Sent},
    seq,
};
use url::Url;

/// Short, for servers that never answer.
const LIMITS: RelayLimits = RelayLimits {
    connect: Duration::from_millis(1000),
    total: Duration::from_millis(1500),
};

fn key() -> PublicKey {
    pair(1).public()
}

fn using(urls: &[&Url]) -> Relays {
    Relays::new(urls.iter().copied().cloned().collect(), LIMITS).unwrap()
}

/// Asks a relay of its own for the key of pair 1.
async fn ask(url: &Url, known: Option<Seq>) -> Result<RelayAnswer, RelayError> {
    let relays = using(&[url]);
    relays
        .get(url, &key(), known, RelayPolicy::CacheFirst)
        .await
}

async fn answer_to(reply: Reply, known: Option<i64>) -> Result<RelayAnswer, RelayError> {
    let relay = FakeRelay::always(reply).await;
    ask(&relay.url, known.map(seq)).await
}

async fn answer_to_put(reply: Reply) -> Result<RelayPut, RelayError> {
    let relay = FakeRelay::always(reply).await;
    let relays = using(&[&relay.url]);
    relays.put(&relay.url, &item(1, 1), None).await
}

fn holding(item: &SignedItem) -> Reply {
    Reply::new(200, item.to_relay_payload())
}

#[tokio::test]
async fn an_item_arrives_with_the_time_it_was_seen() {
    let held = item(1, 5_000_000);
    for (date, seen) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("yesterday", None),
        ("", None),
    ] {
        let reply = holding(&held).with("Memento-Datetime", date);
        let expected = RelayAnswer::Item {
            item: held.clone(),
            seen: seen.map(|at| SystemTime::UNIX_EPOCH + Duration::from_secs(at)),
        };
        assert_eq!(answer_to(reply, None).await, Ok(expected), "{date}");
    }
}

#[tokio::test]
async fn a_question_says_what_is_known_and_how_far_to_go() {
    let relay = FakeRelay::always(Reply::new(404, "")).await;
    let prefixed = relay.url.join("some/pkarr").unwrap();
    let relays = using(&[&prefixed]);
    let late = seq(784_111_777_000_000 + 900_000);
    for (known, policy) in [
        (None, RelayPolicy::CacheFirst),
        (Some(late), RelayPolicy::NetworkOnly),
        // Too early and too late for a date.
        (Some(seq(999_999)), RelayPolicy::CacheFirst),
        (Some(seq(i64::MAX)), RelayPolicy::CacheFirst),
    ] {
        let answer = relays.get(&prefixed, &key(), known, policy).await;
        assert!(matches!(answer, Ok(RelayAnswer::Absent { .. })));
    }
    let path = format!("/some/pkarr/{}", key());
    let asked = relay.asked();
    assert_eq!(asked[0].path, path);
    assert_eq!(asked[0].header("If-Modified-Since"), None);
    assert_eq!(asked[0].header("Cache-Control"), None);
    assert_eq!(asked[0].header("Cookie"), None);
    assert_eq!(asked[1].path, format!("{path}?policy=NetworkOnly"));
    assert_eq!(asked[1].header("Cache-Control"), Some("no-cache"));
    // The second before, so that nothing published within the same second is hidden.
    let since = asked[1].header("If-Modified-Since");
    assert_eq!(since, Some("Sun, 06 Nov 1994 08:49:36 GMT"));
    assert_eq!(asked[2].header("If-Modified-Since"), None);
    assert_eq!(asked[3].header("If-Modified-Since"), None);
}

#[tokio::test]
async fn what_is_not_newer_is_told_apart() {
    let at = 5_000_000;
    let not_modified = Ok(RelayAnswer::NotModified);
    let answer = answer_to(Reply::new(304, ""), Some(at)).await;
    assert_eq!(answer, not_modified);
    // Nothing was known that could be unmodified.
    let answer = answer_to(Reply::new(304, ""), None).await;
    let unexpected = |error| matches!(error, RelayError::Unexpected { status: 304, .. });
    assert!(answer.is_err_and(unexpected));
    // A relay that looks at no dates sends what it has.
    let held = item(1, at);
    let answer = answer_to(holding(&held), Some(at + 1)).await;
    assert_eq!(answer, not_modified);
    for known in [Some(at), Some(at - 1), None] {
        let (item, seen) = (held.clone(), None);
        let answer = answer_to(holding(&held), known).await;
        assert_eq!(answer, Ok(RelayAnswer::Item { item, seen }));
    }
}

#[tokio::test]
async fn absence_may_come_with_a_number() {
    for (number, known, newer_invalid) in [
        (None, None, None),
        (Some("7000000"), None, Some(7_000_000)),
        (Some("7000000"), Some(6_999_999), Some(7_000_000)),
        (Some("7000000"), Some(7_000_000), None),
        (Some("-1"), None, None),
        (Some("99999999999999999999"), None, None),
        (Some("seven"), None, None),
    ] {
        let mut reply = Reply::new(404, "");
        if let Some(number) = number {
            reply = reply.with("Pkarr-Invalid-Signed-Packet-Seq", number);
        }
        let newer_invalid = newer_invalid.map(seq);
        let answer = answer_to(reply, known).await;
        assert_eq!(
            answer,
            Ok(RelayAnswer::Absent { newer_invalid }),
            "{number:?}"
        );
    }
}

#[tokio::test]
async fn forged_items_are_refused() {
    let genuine = item(1, 5_000_000).to_relay_payload();
    let of_another_key = item(2, 5_000_000).to_relay_payload();
    let mut changed = genuine.clone();
    *changed.last_mut().unwrap() ^= 1;
    let mut later = genuine.clone();
    later[71] ^= 1;
    let mut negative = genuine.clone();
    negative[64] = 0x80;
    let bad_signature = ItemError::Signature(key());
    for (payload, error) in [
        (of_another_key, bad_signature.clone()),
        (changed, bad_signature.clone()),
        (later, bad_signature.clone()),
        (genuine[..100].to_vec(), bad_signature),
        (negative, ItemError::Seq),
    ] {
        let answer = answer_to(Reply::new(200, payload), None).await;
        assert_eq!(answer, Err(RelayError::Forged(error)));
    }
    for length in [0, 1, 71] {
        let answer = answer_to(Reply::new(200, &genuine[..length]), None).await;
        let short = |error| matches!(error, RelayError::Forged(ItemError::Length { .. }));
        assert!(answer.is_err_and(short), "{length}");
    }
}

#[tokio::test]
async fn no_more_is_read_than_an_item_can_have() {
    let largest = SignedItem::sign(&pair(1), seq(1), &[7; 1000]).unwrap();
    let mut payload = largest.to_relay_payload();
    assert_eq!(payload.len(), 1072);
    let answer = answer_to(holding(&largest), None).await;
    assert!(matches!(answer, Ok(RelayAnswer::Item { item, .. }) if item == largest));
    payload.push(0);
    let dripping = Sent::Dripping(payload.clone(), Duration::ZERO);
    for reply in [
        Reply::new(200, payload),
        Reply::sent(200, dripping),
        Reply::sent(200, Sent::Endless),
    ] {
        assert_eq!(answer_to(reply, None).await, Err(RelayError::TooLarge));
    }
}

#[tokio::test]
async fn no_server_holds_a_question_up() {
    let held = item(1, 5_000_000);
    let slowly = |pause| {
        let sent = Sent::Dripping(held.to_relay_payload(), Duration::from_millis(pause));
        Reply::sent(200, sent)
    };
    assert!(answer_to(slowly(1), None).await.is_ok());
    // A listener that never accepts: the connection stands, and nothing follows.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url: Url = format!("http://{}", silent.local_addr().unwrap())
        .parse()
        .unwrap();
    let started = Instant::now();
    let (never, dripping, unheard) = tokio::join!(
        answer_to(Reply::sent(200, Sent::Never), None),
        answer_to(slowly(100), None),
        ask(&url, None),
    );
    for answer in [never, dripping, unheard] {
        assert_eq!(answer, Err(RelayError::Timeout));
    }
    assert!(started.elapsed() < LIMITS.total * 3);
}

#[tokio::test]
async fn broken_answers_are_told_apart_from_no_connection() {
    let broken = |answer| matches!(answer, Err(RelayError::Http(_)));
    let payload = item(1, 5_000_000).to_relay_payload();
    let broken_off = Reply::sent(200, Sent::BrokenOff(payload.clone()));
    assert!(broken(answer_to(broken_off, None).await));
    let huge = Reply::new(200, payload.clone()).with("Huge", "x".repeat(600_000));
    assert!(broken(answer_to(huge, None).await));
    let mut many = Reply::new(200, payload);
    for number in 0..90 {
        many = many.with(&format!("Header-{number}"), "x");
    }
    assert!(broken(answer_to(many, None).await));

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let url: Url = format!("http://{}", other.local_addr().unwrap())
        .parse()
        .unwrap();
    let thread = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = other.accept().unwrap();
        stream.write_all(b"SSH-2.0-dropbear\r\n").unwrap();
    });
    assert!(broken(ask(&url, None).await));
    thread.join().unwrap();

    // The listener is gone now.
    let answer = ask(&url, None).await;
    assert!(matches!(answer, Err(RelayError::Connect(_))), "{answer:?}");
    // A server that speaks no TLS.
    let relay = FakeRelay::always(Reply::new(404, "")).await;
    let mut url = relay.url.clone();
    url.set_scheme("https").unwrap();
    let answer = ask(&url, None).await;
    assert!(matches!(answer, Err(RelayError::Connect(_))), "{answer:?}");
}

#[tokio::test]
async fn redirects_lead_to_no_other_server() {
    let elsewhere = FakeRelay::always(holding(&item(1, 5_000_000))).await;
    let to = elsewhere.url.join("a").unwrap();
    for status in [301, 302, 303, 307, 308] {
        let reply = || Reply::new(status, "").with("Location", &to);
        let refused = RelayError::Redirect { to: to.to_string() };
        assert_eq!(answer_to(reply(), None).await, Err(refused.clone()));
        assert_eq!(answer_to_put(reply()).await, Err(refused));
    }
    assert!(elsewhere.asked().is_empty());
    let odd = Reply::new(302, "").with("Location", "file:///etc/passwd");
    let answer = answer_to(odd, None).await;
    assert!(
        matches!(answer, Err(RelayError::Redirect { .. })),
        "{answer:?}"
    );
}

#[tokio::test]
async fn redirects_on_the_same_server_are_followed_twice() {
    let held = item(1, 5_000_000);
    let payload = held.to_relay_payload();
    let relay = FakeRelay::start(move |asked| {
        let onward = |to: &str| Reply::new(307, "").with("Location", to);
        match asked.path.as_str() {
            "/two" => Reply::new(200, payload.clone()).with("Pkarr-Dht-Stored-Nodes", 3),
            "/one" => onward("two"),
            path if path.starts_with("/near/") => onward("/one"),
            path if path.starts_with("/seen/") => Reply::new(303, "").with("Location", "/two"),
            _ => onward(&asked.path),
        }
    })
    .await;
    let near = relay.url.join("near/").unwrap();
    let answer = ask(&near, None).await;
    assert!(matches!(answer, Ok(RelayAnswer::Item { item, .. }) if item == held));
    let stored = using(&[&near]).put(&near, &held, None).await;
    assert_eq!(stored, Ok(RelayPut { stored: 3 }));
    let last = relay.asked().pop().unwrap();
    assert_eq!(
        (last.method.as_str(), last.body),
        ("PUT", held.to_relay_payload())
    );

    // One that would turn the PUT into a GET, and one that goes round and round.
    let seen = relay.url.join("seen/").unwrap();
    for url in [&seen, &relay.url] {
        let before = relay.asked().len();
        let stored = using(&[url]).put(url, &held, None).await;
        let redirected = |error| matches!(error, RelayError::Redirect { .. });
        assert!(stored.is_err_and(redirected), "{url}");
        assert!(relay.asked().len() - before <= 3);
    }
}

#[tokio::test]
async fn every_status_has_its_meaning() {
    let reason = || "why not".to_owned();
    let failed = |status| RelayError::Failed {
        status,
        reason: reason(),
    };
    let unexpected = |status| RelayError::Unexpected {
        status,
        reason: reason(),
    };
    let unavailable = RelayError::Unavailable {
        retry_after: None,
        reason: reason(),
    };
    for (status, error) in [
        (400, RelayError::Refused { reason: reason() }),
        (401, unexpected(401)),
        (409, RelayError::Conflict),
        (412, RelayError::Conflict),
        (413, RelayError::ItemTooLarge),
        (428, RelayError::Conflict),
        (429, RelayError::RateLimited { retry_after: None }),
        (418, unexpected(418)),
        (500, failed(500)),
        (502, failed(502)),
        (503, unavailable),
        (599, failed(599)),
        (300, unexpected(300)),
        (206, unexpected(206)),
    ] {
        let reply = || Reply::new(status, "why not");
        assert_eq!(answer_to(reply(), None).await, Err(error.clone()));
        assert_eq!(answer_to_put(reply()).await, Err(error));
    }
    // An answer to the other question.
    let answer = answer_to(Reply::new(204, ""), None).await;
    assert!(matches!(
        answer,
        Err(RelayError::Unexpected { status: 204, .. })
    ));
    let answer = answer_to_put(Reply::new(404, "")).await;
    assert!(matches!(
        answer,
        Err(RelayError::Unexpected { status: 404, .. })
    ));
}

#[tokio::test]
async fn what_relays_say_is_cut_and_escaped() {
    let mut said = b"\x1b[2Jno \"\xff\r\n".to_vec();
    said.extend([b'x'; 1000]);
    for reply in [
        Reply::new(500, said.clone()),
        Reply::sent(500, Sent::Endless),
    ] {
        let error = answer_to(reply, None).await.unwrap_err().to_string();
        assert!(error.len() < 300, "{error}");
    }
    let error = answer_to(Reply::new(500, said), None).await.unwrap_err();
    let RelayError::Failed { reason, .. } = error else {
        panic!("{error}")
    };
    assert!(reason.starts_with(r#"\x1b[2Jno \"\xff\r\nxxx"#), "{reason}");
    assert!(reason.is_ascii() && !reason.contains(|c: char| c.is_control()));

    let to = format!("https://elsewhere.example/{}", "y".repeat(5000));
    let answer = answer_to(Reply::new(302, "").with("Location", to), None).await;
    let Err(RelayError::Redirect { to }) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(to.len(), 200);
    // The status is told even if its reason never ends.
    let dripping = Sent::Dripping(b"because of".to_vec(), Duration::from_millis(300));
    let relay = FakeRelay::always(Reply::sent(400, dripping)).await;
    let patient = Relays::new(vec![relay.url.clone()], RelayLimits::default()).unwrap();
    let answer = patient.put(&relay.url, &item(1, 1), None).await;
    let Err(RelayError::Refused { reason }) = answer else {
        panic!("{answer:?}")
    };
    assert!("because of".starts_with(&reason) && !reason.is_empty());
}

#[tokio::test]
async fn items_are_given_to_all_relays() {
    let counts = |count: &'static str| {
        FakeRelay::always(Reply::new(204, "").with("Pkarr-Dht-Stored-Nodes", count))
    };
    let (twelve, odd, old, stale) = tokio::join!(
        counts("12"),
        counts("many"),
        FakeRelay::always(Reply::new(204, "")),
        FakeRelay::always(Reply::new(409, "")),
    );
    let relays = using(&[&twelve.url, &odd.url, &old.url, &stale.url]);
    let given = item(1, 5_000_000);
    let answers = relays.put_all(&given, Some(seq(4_000_000))).await;
    assert_eq!(
        answers,
        [
            (twelve.url.clone(), Ok(RelayPut { stored: 12 })),
            (odd.url.clone(), Ok(RelayPut { stored: 1 })),
            (old.url.clone(), Ok(RelayPut { stored: 1 })),
            (stale.url.clone(), Err(RelayError::Conflict)),
        ]
    );
    for relay in [twelve, odd, old, stale] {
        let asked = relay.asked().pop().unwrap();
        assert_eq!(asked.path, format!("/{}", key()));
        assert_eq!(asked.body, given.to_relay_payload());
        assert_eq!(asked.header("If-Match"), Some("4000000"));
    }
}

#[tokio::test]
async fn answers_come_as_they_arrive() {
    let held = item(1, 5_000_000);
    let slow = Sent::Dripping(held.to_relay_payload(), Duration::from_millis(2));
    let (slow, quick, silent) = tokio::join!(
        FakeRelay::always(Reply::sent(200, slow)),
        FakeRelay::always(Reply::new(404, "")),
        FakeRelay::always(Reply::sent(200, Sent::Never)),
    );
    let relays = using(&[&silent.url, &slow.url, &quick.url]);
    let answers = relays.get_all(&key(), None, RelayPolicy::CacheFirst);
    let order: Vec<_> = answers.map(|(url, _)| url).collect().await;
    assert_eq!(
        order,
        [quick.url.clone(), slow.url.clone(), silent.url.clone()]
    );
    // Who has enough drops the rest.
    let mut answers = Box::pin(relays.get_all(&key(), None, RelayPolicy::CacheFirst));
    assert_eq!(answers.next().await.unwrap().0, quick.url);
    drop(answers);
    let elsewhere: Url = "http://127.0.0.1:1/".parse().unwrap();
    let key = key();
    let answer = relays.get(&elsewhere, &key, None, RelayPolicy::CacheFirst);
    assert_eq!(answer.await, Err(RelayError::Unknown(elsewhere.clone())));
}

#[tokio::test]
async fn a_relay_that_asks_for_a_pause_gets_it() {
    let busy = Reply::new(429, "slow down").with("Retry-After", 1);
    let relay = FakeRelay::always(busy).await;
    let relays = using(&[&relay.url]);
    let policy = RelayPolicy::CacheFirst;
    let key = key();
    let ask = || relays.get(&relay.url, &key, None, policy);
    let retry_after = Some(Duration::from_secs(1));
    let limited = RelayError::RateLimited { retry_after };
    assert_eq!(ask().await, Err(limited.clone()));
    relay.now_answers(Reply::new(404, ""));
    let Err(RelayError::Resting { wait }) = ask().await else {
        panic!("asked again")
    };
    assert!(wait <= Duration::from_secs(1));
    let put = relays.clone().put(&relay.url, &item(1, 1), None).await;
    assert!(matches!(put, Err(RelayError::Resting { .. })));
    assert_eq!(relay.asked().len(), 1);
    let status = relays.statuses().pop().unwrap();
    assert!(status.resting.is_some() && status.last_success.is_none());
    assert_eq!(status.last_error.unwrap().1, limited);

    tokio::time::sleep(wait + Duration::from_millis(20)).await;
    assert!(ask().await.is_ok());
    let status = relays.statuses().pop().unwrap();
    assert_eq!((status.failures, status.resting), (0, None));
    assert!(status.last_success.is_some() && status.latency.is_some());

    let tomorrow = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(86_400));
    relay.now_answers(Reply::new(503, "").with("Retry-After", tomorrow));
    let Err(RelayError::Unavailable { retry_after, .. }) = ask().await else {
        panic!("available")
    };
    assert!(retry_after.unwrap() > Duration::from_secs(86_000));
    // What is asked for is kept, what is granted is at most an hour.
    let Err(RelayError::Resting { wait }) = ask().await else {
        panic!("asked again")
    };
    assert!(wait <= Duration::from_secs(3600) && wait > Duration::from_secs(3500));
}

#[tokio::test]
async fn a_relay_that_keeps_failing_is_left_alone() {
    let (bad, good) = tokio::join!(
        FakeRelay::always(Reply::new(500, "")),
        FakeRelay::always(Reply::new(404, "")),
    );
    let relays = using(&[&bad.url, &good.url]);
    for _ in 0..5 {
        let answers = relays.get_all(&key(), None, RelayPolicy::CacheFirst);
        assert_eq!(answers.count().await, 2);
    }
    assert_eq!((bad.asked().len(), good.asked().len()), (3, 5));
    let statuses = relays.statuses();
    assert_eq!(statuses[0].url, bad.url);
    assert_eq!(statuses[0].failures, 3);
    assert!(statuses[0].resting.is_some() && statuses[1].resting.is_none());
}
