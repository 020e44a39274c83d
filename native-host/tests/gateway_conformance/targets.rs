//! What a request is for: the four forms of a target (RFC 9112, section 3.2), and `Host`.

use super::{
    wire::Wire,
    world::{Site, World},
};

/// The status that a request gets which must not reach the site.
async fn refused(world: &World, site: &Site, request: &str) -> u16 {
    let answer = world.ask(site, request).await;
    assert!(site.requests(world).is_empty(), "{request:?}");
    answer
        .unwrap_or_else(|fault| panic!("{request:?}: {fault:?}"))
        .status()
}

#[tokio::test]
async fn only_absolute_http_targets_are_for_a_proxy() {
    let world = World::new().await;
    let site = Site::plain().await;
    for start in [
        "GET / HTTP/1.1",
        "GET /http://{h}/ HTTP/1.1",
        "GET //{h}/ HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET * HTTP/1.1",
        "GET {h} HTTP/1.1",
        "POST {h} HTTP/1.1",
        "GET https://{h}/ HTTP/1.1",
        "GET ws://{h}/ HTTP/1.1",
        "GET ftp://{h}/ HTTP/1.1",
        "GET file:///etc/passwd HTTP/1.1",
        "GET http:{h}/ HTTP/1.1",
        "GET http:///{h}/ HTTP/1.1",
        "GET http:// HTTP/1.1",
        "GET http://:80/ HTTP/1.1",
        "GET http://{h}/a b HTTP/1.1",
        "GET http://{h}/ HTTP/1.1 HTTP/1.1",
        "GET http://{h}\\@example.com/ HTTP/1.1",
        "GET\thttp://{h}/ HTTP/1.1",
        "GET  http://{h}/ HTTP/1.1",
        " GET http://{h}/ HTTP/1.1",
        "G(T http://{h}/ HTTP/1.1",
        "GET http://{h}/",
        "GET http://{h}/ HTTP/0.9",
        "GET http://{h}/ HTTP/2.0",
        "GET http://{h}/ http/1.1",
        "PRI * HTTP/2.0",
    ] {
        let request = format!("{start}\r\nHost: {{h}}\r\nConnection: close\r\n\r\n");
        let status = refused(&world, &site, &request).await;
        assert!([400, 403, 505].contains(&status), "{start}: {status}");
    }
}

#[tokio::test]
async fn ports_that_are_none_are_refused() {
    let world = World::new().await;
    let site = Site::plain().await;
    for port in ["99999", "65536", "-1", "+80", "0x50", "a", "80a", " 80"] {
        for start in ["GET http://{k}:{p}/", "CONNECT {k}:{p}"] {
            let target = start
                .replace("{k}", &world.key.to_string())
                .replace("{p}", port);
            let request = format!("{target} HTTP/1.1\r\nHost: {{h}}\r\nConnection: close\r\n\r\n");
            assert_eq!(refused(&world, &site, &request).await, 400, "{target}");
        }
    }
}

#[tokio::test]
async fn names_of_users_do_not_hide_the_host_and_stay_here() {
    let world = World::new().await;
    let site = Site::plain().await;
    let elsewhere =
        "GET http://{h}@example.com/ HTTP/1.1\r\nHost: {h}\r\nConnection: close\r\n\r\n";
    assert!([400, 403].contains(&refused(&world, &site, elsewhere).await));
    for user in ["user", "user:secret", "example.com", "example.com:80"] {
        let request = format!(
            "GET http://{user}@{{h}}/ HTTP/1.1\r\nHost: {{h}}\r\nConnection: close\r\n\r\n"
        );
        // RFC 9110, section 4.2.4 lets a recipient refuse them.
        let answer = world.ask(&site, &request).await.unwrap();
        assert!([200, 400].contains(&answer.status()), "{user}: {answer:?}");
    }
    for request in site.requests(&world) {
        assert!(request.all("authorization").is_empty(), "{request:?}");
        assert_eq!(request.target(), "/");
    }
}

#[tokio::test]
async fn the_target_stands_over_host() {
    let world = World::new().await;
    let site = Site::plain().await;
    // What the site sees is checked by `requests`.
    for host in ["example.com", "Example.COM.", "localhost", "", "127.0.0.1:1"] {
        let request = format!("GET http://{{h}}/ HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(
            world.ask(&site, &request).await.unwrap().status(),
            200,
            "{host}"
        );
    }
    assert_eq!(site.requests(&world).len(), 5);
}

