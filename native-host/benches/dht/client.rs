//! The two that are compared, behind one face.

use std::{
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use mainline::{MutableItem, async_dht::AsyncDht};
use pkarr_host::{
    dht::{Dht, DhtConfig},
    item::SignedItem,
    key::PublicKey,
};
use tempfile::TempDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Ours,
    Theirs,
}

/// A client of the DHT.
pub(crate) enum Client {
    Ours(Dht, Arc<TempDir>),
    Theirs(AsyncDht),
}

/// What a client knows of the network when it begins.
#[derive(Clone)]
pub(crate) enum Known {
    /// First nodes and no more.
    First(Vec<String>),
    /// First nodes, and what our client wrote into a folder, of which each gets a copy.
    Ours(Vec<String>, Arc<TempDir>),
    /// The crate's way: the addresses of all nodes of its table, as first nodes.
    Theirs(Vec<String>),
}

/// A lookup that has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    /// When the first item came.
    pub(crate) first: Option<Duration>,
    /// When the search ended.
    pub(crate) end: Duration,
    /// The newest item's.
    pub(crate) seq: Option<i64>,
}

/// A client that has not begun.
pub(crate) enum Prepared {
    Ours(Vec<String>, TempDir),
    Theirs(Vec<String>),
}

impl Prepared {
    /// Begins; joining goes on with the first question.
    pub(crate) fn begin(self) -> Client {
        match self {
            Self::Ours(bootstrap, folder) => {
                let dht = Dht::new(DhtConfig {
                    bootstrap,
                    folder: Some(folder.path().to_owned()),
                    ..DhtConfig::default()
                });
                Client::Ours(dht, Arc::new(folder))
            }
            Self::Theirs(bootstrap) => {
                let mut builder = mainline::Dht::builder();
                builder.bootstrap(&bootstrap).port(0);
                builder.bind_address(Ipv4Addr::LOCALHOST);
                Client::Theirs(builder.build().unwrap().as_async())
            }
        }
    }
}

impl Client {
    pub(crate) fn prepare(kind: Kind, known: &Known) -> Prepared {
        match (kind, known) {
            (Kind::Ours, Known::First(bootstrap)) => {
                Prepared::Ours(bootstrap.clone(), tempfile::tempdir().unwrap())
            }
            (Kind::Ours, Known::Ours(bootstrap, folder)) => {
                Prepared::Ours(bootstrap.clone(), copy(folder))
            }
            (Kind::Theirs, Known::First(bootstrap) | Known::Theirs(bootstrap)) => {
                Prepared::Theirs(bootstrap.clone())
            }
            _ => panic!("another’s memory"),
        }
    }

    pub(crate) fn start(kind: Kind, known: &Known) -> Self {
        Self::prepare(kind, known).begin()
    }

    /// What the client would begin with next time.
    pub(crate) async fn remembered(&self, first: &Known) -> Known {
        match self {
            Self::Ours(dht, folder) => {
                dht.save().await;
                let Known::First(first) = first else {
                    panic!("no first nodes")
                };
                Known::Ours(first.clone(), Arc::clone(folder))
            }
            Self::Theirs(dht) => Known::Theirs(dht.to_bootstrap().await),
        }
    }

    /// The port that it sends from.
    pub(crate) async fn port(&self) -> u16 {
        match self {
            Self::Ours(dht, _) => {
                let addresses = dht.local_addresses().await.unwrap();
                addresses.iter().find(|it| it.is_ipv4()).unwrap().port()
            }
            Self::Theirs(dht) => dht.info().await.local_addr().port(),
        }
    }

    /// Looks a key up, until the search has ended.
    pub(crate) async fn lookup(&self, key: &PublicKey) -> Found {
        let started = Instant::now();
        let (mut first, mut seq) = (None, None);
        match self {
            Self::Ours(dht, _) => {
                let (mut items, report) = dht.get(key).await.unwrap().split();
                while let Some(item) = items.next().await {
                    first.get_or_insert_with(|| started.elapsed());
                    seq = seq.max(Some(item.seq().get()));
                }
                report.await;
            }
            Self::Theirs(dht) => {
                let mut found = dht.get_mutable_detailed(key.as_bytes(), None, None);
                while let Some(item) = found.items.next().await {
                    first.get_or_insert_with(|| started.elapsed());
                    seq = seq.max(Some(item.seq()));
                }
                found.outcome.recv().await;
            }
        }
        Found {
            first,
            end: started.elapsed(),
            seq,
        }
    }

    /// Publishes; how long it took and on how many nodes the item is, by the client's own word.
    pub(crate) async fn publish(&self, item: &SignedItem) -> (Duration, u32) {
        let started = Instant::now();
        let stored = match self {
            Self::Ours(dht, _) => dht.put(item, None).await.map(|report| report.stored).ok(),
            Self::Theirs(dht) => {
                let item = MutableItem::new_signed_unchecked(
                    *item.key().as_bytes(),
                    *item.signature(),
                    item.value(),
                    item.seq().get(),
                    None,
                );
                let put = dht.put_mutable(item, None).await;
                put.map(|outcome| outcome.stored_at).ok()
            }
        };
        (started.elapsed(), stored.unwrap_or(0))
    }
}

/// The same files in another folder.
fn copy(folder: &TempDir) -> TempDir {
    let copied = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copied.path().join(file.file_name())).unwrap();
    }
    copied
}
