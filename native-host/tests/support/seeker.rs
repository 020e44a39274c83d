//! A client of the DHT in tests: looks up, and tells all that it was given.

#![allow(dead_code, clippy::unwrap_used)]

use std::{
    net::{SocketAddr, SocketAddrV4},
    time::Duration,
};

use futures_util::StreamExt;
use pkarr_host::{
    dht::{Dht, DhtConfig, DhtError, LookupReport, PutReport, ServerConfig},
    item::{Seq, SignedItem},
    key::{KeyPair, PublicKey},
};

/// When something has hung. Nothing here takes that long, however much else the machine does.
const HUNG: Duration = Duration::from_secs(100);

/// What came of a lookup.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) items: Vec<SignedItem>,
    pub(crate) report: LookupReport,
}

impl Found {
    /// The `seq` of the newest item.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.items.iter().map(|item| item.seq().get()).max()
    }
}

/// A client that remembers nothing.
pub(crate) fn client(bootstrap: &[String]) -> Dht {
    Dht::new(DhtConfig {
        bootstrap: bootstrap.to_vec(),
        ..DhtConfig::default()
    })
}

/// Looks a key up, to the end.
pub(crate) async fn look_up(dht: &Dht, key: PublicKey) -> Result<Found, DhtError> {
    ends(async {
        let (items, report) = dht.get(&key).await?.split();
        let items: Vec<_> = items.collect().await;
        assert!(items.iter().all(|item| *item.key() == key));
        Ok(Found {
            items,
            report: report.await,
        })
    })
    .await
}

/// Stores an item.
pub(crate) async fn put(
    dht: &Dht,
    item: &SignedItem,
    replaces: Option<i64>,
) -> Result<PutReport, DhtError> {
    ends(dht.put(item, replaces)).await
}

/// Whatever it is, it ends.
pub(crate) async fn ends<T>(what: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(HUNG, what).await;
    ended.unwrap_or_else(|_| panic!("it hangs"))
}

/// The key pair of this number.
pub(crate) fn pair(number: u16) -> KeyPair {
    let mut secret = [7; 32];
    secret[..2].copy_from_slice(&number.to_be_bytes());
    KeyPair::from_secret(&secret)
}

/// An item of this key.
pub(crate) fn item(pair: &KeyPair, seq: i64) -> SignedItem {
    SignedItem::sign(pair, Seq::new(seq).unwrap(), b"what a key says").unwrap()
}

/// A node of ours that answers, at an address of its own.
pub(crate) async fn server(address: [u8; 4], bootstrap: &[String]) -> (Dht, SocketAddr) {
    server_with(address, bootstrap, ServerConfig::default()).await
}

/// The same with other limits.
pub(crate) async fn server_with(
    address: [u8; 4],
    bootstrap: &[String],
    limits: ServerConfig,
) -> (Dht, SocketAddr) {
    let dht = Dht::new(DhtConfig {
        bootstrap: bootstrap.to_vec(),
        bind_v4: Some(SocketAddrV4::new(address.into(), 0)),
        server: Some(limits),
        ..DhtConfig::default()
    });
    dht.start();
    let addresses = ends(dht.local_addresses()).await.unwrap();
    let address = addresses.into_iter().find(SocketAddr::is_ipv4).unwrap();
    (dht, address)
}