#[tokio::test]
async fn a_request_has_one_host() {
    let world = World::new().await;
    let site = Site::plain().await;
    // RFC 9112, section 3.2.
    for host in [
        "Host: {h}\r\nHost: {h}\r\n",
        "Host: {h}\r\nHost: example.com\r\n",
        "Host: a b\r\n",
        "Host: example.com/path\r\n",
        "Host: user@example.com\r\n",
        "Host: a, b\r\n",
        "",
    ] {
        let request = format!("GET http://{{h}}/ HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        assert_eq!(refused(&world, &site, &request).await, 400, "{host:?}");
    }
}

#[tokio::test]
async fn paths_pass_as_they_are() {
    let world = World::new().await;
    let site = Site::plain().await;
    let long = format!("/{}", "a".repeat(8000));
    for (rest, target) in [
        ("", "/"),
        ("/", "/"),
        ("?a=b", "/?a=b"),
        ("//", "//"),
        ("//example.com/", "//example.com/"),
        ("/a/../../b", "/a/../../b"),
        ("/%2e%2e/%00%0d%0a", "/%2e%2e/%00%0d%0a"),
        ("/a%20b?c=%zz", "/a%20b?c=%zz"),
        ("/http://example.com/", "/http://example.com/"),
        ("/;a=b,c'(d)!$&*+=:@~", "/;a=b,c'(d)!$&*+=:@~"),
        ("/[a]|b?c[]={}|^`", "/[a]|b?c[]={}|^`"),
        (&long, &long),
    ] {
        let request = format!("GET http://{{h}}{rest} HTTP/1.1\r\nHost: {{h}}\r\n\r\n");
        let answer = world.ask(&site, &request).await.unwrap();
        assert_eq!(answer.text(), format!("GET {target}"), "{rest}");
    }
    assert_eq!(site.requests(&world).len(), 12);
}

#[tokio::test]
async fn tunnels_are_asked_for_by_host_and_port() {
    let world = World::new().await;
    let site = Site::plain().await;
    for target in [
        "/",
        "*",
        "http://{h}/",
        "{h}/",
        "{h}/path",
        "user@{h}",
        "{h}?a",
        "",
        "{h}@example.com:80",
    ] {
        let request =
            format!("CONNECT {target} HTTP/1.1\r\nHost: {{h}}\r\nConnection: close\r\n\r\n");
        let status = refused(&world, &site, &request).await;
        assert!([400, 403].contains(&status), "{target}: {status}");
    }
}

#[tokio::test]
async fn a_tunnel_has_no_port_but_the_one_asked_for() {
    let world = World::new().await;
    let site = Site::plain().await;
    // RFC 9110, section 9.3.6: there is no default.
    for target in ["", ":", ":0"] {
        let request = format!(
            "CONNECT {}{target} HTTP/1.1\r\nHost: {{h}}\r\nConnection: close\r\n\r\n",
            world.key
        );
        let status = refused(&world, &site, &request).await;
        assert!([400, 403].contains(&status), "{target}: {status}");
    }
}

#[tokio::test]
async fn a_tunnel_takes_no_body_for_a_request() {
    let world = World::new().await;
    let site = Site::plain().await;
    // RFC 9110, section 9.3.6: there is none. What could be taken for one is the start of what is
    // said in the tunnel, or the tunnel is refused.
    for head in [
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "",
    ] {
        let mut client = world.client().await;
        let request = format!(
            "CONNECT {{h}} HTTP/1.1\r\nHost: {{h}}\r\n{head}\r\nGET /inside HTTP/1.1\r\nHost: {{h}}\r\nConnection: close\r\n\r\n"
        );
        client.send(world.about(&site, &request)).await;
        let opened = client.answer("CONNECT").await.unwrap();
        match opened.status() {
            200 => assert_eq!(client.answer("GET").await.unwrap().text(), "GET /inside"),
            status => assert!(status == 400 && !head.is_empty(), "{head:?}: {opened:?}"),
        }
    }
}

/// A tunnel to the site.
async fn tunnel(world: &World, site: &Site) -> Wire {
    let mut client = world.client().await;
    let request = "CONNECT {h} HTTP/1.1\r\nHost: {h}\r\n\r\n";
    client.send(world.about(site, request)).await;
    let opened = client.answer("CONNECT").await.unwrap();
    assert_eq!(opened.status(), 200, "{opened:?}");
    for absent in ["content-length", "transfer-encoding"] {
        assert!(opened.all(absent).is_empty(), "{opened:?}");
    }
    client
}

#[tokio::test]
async fn a_tunnel_leads_to_its_own_host_alone() {
    let world = World::new().await;
    let site = Site::plain().await;
    for request in [
        "GET / HTTP/1.1\r\nHost: example.com\r\n",
        "GET / HTTP/1.1\r\nHost: www.{h}\r\n",
        "GET / HTTP/1.1\r\nHost: {h}0\r\n",
        "GET / HTTP/1.1\r\nHost: {h}\r\nHost: example.com\r\n",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n",
        "GET http://example.com/ HTTP/1.1\r\nHost: {h}\r\n",
        "GET http://www.{h}/ HTTP/1.1\r\nHost: {h}\r\n",
        "GET http://{h}/ HTTP/1.1\r\nHost: example.com\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: example.com\r\n",
    ] {
        let mut client = tunnel(&world, &site).await;
        let request = format!("{request}Connection: close\r\n\r\n");
        client.send(world.about(&site, &request)).await;
        let answer = client.answer("GET").await.unwrap();
        assert!(
            [400, 421].contains(&answer.status()),
            "{request:?}: {answer:?}"
        );
        assert!(site.requests(&world).is_empty(), "{request:?}");
    }
    let mut client = tunnel(&world, &site).await;
    client
        .send(world.about(&site, "GET /own HTTP/1.1\r\nHost: {h}\r\n\r\n"))
        .await;
    assert_eq!(client.answer("GET").await.unwrap().text(), "GET /own");
}

#[tokio::test]
async fn there_is_no_tunnel_inside_a_tunnel() {
    let world = World::new().await;
    let site = Site::plain().await;
    for target in ["{h}", "example.com:80"] {
        let mut client = tunnel(&world, &site).await;
        let request =
            format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n");
        client.send(world.about(&site, &request)).await;
        let answer = client
            .answer("CONNECT")
            .await
            .unwrap_or_else(|fault| panic!("{target}: {fault:?}; the site saw {:?}", site.log()));
        assert!((400..=499).contains(&answer.status()), "{answer:?}");
        assert!(site.requests(&world).is_empty(), "{target}");
    }
}
