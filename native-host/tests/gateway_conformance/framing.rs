//! Where a request ends: every disagreement about it is a way to smuggle another one.

use super::{
    wire::{Fault, soon},
    world::{Site, World},
};

/// What follows each request here, and must never arrive as a request of its own.
const HIDDEN: &str = "GET http://{h}/hidden HTTP/1.1\r\nHost: {h}\r\n\r\n";

/// Sends a request with something hidden behind it. It must be refused, and the connection with it.
async fn assert_refused(world: &World, site: &Site, head: &str, body: &str) {
    let mut client = world.client().await;
    let request =
        format!("POST http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\n{head}\r\n\r\n{body}{HIDDEN}");
    client.send(world.about(site, &request)).await;
    match client.answer("POST").await {
        Ok(answer) => {
            assert!(
                (400..=599).contains(&answer.status()),
                "{request:?}: {answer:?}"
            );
            let rest = String::from_utf8(client.rest().await).unwrap();
            assert!(!rest.contains("/hidden"), "{request:?}: {rest}");
        }
        Err(fault) => assert!(
            matches!(fault, Fault::Ended | Fault::Cut),
            "{request:?}: {fault:?}"
        ),
    }
    world.settle(site).await;
    let requests = site.requests(world);
    assert!(requests.is_empty(), "{request:?}: {requests:?}");
}

#[tokio::test]
async fn a_length_that_is_not_one_number_is_refused() {
    let world = World::new().await;
    let site = Site::plain().await;
    for length in [
        "5\r\nContent-Length: 6",
        "5\r\nContent-Length: 0",
        "5, 6",
        "+5",
        "-5",
        "5 5",
        "0x5",
        "5abc",
        "5;",
        "\"5\"",
        "5.0",
        "",
        "18446744073709551616",
        "99999999999999999999999999",
        "\u{665}",
    ] {
        assert_refused(&world, &site, &format!("Content-Length: {length}"), "hello").await;
    }
}

