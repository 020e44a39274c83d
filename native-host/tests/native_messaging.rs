//! The native messaging host as a browser sees it: a process, a pipe in and a pipe out.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use pkarr_host::{
    cache::{Cache, Limits, Whose},
    item::{Seq, SignedItem},
    packet::SignedPacket,
};
use serde_json::{Value, json};
use support::{
    host::{Host, nowhere},
    pair, publish, testnet,
};

#[test]
fn hello_comes_first() {
    let mut host = Host::start(&nowhere());
    assert_eq!(host.call("status", json!({}))["error"]["code"], -32002);
    let hello = host.call(
        "hello",
        json!({ "version": "9.9.9", "protocol": 99, "unknown": [] }),
    );
    assert_eq!(hello["result"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(hello["result"]["protocol"], 1);
    assert_eq!(
        hello["result"]["capabilities"],
        json!([
            "resolve",
            "gateway",
            "status",
            "updates",
            "https",
            "keys",
            "settings",
            "doctor",
            "incognito",
            "systemProxy"
        ])
    );
    let status = host.call("status", Value::Null);
    assert_eq!(status["result"]["gatewayPort"], Value::Null);
    assert_eq!(
        status["result"]["dataDir"],
        host.data_dir().to_str().unwrap()
    );
}

#[test]
fn a_bad_message_gets_an_error_and_the_session_lives_on() {
    let mut host = Host::greeted(&nowhere());
    let too_long = vec![b' '; 70_000];
    for (message, code, id) in [
        (&b"{"[..], -32700, Value::Null),
        (b"\xff\xfe", -32700, Value::Null),
        (b"[]", -32600, Value::Null),
        (b"{\"id\": 3}", -32600, json!(3)),
        (
            b"{\"jsonrpc\":\"1.0\",\"id\":3,\"method\":\"status\"}",
            -32600,
            json!(3),
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"status\"}",
            -32600,
            Value::Null,
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"nonsense\"}",
            -32601,
            json!("a"),
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"resolve\"}",
            -32602,
            json!(4),
        ),
        (&too_long, -32003, Value::Null),
        (b"", -32700, Value::Null),
    ] {
        host.send(message);
        let answer = host.receive();
        assert_eq!(answer["error"]["code"], code, "{answer}");
        assert_eq!(answer["id"], id, "{answer}");
    }
    // A notification gets no answer: the next one is that to the call after it.
    host.send(b"{\"jsonrpc\":\"2.0\",\"method\":\"status\"}");
    assert!(host.call("status", json!({}))["result"].is_object());
}

#[test]
fn the_end_of_input_ends_the_process_at_once() {
    let mut host = Host::greeted(&nowhere());
    // A lookup that takes seconds is under way.
    let request = json!({
        "jsonrpc": "2.0", "id": 1, "method": "resolve",
        "params": { "host": pair(30).public().to_string() },
    });
    host.send(request.to_string().as_bytes());
    let closed = Instant::now();
    host.input = None;
    assert!(host.process.wait().unwrap().success());
    assert!(
        closed.elapsed() < Duration::from_secs(2),
        "the lookup was waited for"
    );
    let mut rest = Vec::new();
    host.output.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "only messages belong on standard output");
    let logs = std::fs::read_dir(host.data_dir().join("logs")).unwrap();
    assert_eq!(logs.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_resolved_and_failures_have_their_code() {
    let net = testnet().await;
    let zone = "@ A 127.0.0.1\n@ TXT \"<b>\\200\"\nwww HTTPS 1 . port=8443\nout CNAME example.com.";
    publish(net.bootstrap(), &pair(31), zone).await;
    let mut host = Host::greeted(net.bootstrap());
    let key = pair(31).public();
    let found = host.call(
        "resolve",
        json!({ "host": format!("pk:{}", key.to_string().to_uppercase()) }),
    );
    let result = &found["result"];
    assert_eq!(result["key"], key.to_string());
    assert_eq!(result["host"], key.to_string());
    assert_eq!(result["source"]["kind"], "dht");
    assert!(result["source"]["nodes"].as_u64().unwrap() >= 1);
    assert_eq!(result["stale"], false);
    assert_eq!(
        result["endpoints"],
        json!([{ "kind": "address", "address": "127.0.0.1", "port": null, "tls": false, "allowed": true }])
    );
    assert_eq!(result["records"][1]["value"], "\"<b>\\200\"");
    let signed_at = result["signedAt"].as_i64().unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_millis() as i64;
    assert!(
        (now - 60_000..=now + 1000).contains(&signed_at),
        "{signed_at}"
    );
    let www = host.call(
        "resolve",
        json!({ "host": format!("www.{key}"), "policy": "cacheOnly" }),
    );
    assert_eq!(
        www["result"]["source"],
        json!({ "kind": "cache", "origin": "dht" })
    );
    assert_eq!(
        www["result"]["endpoints"],
        json!([{ "kind": "address", "address": "127.0.0.1", "port": 8443, "tls": true, "allowed": true }])
    );
    let out = host.call("resolve", json!({ "host": format!("out.{key}") }));
    assert_eq!(
        out["result"]["endpoints"],
        json!([{ "kind": "icann", "name": "example.com", "port": null }])
    );
    for (params, number, code) in [
        (json!({ "host": "example.com" }), 1, "not-a-key"),
        (
            json!({ "host": pair(32).public().to_string() }),
            2,
            "no-record",
        ),
        (
            json!({ "host": pair(33).public().to_string(), "policy": "cacheOnly" }),
            10,
            "not-cached",
        ),
    ] {
        let error = &host.call("resolve", params)["error"];
        assert_eq!(error["code"], number, "{error}");
        assert_eq!(error["data"]["code"], code, "{error}");
        assert!(
            error["data"]["todo"].as_str().unwrap().len() > 10,
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_told_of_and_kept_alive() {
    let net = testnet().await;
    publish(net.bootstrap(), &pair(34), "@ A 203.0.113.7").await;
    let mut host = Host::greeted(net.bootstrap());
    let key = pair(34).public().to_string();
    let known = |host: &mut Host| host.call("key", json!({ "key": key }))["result"].clone();
    let nothing = json!({ "key": key, "packets": [], "kept": null });
    assert_eq!(known(&mut host), nothing);

    let found = host.call("resolve", json!({ "host": key }));
    assert!(found["error"].is_null(), "{found}");
    publish(net.bootstrap(), &pair(34), "_iroh TXT \"user-data=me\"").await;
    host.call("resolve", json!({ "host": key, "policy": "networkOnly" }));
    // What was seen before comes from the file, which is written a moment later.
    let deadline = Instant::now() + Duration::from_secs(20);
    let told = loop {
        let told = known(&mut host);
        if told["packets"].as_array().unwrap().len() == 2 {
            break told;
        }
        assert!(Instant::now() < deadline, "{told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let packets = told["packets"].as_array().unwrap();
    assert!(packets[0]["signedAt"].as_i64() >= packets[1]["signedAt"].as_i64());
    assert_eq!(packets[0]["origin"], "dht");
    let meaning = json!({ "kind": "address", "address": "203.0.113.7" });
    assert_eq!(packets[1]["records"][0]["meaning"], meaning);
    let newest = packets[0]["records"].as_array().unwrap();
    let meaning = json!({ "kind": "irohUserData", "text": "me" });
    assert!(
        newest.iter().any(|record| record["meaning"] == meaning),
        "{told}"
    );
    // What anybody can check for themselves.
    let raw = data_encoding::HEXLOWER.decode(packets[0]["raw"].as_str().unwrap().as_bytes());
    let item = SignedItem::from_relay_payload(pair(34).public(), &raw.unwrap()).unwrap();
    assert_eq!(item.seq().to_string(), packets[0]["seq"]);
    let private = host.call("key", json!({ "key": key, "incognito": true }));
    assert_eq!(private["result"], nothing);

    let kept = host.call("keep", json!({ "key": format!("pk:{key}"), "keep": true }));
    assert_eq!(kept["result"]["own"], false, "{kept}");
    // The keeper hears of it, and says when it has put the packet.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let kept = known(&mut host)["kept"].clone();
        if kept["storedNodes"].as_u64().is_some_and(|nodes| nodes > 0) {
            assert!(kept["nextAt"].as_i64() > kept["lastAt"].as_i64(), "{kept}");
            break;
        }
        assert!(Instant::now() < deadline, "{kept}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let kept = host.call("keep", json!({ "key": key, "keep": false }));
    assert_eq!(kept["result"], Value::Null);
    assert_eq!(known(&mut host)["kept"], Value::Null);

    let unknown = host.call(
        "keep",
        json!({ "key": pair(35).public().to_string(), "keep": true }),
    );
    assert_eq!(unknown["error"]["data"]["code"], "no-record");
    for method in ["key", "keep"] {
        let error = host.call(method, json!({ "key": "example.com", "keep": true }));
        assert_eq!(error["error"]["data"]["code"], "not-a-key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_key_is_not_kept_by_the_extension() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache.db"), Limits::default());
    let seq = Seq::at(std::time::SystemTime::now());
    let packet = SignedPacket::sign(&pair(36), seq, &[]).unwrap();
    let own = Whose::Own {
        key_file: None,
        zone_file: None,
    };
    let later = std::time::SystemTime::now() + Duration::from_secs(3600);
    cache
        .keep_alive(packet.item().clone(), own, later)
        .await
        .unwrap();
    let mut host = Host::start_in(folder, &nowhere());
    host.call("hello", json!({ "version": "1.0.0", "protocol": 1 }));
    let key = pair(36).public().to_string();
    for keep in [true, false] {
        let error = host.call("keep", json!({ "key": key, "keep": keep }))["error"].clone();
        assert_eq!(
            (&error["code"], &error["data"]["code"]),
            (&json!(24), &json!("own-key"))
        );
    }
    assert_eq!(
        host.call("key", json!({ "key": key }))["result"]["kept"]["own"],
        true
    );
}

#[test]
fn the_gateway_comes_where_it_was_before() {
    let mut host = Host::greeted(&nowhere());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let first = host.call("gateway", json!({ "preferredPort": port }));
    assert_eq!(
        first["result"],
        json!({ "host": "127.0.0.1", "port": port })
    );
    let again = host.call("gateway", json!({}));
    assert_eq!(again["result"], first["result"]);
    assert_eq!(
        host.call("status", json!({}))["result"]["gatewayPort"],
        port
    );
    // It answers as a gateway does, and another host that wants the same port takes another.
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .write_all(b"GET http://example.com/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("pkarr-error: not-a-key"), "{answer}");
    let mut other = Host::greeted(&nowhere());
    let elsewhere = other.call("gateway", json!({ "preferredPort": port }));
    assert_ne!(elsewhere["result"]["port"], port);
}

#[test]
fn https_is_switched_on_and_off() {
    let mut host = Host::greeted(&nowhere());
    let home = host.data_dir().join("home");
    std::fs::create_dir_all(home.join(".config/chromium")).unwrap();
    let mut https = |params: Value| host.call("https", params);

    let off = &https(json!({ "action": "status" }))["result"];
    assert_eq!(off["enabled"], false);
    assert_eq!((&off["root"], &off["probe"]), (&Value::Null, &Value::Null));
    let [store] = &off["stores"].as_array().unwrap()[..] else {
        panic!("{off}");
    };
    assert_eq!(store["name"], support::STORE);
    let database = home.join(".pki/nssdb");
    let place = match cfg!(windows) {
        true => "Current User\\Root",
        false => database.to_str().unwrap(),
    };
    assert_eq!(store["place"], place);
    assert_eq!(
        (&store["trusts"], &store["failure"]),
        (&json!(false), &Value::Null)
    );

    let on = &https(json!({ "action": "enable" }))["result"];
    assert_eq!(on["enabled"], true);
    let file = on["root"]["file"].as_str().unwrap();
    let certificate = std::fs::read_to_string(file).unwrap();
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(on["root"]["notAfter"].as_i64().unwrap() > 0);
    assert_eq!(on["probe"].as_str().unwrap().len(), 52);
    let store = &on["stores"][0];
    // Where the machine can change such stores it did, else it says why not.
    assert_ne!(store["trusts"] == json!(true), store["failure"].is_string());
    let same = &https(json!({ "action": "status", "inUse": true }))["result"];
    assert_eq!(same["root"], on["root"]);
    assert_eq!(same["stores"][0]["trusts"], store["trusts"]);

    let off = &https(json!({ "action": "disable" }))["result"];
    assert_eq!(
        (&off["enabled"], &off["root"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(off["stores"][0]["trusts"], false);
    assert!(!std::path::Path::new(file).exists());

    let wrong = https(json!({ "action": "explode" }));
    assert_eq!(wrong["error"]["code"], -32602);
}

#[test]
fn a_root_that_excludes_too_little_is_replaced_at_the_start() {
    // As an earlier version made it, with a shorter list.
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    params.name_constraints = Some(rcgen::NameConstraints {
        permitted_subtrees: Vec::new(),
        excluded_subtrees: vec![rcgen::GeneralSubtree::DnsName("com".to_owned())],
    });
    let certificate = params.self_signed(&key).unwrap().pem();
    let data_dir = tempfile::tempdir().unwrap();
    let folder = data_dir.path().join("https");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("root.pem"), &certificate).unwrap();
    std::fs::write(folder.join("root.key"), key.serialize_pem() + &certificate).unwrap();

    let mut host = Host::start_in(data_dir, &nowhere());
    host.call("hello", json!({ "version": "1.0.0", "protocol": 1 }));
    let deadline = Instant::now() + Duration::from_secs(30);
    while std::fs::read_to_string(folder.join("root.pem")).unwrap() == certificate {
        assert!(Instant::now() < deadline, "nothing is renewed");
        host.call("https", json!({ "action": "status" }));
    }
    let renewed = &host.call("https", json!({ "action": "status" }))["result"];
    assert_eq!(renewed["enabled"], true);
}
