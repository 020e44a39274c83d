//! For those who run it: health, numbers, the end.

use std::{sync::Arc, time::Duration};

use reqwest::StatusCode;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    signed,
    support::{
        pair,
        serve::{PATIENCE, Serve, header, until},
        server::{head, rest},
        testnet,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn health_and_numbers() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    assert_eq!(serve.get("/healthz").await.status(), StatusCode::OK);
    let began = std::time::Instant::now();
    while serve.get("/readyz").await.status() != StatusCode::OK {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let item = signed(&pair(1), "@ A 1.2.3.4");
    assert!(serve.put(&item).await.status().is_success());
    for _ in 0..3 {
        assert_eq!(serve.packet(item.key()).await.status(), StatusCode::OK);
    }
    let numbers = serve.get("/metrics").await;
    assert!(header(&numbers, "content-type").starts_with("text/plain; version=0.0.4"));
    let numbers = numbers.text().await.unwrap();
    for line in [
        "pkarr_http_answers_total{face=\"relay\",status=\"200\"} 3",
        "pkarr_http_answers_total{face=\"relay\",status=\"204\"} 1",
        "pkarr_hot_hits_total 3",
        "pkarr_puts_total 1",
        "pkarr_put_seconds_count 1",
        "pkarr_cache_packets 1",
        "pkarr_kept_keys 1",
    ] {
        assert!(
            numbers.lines().any(|known| known == line),
            "{line}\n{numbers}"
        );
    }
    let posted = serve
        .request(reqwest::Method::POST, "/metrics")
        .send()
        .await;
    assert_eq!(posted.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    // The log is quiet about all that.
    assert!(!serve.log().contains(&item.key().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_announces_it_and_finishes_what_has_begun() {
    let net = testnet().await;
    let mut serve = Serve::with(net.bootstrap(), "[stop]\nnotice-seconds = 2\n");
    let item = signed(&pair(1), "@ A 1.2.3.4");
    let payload = item.to_relay_payload();
    // A request of which the body is still to come.
    let mut slow = TcpStream::connect(serve.http).await.unwrap();
    let begun = format!(
        "PUT /{} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        item.key(),
        payload.len()
    );
    slow.write_all(begun.as_bytes()).await.unwrap();
    slow.write_all(&payload[..50]).await.unwrap();
    assert_eq!(serve.get("/healthz").await.status(), StatusCode::OK);
    serve.signal("TERM");
    serve.logged("stopping").await;
    // Balancers see it, while requests are still taken.
    let ready = serve.get("/readyz").await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text().await.unwrap().contains("about to end"));
    let address = serve.http;
    let refuses = Arc::new(std::sync::atomic::AtomicBool::new(false));
    tokio::spawn({
        let refuses = Arc::clone(&refuses);
        async move {
            while TcpStream::connect(address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            refuses.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    });
    until(
        || refuses.load(std::sync::atomic::Ordering::Relaxed),
        "no more connections",
    )
    .await;
    slow.write_all(&payload[50..]).await.unwrap();
    let answer = head(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    rest(&mut slow).await;
    assert!(serve.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_in_time_is_cut_off() {
    let net = testnet().await;
    let mut serve = Serve::with(net.bootstrap(), "[stop]\ndrain-seconds = 1\n");
    let mut slow = TcpStream::connect(serve.http).await.unwrap();
    let begun = format!(
        "PUT /{} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n",
        pair(1).public()
    );
    slow.write_all(begun.as_bytes()).await.unwrap();
    assert_eq!(serve.get("/healthz").await.status(), StatusCode::OK);
    serve.signal("TERM");
    assert!(serve.ended().await.success());
    assert!(serve.log().contains("cut off"), "{}", serve.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named() {
    let net = testnet().await;
    let serve = Serve::start(net.bootstrap());
    let folder = tempfile::tempdir().unwrap();
    let refused = crate::support::serve::command(folder.path())
        .args(["serve", "--listen", &serve.http.to_string()])
        .args(["--dns-listen", "127.0.0.1:0"])
        .args(["--bootstrap", &net.bootstrap().join(",")])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains(&serve.http.to_string()), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let net = testnet().await;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let manager = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut service = crate::support::serve::command(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(["--dns-listen", "127.0.0.1:0"])
        .args(["--bootstrap", &net.bootstrap().join(",")])
        .env("NOTIFY_SOCKET", &socket)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let hear = || {
        let mut room = [0; 100];
        let size = manager.recv(&mut room).unwrap();
        String::from_utf8(room[..size].to_vec()).unwrap()
    };
    assert_eq!(hear(), "READY=1");
    let stop = std::process::Command::new("kill")
        .arg(service.id().to_string())
        .status();
    assert!(stop.unwrap().success());
    assert_eq!(hear(), "STOPPING=1");
    assert!(service.wait().unwrap().success());
}
