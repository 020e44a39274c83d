//! What the integration tests share: small worlds on loopback.

#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod host;
pub(crate) mod liar;
pub(crate) mod machine;
pub(crate) mod nodes;
pub(crate) mod relay;
pub(crate) mod serve;
pub(crate) mod server;
pub(crate) mod site;
pub(crate) mod visitor;

use std::{
    net::UdpSocket,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use pkarr_host::{
    dht::{Dht, DhtConfig, Testnet},
    item::{Seq, SignedItem},
    key::KeyPair,
    packet::SignedPacket,
    publisher::{Changes, Published, Publisher},
    resolver::Resolver,
    zone,
};

/// A DHT of five nodes on this machine.
pub(crate) async fn testnet() -> Testnet {
    Testnet::start(5).await.unwrap()
}

/// A client of its own for these nodes.
pub(crate) fn dht(bootstrap: &[String]) -> Dht {
    Dht::new(DhtConfig {
        bootstrap: bootstrap.to_vec(),
        ..DhtConfig::default()
    })
}

/// A resolver of its own, which remembers nothing.
pub(crate) fn resolver(bootstrap: &[String]) -> Resolver {
    Resolver::new(dht(bootstrap))
}

/// Publishes zone text under a key.
pub(crate) async fn publish(bootstrap: &[String], pair: &KeyPair, text: &str) -> Published {
    let dht = dht(bootstrap);
    let records = zone::parse(text, &pair.public()).unwrap();
    Publisher::new(dht.clone(), None, Resolver::new(dht))
        .publish(pair, &Changes::set(records))
        .await
        .unwrap()
}

/// A first node that never answers, with the socket that keeps its port.
pub(crate) fn silent() -> (UdpSocket, Vec<String>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let bootstrap = vec![socket.local_addr().unwrap().to_string()];
    (socket, bootstrap)
}

/// A packet of this zone text.
pub(crate) fn packet(pair: &KeyPair, seq: i64, text: &str) -> SignedPacket {
    let records = zone::parse(text, &pair.public()).unwrap();
    SignedPacket::sign(pair, Seq::new(seq).unwrap(), &records).unwrap()
}

/// Has a program end as a terminal or a service manager would, and waits until it has. A program on
/// Windows that has no console of its own hears nothing of the kind: there it is ended.
pub(crate) fn stop(process: &mut Child) {
    if cfg!(unix) {
        let id = process.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(process.wait().unwrap().success());
    } else {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

/// Makes this folder the home of whoever runs a command.
pub(crate) fn at_home<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command
        .env("HOME", home)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_DATA_HOME")
        // And on Windows:
        .env("USERPROFILE", home)
        .env("APPDATA", home.join("AppData\\Roaming"))
        .env("LOCALAPPDATA", home.join("AppData\\Local"))
}

/// The same, with nothing else in the environment but what programs need to run at all.
pub(crate) fn only_at_home<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command.env_clear();
    for name in ["PATH", "SystemRoot", "TEMP", "TMP"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    at_home(command, home)
}

/// Where the settings of the user with this home are, unless told otherwise.
pub(crate) fn config_folder(home: &Path) -> PathBuf {
    home.join(match cfg!(windows) {
        true => "AppData\\Roaming\\pkarr\\pkarr\\config",
        false => ".config/pkarr",
    })
}

/// Where the data of a user is, unless told otherwise, as people who know the home write it.
pub(crate) const DATA_AT_HOME: &str = match cfg!(windows) {
    true => "~\\AppData\\Local\\pkarr\\pkarr\\data",
    false => "~/.local/share/pkarr",
};

/// The same for the user with this home.
pub(crate) fn data_folder(home: &Path) -> PathBuf {
    home.join(&DATA_AT_HOME[2..])
}

/// What the certificate store of a user with Chromium is called.
pub(crate) const STORE: &str = match cfg!(windows) {
    true => "Windows",
    false => "Chromium and others",
};

/// The key pair of this number.
pub(crate) fn pair(number: u8) -> KeyPair {
    KeyPair::from_secret(&[number; 32])
}

/// A sequence number.
pub(crate) fn seq(seq: i64) -> Seq {
    Seq::new(seq).unwrap()
}

/// A packet of the pair of this number with one record, signed at this time, as an item.
pub(crate) fn item(number: u8, at: i64) -> SignedItem {
    packet(&pair(number), at, "@ A 1.2.3.4").item().clone()
}