#[tokio::test]
async fn a_length_said_twice_counts_once() {
    let world = World::new().await;
    for length in ["5", " 5\t", "5\r\nContent-Length: 5", "005"] {
        let site = Site::plain().await;
        let request = format!(
            "POST http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\nhello"
        );
        let answer = world.ask(&site, &request).await.unwrap();
        // RFC 9112, section 6.3: the same number again may be refused or taken for one.
        if answer.status() == 200 {
            let [request] = &site.requests(&world)[..] else {
                panic!("{length:?}");
            };
            assert_eq!(request.text(), "hello");
        } else {
            assert_eq!(answer.status(), 400, "{length:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_encoding_that_is_not_chunked_alone_is_refused() {
    let world = World::new().await;
    let site = Site::plain().await;
    for coding in [
        "identity",
        "chunked, identity",
        "xchunked",
        "chunkedx",
        "\"chunked\"",
        "chunked;q=1",
        "chunked\u{b}",
        "chunked\r\nTransfer-Encoding: identity",
        "",
    ] {
        let head = format!("Transfer-Encoding: {coding}");
        assert_refused(&world, &site, &head, "5\r\nhello\r\n0\r\n\r\n").await;
    }
    for head in [
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        "Transfer-Encoding:\r\n chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length : 5",
    ] {
        assert_refused(&world, &site, head, "5\r\nhello\r\n0\r\n\r\n").await;
    }
}

#[tokio::test]
async fn a_coding_that_is_not_undone_is_not_passed_off_as_none() {
    let world = World::new().await;
    let site = Site::plain().await;
    for head in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ] {
        let request = format!(
            "POST http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\n{head}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        );
        let answer = world.ask(&site, &request).await.unwrap();
        assert!(
            [400, 501].contains(&answer.status()),
            "{head:?}: {answer:?}"
        );
        world.settle(&site).await;
        assert!(site.requests(&world).is_empty(), "{head:?}");
    }
}

#[tokio::test]
async fn a_request_with_both_kinds_of_length_is_its_connections_last() {
    let world = World::new().await;
    for head in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 150\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\nContent-Length: 6",
    ] {
        let site = Site::plain().await;
        let mut client = world.client().await;
        let request = format!(
            "POST http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\n{head}\r\n\r\n0\r\n\r\n{HIDDEN}"
        );
        client.send(world.about(&site, &request)).await;
        // RFC 9112, section 6.1: it may be refused or read as chunked, and the connection ends.
        let answer = client.answer("POST").await.unwrap();
        assert!([200, 400].contains(&answer.status()), "{answer:?}");
        assert_eq!(
            client.answer("GET").await.unwrap_err(),
            Fault::Ended,
            "{head}"
        );
        world.settle(&site).await;
        let requests = site.requests(&world);
        let targets: Vec<_> = requests.iter().map(|it| it.target()).collect();
        assert!(
            targets.is_empty() || targets == ["/"],
            "{head}: {targets:?}"
        );
    }
}

#[tokio::test]
async fn a_request_of_http_1_0_has_no_chunks() {
    let world = World::new().await;
    let site = Site::plain().await;
    let mut client = world.client().await;
    let request = format!(
        "POST http://{{h}}/ HTTP/1.0\r\nHost: {{h}}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
    );
    client.send(world.about(&site, &request)).await;
    let rest = String::from_utf8(client.rest().await).unwrap();
    assert!(
        rest.starts_with("HTTP/1.1 400 ") || rest.starts_with("HTTP/1.0 400 "),
        "{rest}"
    );
    world.settle(&site).await;
    assert!(site.requests(&world).is_empty());
}

#[tokio::test]
async fn broken_chunks_end_the_request_and_hide_nothing() {
    let world = World::new().await;
    let site = Site::plain().await;
    let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(100_000));
    for body in [
        "\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "5_0\r\nhello\r\n0\r\n\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
        "ghij\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5;a\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r\n0\n\r\n",
        "0\r\nX y\r\n\r\n",
        "0\r\n: y\r\n\r\n",
        "0\r\nX: y\r\n z\r\n\r\n",
        long.as_str(),
    ] {
        assert_refused(&world, &site, "Transfer-Encoding: chunked", body).await;
    }
}

#[tokio::test]
async fn a_chunk_without_end_is_passed_on_only_as_far_as_it_came() {
    let world = World::new().await;
    for size in ["7fffffffffffffff", "ffffffffffffffff", "fffffff"] {
        let site = Site::plain().await;
        let mut client = world.client().await;
        let request = format!(
            "POST http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n{HIDDEN}"
        );
        client.send(world.about(&site, &request)).await;
        drop(client);
        // Either nothing was sent to the site, or a request that has broken off.
        world.settle(&site).await;
        assert!(site.requests(&world).is_empty(), "{size}");
    }
}

#[tokio::test]
async fn sizes_extensions_and_zeros_of_chunks_are_read() {
    let world = World::new().await;
    for chunks in [
        "5\r\nhello\r\n0\r\n\r\n",
        "5;name=value\r\nhello\r\n0;last\r\n\r\n",
        "5;name=\"a; b\"\r\nhello\r\n0\r\n\r\n",
        "0005\r\nhello\r\n000\r\n\r\n",
        "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ] {
        let site = Site::plain().await;
        let mut client = world.client().await;
        let request = format!(
            "POST http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        );
        client.send(world.about(&site, &request)).await;
        assert_eq!(client.answer("POST").await.unwrap().status(), 200);
        // The connection is where it should be: at the start of the next request.
        client.send(world.about(&site, HIDDEN)).await;
        assert_eq!(client.answer("GET").await.unwrap().text(), "GET /hidden");
        let requests = site.requests(&world);
        assert_eq!(requests.len(), 2, "{chunks:?}");
        assert_eq!(requests[0].text(), "hello", "{chunks:?}");
    }
}

#[tokio::test]
async fn what_follows_a_request_without_body_is_the_next() {
    let world = World::new().await;
    let site = Site::plain().await;
    // No field says that there is a body, so there is none, whatever the method.
    for method in ["GET", "POST", "DELETE", "BREW"] {
        let mut client = world.client().await;
        let request = format!("{method} http://{{h}}/one HTTP/1.1\r\nHost: {{h}}\r\n\r\n{HIDDEN}");
        client.send(world.about(&site, &request)).await;
        for said in [format!("{method} /one"), "GET /hidden".to_owned()] {
            assert_eq!(client.answer(method).await.unwrap().text(), said);
        }
    }
    assert_eq!(site.requests(&world).len(), 8);
}

#[tokio::test]
async fn a_get_with_a_body_stays_one_request() {
    let world = World::new().await;
    let site = Site::plain().await;
    let body = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
    let request = format!(
        "GET http://{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(world.ask(&site, &request).await.unwrap().text(), "GET /");
    soon(world.settle(&site)).await;
    let [request] = &site.requests(&world)[..] else {
        panic!("{:?}", site.log());
    };
    assert_eq!(request.text(), body);
}
