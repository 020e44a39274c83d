//! DNS over HTTPS (RFC 8484), a row per rule, and the same in JSON.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hickory_proto::{
    op::{Message, ResponseCode},
    rr::RecordType,
};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, body::Bytes, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    others::{Other, Said, a},
    world::*,
};

/// What came back.
pub(crate) struct Answered {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    /// A field's value; empty where it isn't there.
    fn field(&self, name: &str) -> &str {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.trim())
    }

    fn message(&self) -> Message {
        Message::from_vec(&self.body).unwrap()
    }
}

/// One request by bytes.
pub(crate) async fn http(
    world: &World,
    method: &str,
    target: &str,
    fields: &str,
    body: &[u8],
) -> Answered {
    let mut stream = TcpStream::connect(world.http).await.unwrap();
    let mut request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{fields}",
        world.http
    );
    if !body.is_empty() {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    // A server that refuses doesn't have to read to the end.
    let _ = stream.write_all(body).await;
    let mut all = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut all))
        .await
        .expect("no answer");
    let end = all
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    Answered {
        status: head[9..12].parse().unwrap(),
        head,
        body: all[end + 4..].to_vec(),
    }
}

fn target(question: &Message) -> String {
    let text = BASE64URL_NOPAD.encode(&question.to_vec().unwrap());
    format!("/dns-query?dns={text}")
}

async fn get(world: &World, question: &Message, fields: &str) -> Answered {
    http(world, "GET", &target(question), fields, b"").await
}

const POST: &str = "Content-Type: application/dns-message\r\n";

async fn site() -> (World, Message) {
    let world = World::new().await;
    world.has_since(
        1,
        "@ 3600 A 9.0.0.1\nmany 900 TXT one\nmany 600 TXT two",
        Duration::from_secs(100),
    );
    (world, question(name(1, "@"), RecordType::A))
}

#[tokio::test]
async fn rfc_8484_4_1_questions_come_by_get_and_by_post() {
    let (world, question) = site().await;
    let got = get(&world, &question, "Accept: application/dns-message\r\n").await;
    let bytes = question.to_vec().unwrap();
    let posted = http(&world, "POST", "/dns-query", POST, &bytes).await;
    for answered in [got, posted] {
        assert_eq!(answered.status, 200);
        assert_eq!(answered.field("content-type"), "application/dns-message");
        assert_eq!(answered.field("access-control-allow-origin"), "*");
        let message = check(&question, &answered.body);
        assert_eq!(data(&message), ["9.0.0.1"]);
    }
}

#[tokio::test]
async fn rfc_8484_5_2_it_is_answered_over_http_2() {
    let (world, question) = site().await;
    let stream = TcpStream::connect(world.http).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("http://{}{}", world.http, target(&question)))
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(data(&check(&question, &body)), ["9.0.0.1"]);
}

#[tokio::test]
async fn rfc_8484_4_1_any_acceptable_accept_is_accepted() {
    let (world, question) = site().await;
    for (accept, status) in [
        ("", 200),
        ("Accept: */*\r\n", 200),
        ("Accept: application/*\r\n", 200),
        ("Accept: text/html, Application/DNS-Message;q=0.5\r\n", 200),
        (
            "Accept: text/html\r\nAccept: application/dns-message\r\n",
            200,
        ),
        ("Accept: text/html\r\n", 406),
        ("Accept: application/dns-message;q=0\r\n", 406),
    ] {
        let answered = get(&world, &question, accept).await;
        assert_eq!(answered.status, status, "{accept}");
    }
}

