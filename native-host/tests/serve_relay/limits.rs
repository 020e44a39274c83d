//! How much one client may ask for.

use futures_util::future::join_all;
use pkarr_host::key::KeyPair;
use reqwest::{Method, Response, StatusCode};

use crate::{
    signed,
    support::{
        pair,
        serve::{Serve, header},
        testnet,
    },
};

/// No exceptions, a proxy that is believed, and purses that don't fill up while a test runs.
const STRICT: &str = "\
[http]
trusted-proxies = [\"127.0.0.1\"]
[limits]
exempt = []
requests-per-second = 1
requests-burst = 20
lookups-per-second = 1
lookups-burst = 3
puts-per-second = 1
puts-burst = 2
[metrics]
allow = [\"198.51.100.1\"]
";

async fn get_as(serve: &Serve, path: &str, client: &str) -> Response {
    serve
        .request(Method::GET, path)
        .header("x-forwarded-for", client)
        .send()
        .await
        .unwrap()
}

fn unknown() -> String {
    format!("/{}", KeyPair::generate().unwrap().public())
}

#[tokio::test(flavor = "multi_thread")]
async fn lookups_requests_and_puts_have_purses_of_their_own() {
    let net = testnet().await;
    let serve = Serve::with(net.bootstrap(), STRICT);
    let item = signed(&pair(1), "@ A 1.2.3.4");
    let put = |item: pkarr_host::item::SignedItem, client: &str| {
        serve
            .request(Method::PUT, &format!("/{}", item.key()))
            .header("x-forwarded-for", client.to_owned())
            .body(item.to_relay_payload())
            .send()
    };
    assert!(
        put(item.clone(), "203.0.113.1")
            .await
            .unwrap()
            .status()
            .is_success()
    );
    // Unknown keys reach the DHT: three, and then hardly any for this client.
    let statuses = join_all((0..12).map(|_| {
        let (serve, path) = (&serve, unknown());
        async move { get_as(serve, &path, "203.0.113.1").await.status() }
    }))
    .await;
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert!(count(StatusCode::NOT_FOUND) >= 3, "{statuses:?}");
    assert!(count(StatusCode::TOO_MANY_REQUESTS) >= 5, "{statuses:?}");
    // What is known costs something else, and so does putting.
    let path = format!("/{}", item.key());
    assert_eq!(
        get_as(&serve, &path, "203.0.113.1").await.status(),
        StatusCode::OK
    );
    let second = signed(&pair(2), "@ A 1.2.3.4");
    assert!(
        put(second, "203.0.113.1")
            .await
            .unwrap()
            .status()
            .is_success()
    );
    // Others have their own.
    let answer = get_as(&serve, &unknown(), "203.0.113.2").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    // Whoever goes on is refused what is known, too, and told for how long.
    let answers = join_all((0..30).map(|_| get_as(&serve, &path, "203.0.113.1"))).await;
    let last = answers
        .iter()
        .find(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS)
        .unwrap();
    assert!(header(last, "retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(header(last, "access-control-allow-origin"), "*");
    // The network of a household is one client.
    let household = join_all((0..30).map(|number| {
        let client = format!("2001:db8::{number:x}");
        let (serve, path) = (&serve, path.clone());
        async move { get_as(serve, &path, &client).await.status() }
    }));
    assert!(household.await.contains(&StatusCode::TOO_MANY_REQUESTS));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_or_costs_no_packet_is_paid_for_too() {
    let net = testnet().await;
    let serve = Serve::with(net.bootstrap(), STRICT);
    let key = pair(1).public();
    let cases: [(Method, String, &str, Option<StatusCode>); 9] = [
        (
            Method::GET,
            format!("/{key}?policy=Nothing"),
            "",
            Some(StatusCode::BAD_REQUEST),
        ),
        (
            Method::GET,
            format!("/{}", "x".repeat(52)),
            "",
            Some(StatusCode::BAD_REQUEST),
        ),
        (
            Method::PUT,
            format!("/{}", "x".repeat(52)),
            "",
            Some(StatusCode::BAD_REQUEST),
        ),
        (
            Method::PUT,
            format!("/{key}"),
            &"x".repeat(2000),
            Some(StatusCode::PAYLOAD_TOO_LARGE),
        ),
        (
            Method::DELETE,
            format!("/{key}"),
            "",
            Some(StatusCode::METHOD_NOT_ALLOWED),
        ),
        (
            Method::OPTIONS,
            format!("/{key}"),
            "",
            Some(StatusCode::NO_CONTENT),
        ),
        (Method::GET, "/".to_owned(), "", Some(StatusCode::OK)),
        (
            Method::GET,
            "/nothing".to_owned(),
            "",
            Some(StatusCode::NOT_FOUND),
        ),
        // Whoever watches the server always gets through.
        (Method::GET, "/healthz".to_owned(), "", None),
    ];
    for (number, (method, path, body, usual)) in cases.iter().enumerate() {
        let answers = join_all((0..40).map(|_| {
            serve
                .request(method.clone(), path)
                .header("x-forwarded-for", format!("203.0.113.{}", number + 10))
                .body((*body).to_owned())
                .send()
        }))
        .await;
        let statuses: Vec<_> = answers
            .into_iter()
            .map(|answer| answer.unwrap().status())
            .collect();
        let refused = statuses.contains(&StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused, usual.is_some(), "{method} {path}: {statuses:?}");
        let usual = usual.unwrap_or(StatusCode::OK);
        assert!(statuses.contains(&usual), "{method} {path}: {statuses:?}");
    }
    for path in ["/readyz", "/metrics"] {
        for answer in join_all((0..40).map(|_| get_as(&serve, path, "198.51.100.1"))).await {
            assert_ne!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "{path}");
        }
    }
    let numbers = get_as(&serve, "/metrics", "198.51.100.1").await;
    let numbers = numbers.text().await.unwrap();
    let limited = numbers
        .lines()
        .find_map(|line| line.strip_prefix("pkarr_limited_total "));
    assert!(limited.unwrap().parse::<u64>().unwrap() > 100, "{numbers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_trusted_proxy_is_believed() {
    let net = testnet().await;
    let trusting = Serve::with(net.bootstrap(), STRICT);
    // Numbers are for one address: as if it were asked from there, and not.
    let numbers = get_as(&trusting, "/metrics", "198.51.100.1").await;
    assert_eq!(numbers.status(), StatusCode::OK);
    for client in ["198.51.100.2", "198.51.100.1, 203.0.113.9"] {
        let numbers = get_as(&trusting, "/metrics", client).await;
        assert_eq!(numbers.status(), StatusCode::FORBIDDEN, "{client}");
    }
    let believed = get_as(&trusting, "/metrics", "203.0.113.9, 198.51.100.1").await;
    assert_eq!(believed.status(), StatusCode::OK);

    let wary = Serve::with(
        net.bootstrap(),
        "[http]\ntrusted-proxies = [\"10.0.0.0/8\"]\n[metrics]\nallow = [\"198.51.100.1\"]",
    );
    let numbers = get_as(&wary, "/metrics", "198.51.100.1").await;
    assert_eq!(numbers.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_has_no_limits_unless_it_is_given_some() {
    let net = testnet().await;
    let config = STRICT.replace("exempt = []\n", "");
    let serve = Serve::with(net.bootstrap(), &config);
    let item = signed(&pair(1), "@ A 1.2.3.4");
    for _ in 0..40 {
        assert!(serve.put(&item).await.status().is_success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_unknown_keys_is_shed_and_known_ones_are_answered() {
    let net = testnet().await;
    let config = "[limits]\nlookups = 1\nlookups-waiting = 2\n";
    let serve = Serve::with(net.bootstrap(), config);
    let item = signed(&pair(1), "@ A 1.2.3.4");
    assert!(serve.put(&item).await.status().is_success());
    let flood = join_all((0..60).map(|_| {
        let path = unknown();
        let serve = &serve;
        async move { serve.get(&path).await }
    }));
    let known = async {
        for _ in 0..50 {
            assert_eq!(serve.packet(item.key()).await.status(), StatusCode::OK);
        }
    };
    let (flood, ()) = tokio::join!(flood, known);
    let shed: Vec<_> = flood
        .iter()
        .filter(|answer| answer.status() == StatusCode::SERVICE_UNAVAILABLE)
        .collect();
    assert!(!shed.is_empty());
    for answer in &shed {
        assert!(answer.headers().contains_key("retry-after"));
    }
    assert!(serve.metric("pkarr_shed_total").await >= shed.len() as u64);
    // Afterwards there is room again.
    assert_eq!(serve.get(&unknown()).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_for_one_key_cost_one_lookup() {
    let net = testnet().await;
    crate::support::publish(net.bootstrap(), &pair(1), "@ A 1.2.3.4").await;
    let serve = Serve::with(net.bootstrap(), "[limits]\nlookups-waiting = 1\n");
    let key = pair(1).public();
    let answers = join_all((0..50).map(|_| serve.packet(&key))).await;
    for answer in answers {
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert_eq!(serve.metric("pkarr_shed_total").await, 0);
}
