//! The programs people ask with: dig, kdig, drill, curl and dnsmasq.
//!
//! They are the system's, so these tests run only when asked for: `./tests/run servers`.

use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    process::Stdio,
};

use tokio::process::{Child, Command};

use super::{
    others::{Other, Said, a},
    world::*,
};

/// What a program prints.
async fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {text}{errors}"
    );
    text
}

async fn site() -> (World, String) {
    let world = World::new().await;
    let text = "x".repeat(240);
    world.has(
        1,
        &format!(
            "@ 3600 A 9.0.0.1\nwww 3600 CNAME @\n@ 3600 HTTPS 1 . alpn=h2 port=8443\n\
             big TXT {text}\nbig TXT a{text}\nbig TXT b{text}"
        ),
    );
    (world, pair(1).public().to_string())
}

#[tokio::test]
#[ignore = "./tests/run servers"]
async fn dig_is_answered() {
    let (world, key) = site().await;
    let port = world.dns.port().to_string();
    let dig = |more: &[&str]| {
        let arguments: Vec<String> = ["@127.0.0.1", "-p", &port, "+tries=1", "+time=20"]
            .iter()
            .chain(more)
            .map(|argument| (*argument).to_owned())
            .collect();
        async move {
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            run("dig", &arguments).await
        }
    };
    assert_eq!(dig(&["+short", &key, "A"]).await.trim(), "9.0.0.1");
    let www = format!("www.{key}");
    let said = dig(&[&www, "A"]).await;
    assert!(
        said.contains("status: NOERROR") && said.contains("CNAME"),
        "{said}"
    );
    assert!(said.contains("COOKIE") && said.contains("(good)"), "{said}");
    assert!(!said.contains("WARNING: Messag"), "{said}");
    let said = dig(&["+short", &key, "HTTPS"]).await;
    assert!(
        said.contains("alpn=\"h2\"") && said.contains("port=8443"),
        "{said}"
    );
    // Truncated by datagram, it asks again by TCP.
    let big = format!("big.{key}");
    let said = dig(&["+bufsize=512", &big, "TXT"]).await;
    assert!(
        said.contains("retrying in TCP mode") && said.contains("ANSWER: 3"),
        "{said}"
    );
    let said = dig(&["+tcp", "+keepopen", &key, "A", &www, "A", &key, "MX"]).await;
    assert_eq!(said.matches("status: NOERROR").count(), 3, "{said}");
    let said = dig(&[&format!("missing.{key}"), "A"]).await;
    assert!(
        said.contains("status: NXDOMAIN") && said.contains("SOA"),
        "{said}"
    );
    let said = dig(&["example.com", "A"]).await;
    assert!(
        said.contains("status: REFUSED") && said.contains("EDE: 20"),
        "{said}"
    );
    let said = dig(&["+edns=1", "+noednsnegotiation", &key, "A"]).await;
    assert!(said.contains("BADVERS"), "{said}");
}

#[tokio::test]
#[ignore = "./tests/run servers"]
async fn dig_is_answered_over_http() {
    let (world, key) = site().await;
    let port = world.http.port().to_string();
    for plain in ["+http-plain", "+http-plain-get", "+http-plain-post"] {
        let said = run(
            "dig",
            &[
                "@127.0.0.1",
                "-p",
                &port,
                plain,
                "+tries=1",
                "+time=20",
                "+short",
                &key,
                "A",
            ],
        )
        .await;
        assert_eq!(said.trim(), "9.0.0.1", "{plain}");
    }
}

#[tokio::test]
#[ignore = "./tests/run servers"]
async fn kdig_and_drill_are_answered() {
    let (world, key) = site().await;
    let port = world.dns.port().to_string();
    for more in [
        &["+edns"][..],
        &["+noedns"],
        &["+tcp"],
        &["+cookie"],
        &["+padding=64"],
    ] {
        let arguments = [&["@127.0.0.1", "-p", &port, "+short", &key, "A"], more].concat();
        assert_eq!(run("kdig", &arguments).await.trim(), "9.0.0.1", "{more:?}");
    }
    let big = format!("big.{key}");
    let said = run("drill", &["-t", "-p", &port, &big, "@127.0.0.1", "TXT"]).await;
    assert!(
        said.contains("rcode: NOERROR") && said.contains("ANSWER: 3"),
        "{said}"
    );
}

#[tokio::test]
#[ignore = "./tests/run servers"]
async fn curl_finds_a_site_by_dns_over_https() {
    // The site is on this machine, which the key has to be allowed to say.
    let key = pair(1).public().to_string();
    let upstream = Other::start(|name, _| Said::records(vec![a(name, [127, 0, 0, 1])])).await;
    // curl asks over TLS only; whose certificate it is doesn't matter here.
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [certificate, secret] = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&secret, made.signing_key.serialize_pem()).unwrap();
    let world = World::configured(&format!(
        "[tls]\nlisten = [\"127.0.0.1:0\"]\ncertificate = {certificate:?}\nkey = {secret:?}\n\
         [dns]\nlisten = [\"127.0.0.1:0\"]\nprivate-keys = [\"{key}\"]\nforward = [\"{}\"]",
        upstream.address
    ))
    .await;
    world.has(1, "@ 3600 A 127.0.0.1");
    let doh = format!("https://{}/dns-query", world.https.unwrap());
    // The server's own health is site enough, for whichever host it is asked.
    for host in [&*key, "site.example"] {
        let url = format!("http://{host}:{}/healthz", world.http.port());
        let said = run(
            "curl",
            &[
                "-sS",
                "-4",
                "--max-time",
                "30",
                "--noproxy",
                "*",
                "--doh-insecure",
                "--doh-url",
                &doh,
                "-w",
                "%{http_code}",
                &url,
            ],
        )
        .await;
        assert!(said.ends_with("200"), "{host}: {said}");
    }
}

/// dnsmasq on a port of its own, forwarding everything to the server.
async fn dnsmasq(server: SocketAddr) -> (Child, u16) {
    // Free on both sides a moment ago.
    let port = loop {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            break address.port();
        }
    };
    let child = Command::new("dnsmasq")
        .args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--bind-interfaces",
            "--listen-address=127.0.0.1",
            "--pid-file=",
            "--user=",
            "--group=",
            "--port",
            &port.to_string(),
            "--server",
            &format!("127.0.0.1#{}", server.port()),
        ])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("dnsmasq: {error}"));
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    (child, port)
}

#[tokio::test]
#[ignore = "./tests/run servers"]
async fn dnsmasq_forwards_to_it() {
    let (world, key) = site().await;
    let (_dnsmasq, port) = dnsmasq(world.dns).await;
    let port = port.to_string();
    let at = ["@127.0.0.1", "-p", &port, "+tries=1", "+time=20"];
    let www = format!("www.{key}");
    // The second time from its own cache.
    for _ in 0..2 {
        let said = run("dig", &[&at[..], &["+short", &www, "A"]].concat()).await;
        assert!(said.trim().ends_with("9.0.0.1"), "{said}");
    }
    let big = format!("big.{key}");
    let said = run("dig", &[&at[..], &["+bufsize=512", &big, "TXT"]].concat()).await;
    assert!(said.contains("ANSWER: 3"), "{said}");
    let missing = format!("missing.{key}");
    let said = run("dig", &[&at[..], &[&missing, "A"]].concat()).await;
    assert!(said.contains("NXDOMAIN"), "{said}");
}
