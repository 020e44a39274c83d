//! Connections: whose answer is whose, and what happens when somebody leaves.

use std::time::Duration;

use pkarr_host::gateway::Gateway;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use super::{
    support::{resolver, silent},
    wire::{Fault, Wire, soon},
    world::{Reply, Site, World, config, plainly},
};

/// A site played by the test itself.
struct Stage {
    listener: TcpListener,
    host: String,
}

impl Stage {
    async fn new(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let host = format!("{}:{port}", world.key);
        Self { listener, host }
    }

    async fn accept(&self) -> Wire {
        Wire::new(soon(self.listener.accept()).await.unwrap().0)
    }

    fn request(&self, method: &str, fields: &str) -> String {
        format!(
            "{method} http://{0}/ HTTP/1.1\r\nHost: {0}\r\n{fields}\r\n",
            self.host
        )
    }
}

/// Waits until the other side has ended; what it still sends is passed over.
async fn ended(wire: &mut Wire) {
    let mut buffer = [0; 65536];
    soon(async {
        while wire
            .stream
            .read(&mut buffer)
            .await
            .is_ok_and(|read| read > 0)
        {}
    })
    .await;
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_order() {
    let world = World::new().await;
    let site = Site::plain().await;
    let mut client = world.client().await;
    let requests: String = (0..20)
        .map(|number| match number % 3 {
            0 => format!("GET http://{{h}}/{number} HTTP/1.1\r\nHost: {{h}}\r\n\r\n"),
            1 => format!("POST http://{{h}}/{number} HTTP/1.1\r\nHost: {{h}}\r\nContent-Length: 5\r\n\r\nhello"),
            _ => format!("PUT http://{{h}}/{number} HTTP/1.1\r\nHost: {{h}}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
        })
        .collect();
    client.send(world.about(&site, &requests)).await;
    for number in 0..20 {
        let answer = client.answer("GET").await.unwrap();
        assert!(
            answer.text().ends_with(&format!(" /{number}")),
            "{number}: {answer:?}"
        );
    }
    assert_eq!(site.requests(&world).len(), 20);
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_what_it_understands() {
    let world = World::new().await;
    let site = Site::start(|_| {
        Reply::Stay(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n".to_owned(),
        )
    })
    .await;
    let mut client = world.client().await;
    let request = world.about(&site, "GET http://{h}/ HTTP/1.0\r\n\r\n");
    client.send(request).await;
    let answer = client.answer("GET").await.unwrap();
    assert!(answer.all("transfer-encoding").is_empty(), "{answer:?}");
    assert_eq!(answer.text(), "hello");
    assert_eq!(site.requests(&world).len(), 1);
}

#[tokio::test]
async fn close_is_meant_for_the_connection_it_is_said_on() {
    let world = World::new().await;
    // A browser that closes takes no kept connection from others; the site is not told.
    let site = Site::plain().await;
    for _ in 0..3 {
        let request = "GET http://{h}/ HTTP/1.1\r\nHost: {h}\r\nConnection: close\r\n\r\n";
        let mut client = world.client().await;
        client.send(world.about(&site, request)).await;
        assert_eq!(client.answer("GET").await.unwrap().text(), "GET /");
        assert_eq!(client.answer("GET").await.unwrap_err(), Fault::Ended);
    }
    // A site that closes ends no connection of the browser.
    let closing = Site::start(|_| {
        Reply::Close(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        )
    })
    .await;
    let mut client = world.client().await;
    for _ in 0..3 {
        let request = "GET http://{h}/ HTTP/1.1\r\nHost: {h}\r\n\r\n";
        client.send(world.about(&closing, request)).await;
        assert_eq!(client.answer("GET").await.unwrap().text(), "ok");
    }
    assert_eq!(closing.requests(&world).len(), 3);
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_request_along() {
    let world = World::new().await;
    let stage = Stage::new(&world).await;
    // Before the answer.
    let mut client = world.client().await;
    client.send(stage.request("GET", "")).await;
    let mut site = stage.accept().await;
    site.request().await.unwrap();
    drop(client);
    ended(&mut site).await;
    // While it sends.
    let mut client = world.client().await;
    client
        .send(stage.request("POST", "Content-Length: 100\r\n"))
        .await;
    client.send("hello").await;
    let mut site = stage.accept().await;
    site.head().await.unwrap();
    drop(client);
    assert_eq!(soon(site.request()).await.unwrap_err(), Fault::Cut);
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_an_answer_ends_it() {
    let world = World::new().await;
    let stage = Stage::new(&world).await;
    let mut client = world.client().await;
    client.send(stage.request("GET", "")).await;
    let mut site = stage.accept().await;
    site.request().await.unwrap();
    site.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        .await;
    client.head().await.unwrap();
    drop(client);
    // An endless answer: it can only stop when the gateway ends the connection.
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096));
    soon(async { while site.stream.write_all(chunk.as_bytes()).await.is_ok() {} }).await;
}

#[tokio::test]
async fn a_slow_reader_slows_the_site() {
    let world = World::new().await;
    let stage = Stage::new(&world).await;
    let mut client = world.client().await;
    client.send(stage.request("GET", "")).await;
    let mut site = stage.accept().await;
    site.request().await.unwrap();
    let size = 256 << 20;
    site.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n"))
        .await;
    client.head().await.unwrap();
    // Nobody reads, so the site must come to a stop long before all is sent: what the gateway takes
    // without passing it on would lie in its memory.
    let block = vec![b'x'; 1 << 20];
    let mut sent = 0;
    let stopped = async {
        while sent < size {
            sent += site.stream.write(&block).await.unwrap();
        }
    };
    // There is no event for standing still.
    let outcome = tokio::time::timeout(Duration::from_secs(1), stopped).await;
    assert!(
        outcome.is_err() && sent < 64 << 20,
        "{sent} bytes were taken"
    );
    // And it goes on when the reader does.
    let mut buffer = vec![0; 1 << 20];
    let mut received = 0;
    while received < sent / 2 {
        received += soon(client.stream.read(&mut buffer)).await.unwrap();
    }
    assert!(soon(site.stream.write(&block)).await.unwrap() > 0);
}

#[tokio::test]
#[cfg_attr(
    windows,
    ignore = "wine resets no connection: one that is to be reset ends in order there"
)]
async fn a_reset_in_the_middle_of_an_answer_does_not_end_it_well() {
    let world = World::new().await;
    for head in [
        "Content-Length: 100",
        "Transfer-Encoding: chunked",
        "X: until the end",
    ] {
        let stage = Stage::new(&world).await;
        let mut client = world.client().await;
        client.send(stage.request("GET", "")).await;
        let mut site = stage.accept().await;
        site.request().await.unwrap();
        site.send(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello\r\n"))
            .await;
        client.head().await.unwrap();
        site.stream.set_zero_linger().unwrap();
        drop(site);
        let rest = String::from_utf8(client.rest().await).unwrap();
        assert!(
            !rest.ends_with("0\r\n\r\n") && rest.len() < 20,
            "{head}: {rest:?}"
        );
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_site_has_ended_is_replaced() {
    let world = World::new().await;
    let stage = Stage::new(&world).await;
    let mut client = world.client().await;
    for round in 0..3 {
        client.send(stage.request("GET", "")).await;
        let mut site = stage.accept().await;
        site.request().await.unwrap();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{round}");
        site.send(answer).await;
        drop(site);
        assert_eq!(
            client.answer("GET").await.unwrap().text(),
            round.to_string()
        );
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let world = World::new().await;
    let stage = Stage::new(&world).await;
    let mut client = world.client().await;
    client.send(stage.request("GET", "")).await;
    let mut site = stage.accept().await;
    site.request().await.unwrap();
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await;
    client.answer("GET").await.unwrap();
    // The kept connection takes the request and ends without an answer.
    client
        .send(stage.request("POST", "Content-Length: 2\r\n"))
        .await;
    client.send("hi").await;
    assert_eq!(soon(site.request()).await.unwrap().text(), "hi");
    drop(site);
    assert_eq!(client.answer("POST").await.unwrap().status(), 502);
    // The next connection is not for it.
    client.send(stage.request("GET", "")).await;
    let next = stage.accept().await.request().await.unwrap();
    assert!(next.start.starts_with("GET "), "{next:?}");
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let world = World::new().await;
    let stage = Stage::new(&world).await;
    let mut client = world.client().await;
    client
        .send(stage.request("POST", "Content-Length: 5\r\nExpect: 100-continue\r\n"))
        .await;
    let site = async {
        let mut site = stage.accept().await;
        let head = site.head().await.unwrap();
        assert_eq!(head.field("expect"), Some("100-continue"));
        site.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        // The body is sent only now.
        let mut body = [0; 5];
        soon(site.stream.read_exact(&mut body)).await.unwrap();
        site.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .await;
        body
    };
    let asks = async {
        assert_eq!(client.answer("POST").await.unwrap().status(), 100);
        client.send("hello").await;
        client.answer("POST").await.unwrap()
    };
    let (body, answer) = tokio::join!(site, asks);
    assert_eq!(&body, b"hello");
    assert_eq!(answer.text(), "ok");
}

#[tokio::test]
async fn a_final_answer_instead_of_go_on_reaches_the_client() {
    let world = World::new().await;
    let stage = Stage::new(&world).await;
    let mut client = world.client().await;
    client
        .send(stage.request("POST", "Content-Length: 5\r\nExpect: 100-continue\r\n"))
        .await;
    let mut site = stage.accept().await;
    site.head().await.unwrap();
    site.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        .await;
    // The gateway may have said by itself to go on.
    let answer = loop {
        let answer = client.answer("POST").await.unwrap();
        if answer.status() >= 200 {
            break answer;
        }
    };
    assert_eq!(answer.status(), 413, "{answer:?}");
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_is_passed_on() {
    let world = World::new().await;
    let stage = Stage::new(&world).await;
    let mut client = world.client().await;
    client
        .send(stage.request("POST", "Content-Length: 1000000\r\n"))
        .await;
    client.send("hello").await;
    let mut site = stage.accept().await;
    site.head().await.unwrap();
    site.send("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
        .await;
    assert_eq!(client.answer("POST").await.unwrap().text(), "no");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_ends_the_connection() {
    let (_socket, bootstrap) = silent();
    let gateway = Gateway::start(resolver(&bootstrap), config())
        .await
        .unwrap();
    let started = Instant::now();
    let stream = TcpStream::connect(gateway.address()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    // A byte now and then, as long as somebody takes them.
    let dribble = async move {
        for byte in b"GET http://x/ HTTP/1.1\r\nX: "
            .iter()
            .chain(std::iter::repeat(&b'a'))
        {
            if write.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = dribble => {}
        _ = read.read_to_end(&mut answer) => {}
    }
    assert!(
        started.elapsed() <= Duration::from_secs(60),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn sites_share_no_connection() {
    let world = World::new().await;
    let (one, other) = (Site::start(plainly).await, Site::plain().await);
    let mut client = world.client().await;
    for _ in 0..3 {
        for (site, path) in [(&one, "one"), (&other, "other")] {
            let request = format!("GET http://{{h}}/{path} HTTP/1.1\r\nHost: {{h}}\r\n\r\n");
            client.send(world.about(site, &request)).await;
            assert_eq!(
                client.answer("GET").await.unwrap().text(),
                format!("GET /{path}")
            );
        }
    }
    for (site, path) in [(&one, "/one"), (&other, "/other")] {
        let requests = site.requests(&world);
        assert!(requests.len() == 3 && requests.iter().all(|it| it.target() == path));
    }
}
