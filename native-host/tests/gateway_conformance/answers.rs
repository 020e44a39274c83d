//! What a site answers, well or badly, and what reaches the browser.

use super::{
    wire::{Fault, Message},
    world::{Reply, Site, World, plainly},
};

const GET: &str = "GET http://{h}/ HTTP/1.1\r\nHost: {h}\r\n\r\n";

/// A site that answers everything with these bytes.
async fn site(answer: &str, stay: bool) -> Site {
    let answer = answer.to_owned();
    Site::start(move |_| {
        if stay {
            Reply::Stay(answer.clone())
        } else {
            Reply::Close(answer.clone())
        }
    })
    .await
}

/// What a `GET` gets of a site that answers with these bytes and ends.
async fn got(world: &World, answer: &str) -> Result<Message, Fault> {
    let site = site(answer, false).await;
    let got = world.ask(&site, GET).await;
    world.settle(&site).await;
    assert_eq!(site.requests(world).len(), 1, "{answer:?}");
    got
}

#[tokio::test]
async fn what_is_no_answer_becomes_a_page() {
    let world = World::new().await;
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(2_000_000));
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\nX: y",
        "hello\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "<html>nothing</html>",
        "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 1000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX y\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: y\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\n",
        &long,
    ] {
        let got = got(&world, answer).await.unwrap();
        let start = &answer[..answer.len().min(80)];
        assert_eq!(got.status(), 502, "{start:?}: {got:?}");
        assert_eq!(
            got.field("pkarr-error"),
            Some("connect-failed"),
            "{start:?}"
        );
    }
}

#[tokio::test]
async fn nobody_switches_protocols_unasked() {
    let world = World::new().await;
    let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n";
    let got = got(&world, answer).await.unwrap();
    assert_eq!(got.status(), 502, "{got:?}");
}

#[tokio::test]
async fn an_answer_coded_in_a_way_not_undone_is_not_passed_off_as_plain() {
    let world = World::new().await;
    for coding in [
        "gzip, chunked",
        "chunked, chunked",
        "identity",
        "chunked, gzip",
        "gzip",
    ] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        );
        match got(&world, &answer).await {
            Ok(got) => assert_eq!(got.status(), 502, "{coding}: {got:?}"),
            Err(fault) => assert_eq!(fault, Fault::Cut, "{coding}"),
        }
    }
}

#[tokio::test]
async fn a_second_answer_is_nobodys() {
    let world = World::new().await;
    let stolen = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen";
    for first in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 45\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 45\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let both = format!("{first}{stolen}");
        let site = Site::start(move |request| match request.target() {
            "/" => Reply::Stay(both.clone()),
            _ => plainly(request),
        })
        .await;
        let mut client = world.client().await;
        client.send(world.about(&site, GET)).await;
        let got = client.answer("GET").await.unwrap();
        assert_ne!(got.text(), "stolen", "{first:?}");
        let next = GET.replace("{h}/", "{h}/next");
        client.send(world.about(&site, &next)).await;
        assert_eq!(
            client.answer("GET").await.unwrap().text(),
            "GET /next",
            "{first:?}"
        );
        world.settle(&site).await;
    }
}

#[tokio::test]
async fn the_length_of_an_answer_has_one_meaning() {
    let world = World::new().await;
    // The browser is our strict reader here: two lengths would be malformed.
    for (answer, body) in [
        ("Content-Length: 5\r\n\r\nhello", "hello"),
        (
            "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
            "hello",
        ),
        (
            "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n",
            "hello",
        ),
        ("Connection: close\r\n\r\nhello", "hello"),
        ("\r\nhello", "hello"),
        (
            "Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello",
            "hello",
        ),
    ] {
        for version in ["1.1", "1.0"] {
            if version == "1.0" && answer.contains("chunked") {
                continue;
            }
            let answer = format!("HTTP/{version} 200 OK\r\n{answer}");
            let got = got(&world, &answer).await.unwrap();
            match got.status() {
                200 => assert_eq!(got.text(), body, "{answer:?}"),
                status => assert_eq!(status, 502, "{answer:?}"),
            }
        }
    }
}

#[tokio::test]
async fn chunks_stand_over_a_length() {
    let world = World::new().await;
    for length in ["3", "5", "1000"] {
        for head in [
            format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
            format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"),
        ] {
            let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
            let got = got(&world, &answer).await.unwrap();
            // RFC 9112, section 6.3: the length goes, or the answer does.
            match got.status() {
                200 => assert_eq!(got.text(), "hello", "{head:?}"),
                status => assert_eq!(status, 502, "{head:?}"),
            }
        }
    }
}

