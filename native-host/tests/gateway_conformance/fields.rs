//! Fields: what is malformed, what is for one connection only, what passes untouched.

use super::{
    wire::{Fault, Message},
    world::{Site, World},
};

async fn get(world: &World, site: &Site, fields: &str) -> Message {
    let request = format!("GET http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\n{fields}\r\n");
    let answer = world.ask(site, &request).await.unwrap();
    assert_eq!(answer.status(), 200, "{fields:?}: {answer:?}");
    site.requests(world).pop().unwrap()
}

#[tokio::test]
async fn malformed_fields_are_refused() {
    let world = World::new().await;
    let site = Site::plain().await;
    for field in [
        "X : y",
        "X\t: y",
        " X: y",
        "X y: z",
        ": y",
        "X",
        "X: a\r\n b",
        "X: a\r\n\tb",
        "X: a\rb",
        "X: a\r\r",
        "X: a\0b",
        "X: a\u{1}b",
        "X: a\u{7f}b",
        "X\0: y",
        "X\r: y",
        "X(: y",
        "\u{e9}: y",
        "X: a\nContent-Length : 5",
        "X: a\rContent-Length: 5",
    ] {
        let mut client = world.client().await;
        let request = format!("GET http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\n{field}\r\n\r\n");
        client.send(world.about(&site, &request)).await;
        let answer = client.answer("GET").await.unwrap();
        assert_eq!(answer.status(), 400, "{field:?}: {answer:?}");
        assert_eq!(client.answer("GET").await.unwrap_err(), Fault::Ended);
        assert!(site.requests(&world).is_empty(), "{field:?}");
    }
}

#[tokio::test]
async fn lines_that_end_in_lf_are_refused_or_mended() {
    let world = World::new().await;
    // RFC 9112, section 2.2 lets a recipient take a bare LF for the end of a line. What goes on must
    // be without; the site sees to that.
    for request in [
        "GET http://{h}/ HTTP/1.1\nHost: {h}\nX: y\n\n",
        "GET http://{h}/ HTTP/1.1\r\nHost: {h}\nX: y\r\n\r\n",
        "GET http://{h}/ HTTP/1.1\r\nHost: {h}\r\nX: y\n\r\n",
        "\r\n\r\nGET http://{h}/ HTTP/1.1\r\nHost: {h}\r\nX: y\r\n\r\n",
    ] {
        let site = Site::plain().await;
        let answer = world.ask(&site, request).await.unwrap();
        match answer.status() {
            200 => assert_eq!(site.requests(&world)[0].field("x"), Some("y")),
            status => assert_eq!(status, 400, "{request:?}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn fields_of_one_connection_go_no_further() {
    let world = World::new().await;
    let site = Site::plain().await;
    let seen = get(
        &world,
        &site,
        "Connection: X-One, x-two\r\nConnection: X-Three,,TE\r\nX-One: 1\r\nX-TWO: 2\r\nX-Three: 3\r\n\
         X-Three: 4\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Connection: keep-alive\r\n\
         Proxy-Authorization: Basic eA==\r\nX-Four: 4\r\n",
    )
    .await;
    for gone in ["x-one", "x-two", "x-three"] {
        assert!(seen.all(gone).is_empty(), "{seen:?}");
    }
    assert_eq!(seen.field("x-four"), Some("4"));
}

#[tokio::test]
async fn a_connection_field_takes_away_no_framing() {
    let world = World::new().await;
    let site = Site::plain().await;
    for (named, head, body) in [
        ("Content-Length", "Content-Length: 5", "hello"),
        (
            "Transfer-Encoding",
            "Transfer-Encoding: chunked",
            "5\r\nhello\r\n0\r\n\r\n",
        ),
        ("Host", "Content-Length: 5", "hello"),
    ] {
        let request = format!(
            "POST http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\nConnection: {named}\r\n{head}\r\n\r\n{body}"
        );
        let answer = world.ask(&site, &request).await.unwrap();
        assert!([200, 400].contains(&answer.status()), "{named}: {answer:?}");
        if answer.status() == 200 {
            let request = site.requests(&world).pop().unwrap();
            assert_eq!(request.text(), "hello", "{named}");
        }
    }
    world.settle(&site).await;
}

#[tokio::test]
async fn the_connection_to_the_site_becomes_nothing_but_a_web_socket() {
    let world = World::new().await;
    let site = Site::plain().await;
    for fields in [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
        "Upgrade: TLS/1.0\r\n",
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: HTTP2-Settings\r\n",
    ] {
        let seen = get(&world, &site, fields).await;
        assert!(seen.all("upgrade").is_empty(), "{seen:?}");
    }
}

#[tokio::test]
async fn everything_else_passes_untouched() {
    let world = World::new().await;
    let site = Site::plain().await;
    let fields = [
        ("Range", "bytes=0-9, 20-"),
        ("If-Range", "\"tag\""),
        ("Accept-Encoding", "gzip, br;q=0.9"),
        ("Content-Encoding", "gzip"),
        ("Cookie", "a=b; c=\"d\""),
        ("Authorization", "Basic eDp5"),
        ("Origin", "null"),
        ("X-Empty", ""),
        ("X-Tab", "a\tb"),
        ("X-Same", "1"),
        ("X-Same", "2"),
        ("x-same", "3"),
        ("Expect-CT", "x"),
        ("Cache-Control", "no-cache"),
        ("Sec-Fetch-Dest", "image"),
    ];
    let lines: String = fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let seen = get(&world, &site, &lines).await;
    for (name, _) in fields {
        let sent: Vec<_> = fields
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
            .collect();
        assert_eq!(seen.all(name), sent, "{name}");
    }
    // The fifteen, and `Host`.
    assert_eq!(seen.fields.len(), 16, "{seen:?}");
}

#[tokio::test]
async fn bytes_above_ascii_pass_in_values() {
    let world = World::new().await;
    let site = Site::plain().await;
    let mut client = world.client().await;
    let head = "GET http://{h}/ HTTP/1.1\r\nHost: {h}\r\nX: caf";
    client.send(world.about(&site, head)).await;
    client.send(b"\xe9\xff\r\n\r\n").await;
    assert_eq!(client.answer("GET").await.unwrap().status(), 200);
    assert_eq!(site.requests(&world)[0].field("x"), Some("caf\u{e9}\u{ff}"));
}

#[tokio::test]
async fn too_much_is_refused_with_its_status() {
    let world = World::new().await;
    let site = Site::plain().await;
    let long = format!(
        "GET http://{{h}}/{} HTTP/1.1\r\nHost: {{h}}\r\n\r\n",
        "a".repeat(500_000)
    );
    let wide = format!(
        "GET http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\nX: {}\r\n\r\n",
        "a".repeat(500_000)
    );
    let many = format!(
        "GET http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\n{}\r\n",
        "X: y\r\n".repeat(5000)
    );
    for (request, statuses) in [(long, [414, 431]), (wide, [431, 400]), (many, [431, 400])] {
        let answer = world.ask(&site, &request).await.unwrap();
        let start = &request[..60];
        assert!(statuses.contains(&answer.status()), "{start}: {answer:?}");
    }
    assert!(site.requests(&world).is_empty());
}

#[tokio::test]
async fn what_browsers_send_at_most_is_let_through() {
    let world = World::new().await;
    let site = Site::plain().await;
    let cookies = format!("Cookie: a={}\r\n", "b".repeat(30_000));
    let many: String = (0..90).map(|number| format!("X-{number}: y\r\n")).collect();
    get(&world, &site, &cookies).await;
    get(&world, &site, &many).await;
}
