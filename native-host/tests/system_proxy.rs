//! The system's proxy as the extension is told of it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::host::{Host, nowhere};

fn told(home: &[(&str, &str)], variables: &[(&str, &str)]) -> Value {
    let data_dir = tempfile::tempdir().unwrap();
    for (path, text) in home {
        let path = data_dir.path().join("home").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut host = Host::start_with(data_dir, &nowhere(), variables);
    host.call("hello", json!({ "version": "1.0.0", "protocol": 1 }));
    host.call("systemProxy", json!({}))["result"].take()
}

#[test]
fn the_environment_and_the_desktop_are_asked() {
    assert_eq!(told(&[], &[]), json!({ "kind": "none" }));
    let variables = [
        ("https_proxy", "http://me:secret@proxy.example:3128"),
        ("no_proxy", "localhost"),
    ];
    let expected = json!({
        "kind": "servers",
        "http": null,
        "https": "proxy.example:3128",
        "socks": null,
        "bypass": ["localhost", ".localhost"],
    });
    assert_eq!(told(&[], &variables), expected);
    let script = "[Proxy Settings]\nProxyType=2\nProxy Config Script=http://wpad.example/p.pac\n";
    let kde = [(".config/kioslaverc", script)];
    let variables = [("XDG_CURRENT_DESKTOP", "KDE"), ("http_proxy", "a:1")];
    let expected = json!({ "kind": "script", "url": "http://wpad.example/p.pac" });
    assert_eq!(told(&kde, &variables), expected);
}