#[tokio::test]
async fn lines_of_answers_that_end_in_lf_are_refused_or_mended() {
    let world = World::new().await;
    for answer in [
        "HTTP/1.1 200 OK\nX: y\nContent-Length: 5\n\nhello",
        "HTTP/1.1 200 OK\r\nX: y\nContent-Length: 5\r\n\r\nhello",
    ] {
        let got = got(&world, answer).await.unwrap();
        match got.status() {
            200 => assert_eq!((got.field("x"), got.text().as_str()), (Some("y"), "hello")),
            status => assert_eq!(status, 502, "{answer:?}"),
        }
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_does_not_end_well() {
    let world = World::new().await;
    for answer in [
        "Content-Length: 10\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "Transfer-Encoding: chunked\r\n\r\na\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{answer}");
        let fault = got(&world, &answer).await.unwrap_err();
        assert!(
            matches!(fault, Fault::Cut | Fault::Ended),
            "{answer:?}: {fault:?}"
        );
    }
}

#[tokio::test]
async fn answers_without_body_leave_the_connection_in_step() {
    let world = World::new().await;
    let site = Site::start(|request| {
        let head = match request.target() {
            "/204" => "204 No Content\r\n\r\n",
            "/304" => "304 Not Modified\r\nContent-Length: 1000\r\nETag: \"x\"\r\n\r\n",
            "/head" => "200 OK\r\nContent-Length: 1000\r\n\r\n",
            "/chunked" => "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            _ => return plainly(request),
        };
        Reply::Stay(format!("HTTP/1.1 {head}"))
    })
    .await;
    let mut client = world.client().await;
    for (method, path, status) in [
        ("GET", "/204", 204),
        ("GET", "/304", 304),
        ("HEAD", "/head", 200),
        ("HEAD", "/chunked", 200),
    ] {
        let request = format!("{method} http://{{h}}{path} HTTP/1.1\r\nHost: {{h}}\r\n\r\n");
        client.send(world.about(&site, &request)).await;
        let got = client.answer(method).await.unwrap();
        assert_eq!(got.status(), status, "{got:?}");
        if path == "/head" {
            assert_eq!(got.field("content-length"), Some("1000"));
        }
        client.send(world.about(&site, GET)).await;
        assert_eq!(
            client.answer("GET").await.unwrap().text(),
            "GET /",
            "after {path}"
        );
    }
}

#[tokio::test]
async fn fields_of_answers_pass_but_those_of_the_connection() {
    let world = World::new().await;
    let kept = [
        ("Set-Cookie", "a=b; Path=/"),
        ("Set-Cookie", "c=d"),
        ("Content-Encoding", "br"),
        ("Content-Range", "bytes 0-4/10"),
        ("Accept-Ranges", "bytes"),
        ("Location", "http://elsewhere.example/"),
        ("Server", "x"),
        ("X-Empty", ""),
    ];
    let lines: String = kept
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let answer = format!(
        "HTTP/1.1 206 Partial Content\r\n{lines}Alt-Svc: h3=\":443\"\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=9\r\n\
         Proxy-Connection: close\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nhello"
    );
    let got = got(&world, &answer).await.unwrap();
    assert_eq!(got.status(), 206);
    for (name, _) in kept {
        let sent: Vec<_> = kept
            .iter()
            .filter(|(other, _)| *other == name)
            .map(|(_, value)| *value)
            .collect();
        assert_eq!(got.all(name), sent);
    }
    for gone in [
        "x-mine",
        "keep-alive",
        "proxy-connection",
        "upgrade",
        "proxy-authenticate",
        "via",
        "alt-svc",
        "x-cache",
    ] {
        assert!(got.all(gone).is_empty(), "{gone}: {got:?}");
    }
}

#[tokio::test]
async fn no_site_speaks_as_the_gateway() {
    let world = World::new().await;
    // A proxy asks for passwords with 407, and its code is our own field.
    let answer = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"x\"\r\nPkarr-Error: no-record\r\nContent-Length: 0\r\n\r\n";
    let got = got(&world, answer).await.unwrap();
    assert!(got.all("proxy-authenticate").is_empty(), "{got:?}");
    assert_ne!(got.status(), 407, "{got:?}");
    assert_ne!(got.field("pkarr-error"), Some("no-record"), "{got:?}");
}

#[tokio::test]
async fn hints_before_the_answer_are_not_the_answer() {
    let world = World::new().await;
    for hints in [
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    ] {
        let site = site(
            &format!("{hints}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            true,
        )
        .await;
        let mut client = world.client().await;
        for _ in 0..2 {
            client.send(world.about(&site, GET)).await;
            let got = loop {
                let got = client.answer("GET").await.unwrap();
                if got.status() >= 200 {
                    break got;
                }
            };
            assert_eq!(
                (got.status(), got.text().as_str()),
                (200, "ok"),
                "{hints:?}"
            );
        }
    }
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let world = World::new().await;
    let site = Site::start(|_| {
        Reply::Stay(
            "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
                .to_owned(),
        )
    })
    .await;
    let request = "POST http://{h}/ HTTP/1.1\r\nHost: {h}\r\nTE: trailers\r\nTrailer: X-Mine\r\n\
                   Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Mine: 2\r\n\r\n";
    let got = world.ask(&site, request).await.unwrap();
    assert_eq!(got.text(), "ok");
    let seen = site.requests(&world).pop().unwrap();
    assert_eq!(seen.text(), "hi");
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let lower = |fields: Vec<(String, String)>| -> Vec<(String, String)> {
        fields
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), value))
            .collect()
    };
    assert_eq!(lower(seen.trailers), pair("x-mine", "2"));
    assert_eq!(lower(got.trailers), pair("x-sum", "1"));
}

#[tokio::test]
async fn trailers_are_never_taken_for_fields() {
    let world = World::new().await;
    let site = Site::plain().await;
    let request = "POST http://{h}/ HTTP/1.1\r\nHost: {h}\r\nTrailer: Content-Length, Host\r\n\
                   Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nContent-Length: 9\r\nHost: x\r\n\
                   Transfer-Encoding: x\r\nAuthorization: y\r\n\r\n";
    assert_eq!(world.ask(&site, request).await.unwrap().status(), 200);
    let seen = site.requests(&world).pop().unwrap();
    assert_eq!(seen.text(), "hi");
    // RFC 9110, section 6.5.1: framing and routing have no place there.
    for (name, _) in &seen.trailers {
        for forbidden in ["content-length", "host", "transfer-encoding"] {
            assert!(!name.eq_ignore_ascii_case(forbidden), "{seen:?}");
        }
    }
}
