//! The configuration changes while the server runs.

use reqwest::{Method, StatusCode};

use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::support::{
    pair,
    serve::{PATIENCE, Serve, command},
    server::rest,
    testnet,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_holds_at_once_and_what_can_not_is_told() {
    let net = testnet().await;
    let serve = Serve::with(net.bootstrap(), "");
    let path = format!("/{}?policy=CacheOnly", pair(1).public());
    let reason = serve.get(&path).await.text().await.unwrap();
    assert!(reason.contains("nothing is remembered"), "{reason}");
    serve
        .configure("[relay]\nenabled = false\n", "configuration read again")
        .await;
    let off = serve.get(&path).await;
    assert_eq!(off.status(), StatusCode::NOT_FOUND);
    assert!(off.text().await.unwrap().contains("switched off"));
    // A mistake changes nothing.
    serve
        .configure("[relay]\nenabled = 5\n", "going on as before")
        .await;
    assert!(serve.log().contains("line 2"), "{}", serve.log());
    let off = serve.get(&path).await.text().await.unwrap();
    assert!(off.contains("switched off"));
    serve
        .configure(
            "[cache]\npackets = 5\n",
            "changes with the next start: cache",
        )
        .await;
    let on = serve.get(&path).await.text().await.unwrap();
    assert!(on.contains("nothing is remembered"), "{on}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_reads_the_file_again() {
    let net = testnet().await;
    let serve = Serve::with(net.bootstrap(), "");
    let before = serve.log_lines("configuration read again");
    serve.signal("HUP");
    serve.logged_again("configuration read again", before).await;
    assert_eq!(serve.get("/healthz").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_change_while_it_runs() {
    let net = testnet().await;
    let serve = Serve::with(net.bootstrap(), "");
    let strict = "[http]\ntrusted-proxies = [\"127.0.0.1\"]\n[limits]\nrequests-per-second = 1\n\
                  requests-burst = 1\n";
    let ask = || {
        serve
            .request(
                Method::GET,
                &format!("/{}?policy=CacheOnly", pair(1).public()),
            )
            .header("x-forwarded-for", "203.0.113.1")
            .send()
    };
    for _ in 0..3 {
        assert_eq!(ask().await.unwrap().status(), StatusCode::NOT_FOUND);
    }
    serve.configure(strict, "configuration read again").await;
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(ask().await.unwrap().status());
    }
    assert!(
        statuses.contains(&StatusCode::TOO_MANY_REQUESTS),
        "{statuses:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn new_connections_have_the_time_that_holds_now() {
    let net = testnet().await;
    let serve = Serve::with(
        net.bootstrap(),
        "[http]\nhead-seconds = 600\nidle-seconds = 600\n",
    );
    serve
        .configure(
            "[http]\nhead-seconds = 1\nidle-seconds = 600\n",
            "configuration read again",
        )
        .await;
    // An answer, and then silence.
    let mut stream = TcpStream::connect(serve.http).await.unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let said = tokio::time::timeout(PATIENCE, rest(&mut stream)).await;
    assert!(said.unwrap().starts_with("HTTP/1.1 200"));
}

#[test]
fn a_configuration_can_be_checked_beforehand() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        command(folder.path())
            .args(["serve", "--check", "--config"])
            .arg(&file)
            .output()
            .unwrap()
    };
    let right = check("[relay]\nkeep-days = 3\n");
    assert!(right.status.success(), "{right:?}");
    assert!(
        String::from_utf8(right.stdout)
            .unwrap()
            .contains("is right")
    );
    for (text, said) in [
        ("[relay]\nkeep-days = \"x\"\n", "line 2"),
        ("\n\n[nothing]\n", "line 3"),
        ("[tls]\nlisten = [\":443\"]\n", "line 2"),
        (
            "[tls]\nlisten = [\":443\"]\ncertificate = \"/nowhere/a.pem\"\nkey = \"/nowhere/b.pem\"\n",
            "/nowhere/a.pem",
        ),
        (
            "[dns]\ncookie-secret-file = \"/nowhere/secret\"\n",
            "/nowhere/secret",
        ),
    ] {
        let wrong = check(text);
        assert_eq!(wrong.status.code(), Some(1));
        let told = String::from_utf8(wrong.stderr).unwrap();
        assert!(told.contains(said), "{text}: {told}");
    }
    // One that is not there is named.
    let missing = command(folder.path())
        .args(["serve", "--check", "--config", "missing.toml"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        String::from_utf8(missing.stderr)
            .unwrap()
            .contains("missing.toml")
    );
    // What is printed to begin with is right.
    let printed = command(folder.path())
        .args(["serve", "--print-config"])
        .output()
        .unwrap();
    let again = check(std::str::from_utf8(&printed.stdout).unwrap());
    assert!(again.status.success(), "{again:?}");
}