#[tokio::test]
async fn rfc_8484_4_2_1_what_is_no_question_has_its_status() {
    let (world, question) = site().await;
    let bytes = question.to_vec().unwrap();
    let long = "A".repeat(6000);
    for (method, target, fields, body, status) in [
        ("GET", "/dns-query".to_owned(), "", &b""[..], 400),
        ("GET", "/dns-query?dns=".to_owned(), "", b"", 400),
        ("GET", "/dns-query?dns=A*A".to_owned(), "", b"", 400),
        ("GET", "/dns-query?dns=AAAA".to_owned(), "", b"", 400),
        ("GET", format!("/dns-query?dns={long}"), "", b"", 414),
        ("POST", "/dns-query".to_owned(), "", &bytes, 415),
        (
            "POST",
            "/dns-query".to_owned(),
            "Content-Type: text/plain\r\n",
            &bytes,
            415,
        ),
        ("POST", "/dns-query".to_owned(), POST, &[0; 5000], 413),
        ("POST", "/dns-query".to_owned(), POST, b"too short", 400),
        ("PUT", "/dns-query".to_owned(), POST, &bytes, 405),
        ("DELETE", "/dns-query".to_owned(), "", b"", 405),
    ] {
        let answered = http(&world, method, &target, fields, body).await;
        assert_eq!(answered.status, status, "{method} {target:.40} {fields}");
        assert_eq!(answered.field("cache-control"), "no-store");
        assert_eq!(answered.field("content-type"), "text/plain; charset=utf-8");
        // One line that says why.
        let reason = String::from_utf8(answered.body.clone()).unwrap();
        assert_eq!(reason.trim_end().lines().count(), 1, "{reason}");
        if status == 405 {
            assert!(answered.field("allow").contains("POST"));
        }
    }
}

#[tokio::test]
async fn rfc_8484_5_1_answers_are_fresh_as_long_as_their_records() {
    let (world, question) = site().await;
    let max_age = |answered: &Answered| -> u64 {
        let value = answered.field("cache-control");
        value
            .strip_prefix("max-age=")
            .unwrap_or(value)
            .parse()
            .unwrap()
    };
    let age = max_age(&get(&world, &question, "").await);
    assert!((3440..=3500).contains(&age), "{age}");
    // The least of several.
    let many = super::world::question(name(1, "many"), RecordType::TXT);
    let age = max_age(&get(&world, &many, "").await);
    assert!((440..=500).contains(&age), "{age}");
    // What isn't there: as long as its start of authority.
    let missing = super::world::question(name(1, "missing"), RecordType::A);
    let answered = get(&world, &missing, "").await;
    assert_eq!(
        answered.message().metadata.response_code,
        ResponseCode::NXDomain
    );
    assert!((1..=300).contains(&max_age(&answered)));
}

#[tokio::test]
async fn rfc_8484_5_1_an_alias_alone_is_fresh_as_long_as_it_is_and_for_nobody_else() {
    let upstream = Other::start(|name, _| Said::records(vec![a(name, [9, 9, 9, 9])])).await;
    // Others than this client would be told where the alias leads.
    let stranger = World::with(&format!(
        "forward = [\"{}\"]\nforward-for = [\"203.0.113.0/24\"]",
        upstream.address
    ))
    .await;
    let nobody = World::new().await;
    let asked = super::world::question(name(1, "www"), RecordType::MX);
    for (world, private) in [(&stranger, true), (&nobody, false)] {
        world.has(1, "www 700 CNAME site.example.\n@ 60 TXT other");
        // Anew each time, or from memory.
        for _ in 0..2 {
            let answered = get(world, &asked, "").await;
            assert_eq!(data(&answered.message()), ["site.example."]);
            let shown = answered.message().answers[0].ttl;
            let kept = answered.field("cache-control");
            let age = kept.trim_start_matches("private, ");
            assert_eq!(kept.starts_with("private"), private, "{kept}");
            assert_eq!(age, format!("max-age={shown}"));
            assert!((600..=700).contains(&shown), "{shown}");
        }
    }
}

#[tokio::test]
async fn rfc_8484_5_1_failures_are_not_kept() {
    let world = World::new().await;
    for (asked, code) in [
        (name(7, "@"), ResponseCode::ServFail),
        (icann("example.com."), ResponseCode::Refused),
    ] {
        let answered = get(&world, &question(asked, RecordType::A), "").await;
        assert_eq!(answered.status, 200);
        assert_eq!(answered.message().metadata.response_code, code);
        assert_eq!(answered.field("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn rfc_8484_6_answers_are_never_truncated() {
    let world = World::new().await;
    let text = "x".repeat(240);
    world.has(1, &format!("@ TXT {text}\n@ TXT a{text}\n@ TXT b{text}"));
    let question = question(name(1, "@"), RecordType::TXT);
    let answered = get(&world, &question, "").await;
    assert!(answered.body.len() > 512);
    let message = check(&question, &answered.body);
    assert!(!message.metadata.truncation);
    assert_eq!(message.answers.len(), 3);
}

#[tokio::test]
async fn pages_of_other_origins_may_ask() {
    let (world, _) = site().await;
    let fields = "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n\
                  Access-Control-Request-Headers: content-type\r\n";
    let answered = http(&world, "OPTIONS", "/dns-query", fields, b"").await;
    assert_eq!(answered.status, 204);
    assert_eq!(answered.field("access-control-allow-origin"), "*");
    assert!(
        answered
            .field("access-control-allow-methods")
            .contains("POST")
    );
    let allowed = answered
        .field("access-control-allow-headers")
        .to_lowercase();
    assert!(allowed.contains("content-type"), "{allowed}");
}

#[tokio::test]
async fn names_are_answered_in_json() {
    let (world, _) = site().await;
    let key = pair(1).public();
    let target = format!("/dns-query?name={key}&type=a&do=1&cd=1");
    let answered = http(
        &world,
        "GET",
        &target,
        "Accept: application/dns-json\r\n",
        b"",
    )
    .await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.field("content-type"), "application/dns-json");
    assert!(answered.field("cache-control").starts_with("max-age="));
    let json: serde_json::Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(json["Status"], 0);
    assert_eq!(json["CD"], true);
    assert_eq!(json["Question"][0]["name"], format!("{key}."));
    assert_eq!(json["Question"][0]["type"], 1);
    assert_eq!(json["Answer"][0]["data"], "9.0.0.1");
    assert_eq!(json["Answer"][0]["type"], 1);
    assert!(json["Answer"][0]["TTL"].as_u64().unwrap() > 3000);

    let target = format!("/dns-query?type=16&name=many.{key}.");
    let answered = http(&world, "GET", &target, "", b"").await;
    let json: serde_json::Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(json["Answer"][0]["data"], "\"one\"");

    // As in a zone file, whatever the type.
    let target = format!("/dns-query?name=missing.{key}&type=A");
    let answered = http(&world, "GET", &target, "", b"").await;
    let json: serde_json::Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(json["Status"], 3);
    let start = json["Authority"][0]["data"].as_str().unwrap();
    let fields: Vec<&str> = start.split(' ').collect();
    assert_eq!(fields[0], format!("{key}."));
    assert_eq!(fields[1], "nobody.invalid.");
    assert_eq!(fields[3..6], ["3600", "600", "604800"]);
    assert_eq!(fields.len(), 7, "{start}");

    let target = "/dns-query?name=example.com";
    let answered = http(&world, "GET", target, "", b"").await;
    let json: serde_json::Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(json["Status"], 5);
    assert_eq!(json["extended_dns_errors"][0]["info_code"], 20);
    assert_eq!(answered.field("cache-control"), "no-store");

    for (query, status) in [
        ("name=", 400),
        ("name=a..b", 400),
        ("name=a&type=NOSUCHTYPE", 400),
        ("type=A", 400),
    ] {
        let target = format!("/dns-query?{query}");
        let answered = http(&world, "GET", &target, "", b"").await;
        assert_eq!(answered.status, status, "{query}");
    }
    let only_message = "Accept: application/dns-message\r\n";
    let answered = http(&world, "GET", "/dns-query?name=a", only_message, b"").await;
    assert_eq!(answered.status, 406);
}
