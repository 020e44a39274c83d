//! The Mainline DHT: where signed items come from and go to.
//!
//! The rest of the house knows the DHT by three things only: a [`Lookup`] (verified items as they
//! arrive and, when the search has ended, a report of who answered), a put with a report, and an
//! [`DhtInfo`] for people. Behind it stands the `mainline` crate.
//!
//! A DHT node has to know others to begin with. Their names are looked up all at once and in the
//! background, so that a slow or silent name server never holds up the program; until one address
//! is known, lookups answer [`DhtError::Unreachable`], and the next lookup tries again.

mod testnet;

use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use futures_util::{Stream, StreamExt, stream::FuturesUnordered};
use mainline::{
    MutableItem,
    async_dht::AsyncDht,
    errors::{ConcurrencyError, PutMutableError, PutQueryError},
};
use tokio::{net::lookup_host, sync::OnceCell, time::timeout};

use crate::{item::SignedItem, key::PublicKey};

pub use testnet::Testnet;

/// Nodes that are always there to begin with, run by authors of DHT programs.
pub const DEFAULT_BOOTSTRAP: &[&str] = &mainline::DEFAULT_BOOTSTRAP_NODES;

/// How long the names of the first nodes may take to look up.
const NAME_TIMEOUT: Duration = Duration::from_secs(5);
/// Once one name is known, how long the others may still take.
const NAME_GRACE: Duration = Duration::from_millis(200);

/// Why the DHT could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DhtError {
    /// No node answers, or no name of a first node could be looked up.
    #[error("no node of the DHT can be reached")]
    Unreachable,
    /// A newer item than the one to store is known to the nodes.
    #[error("the DHT already holds a newer item for this key")]
    Conflict,
    /// The nodes refused the item.
    #[error("the nodes of the DHT refused the item (error {code}: {reason})")]
    Refused {
        /// The error number of BEP 44.
        code: i32,
        /// What the nodes said.
        reason: String,
    },
    /// The socket could not be opened.
    #[error("can’t open a UDP socket: {0}")]
    Socket(String),
}

/// How to take part in the DHT.
#[derive(Debug, Clone)]
pub struct DhtConfig {
    /// The first nodes to ask, as `host:port`.
    pub bootstrap: Vec<String>,
}

impl Default for DhtConfig {
    fn default() -> Self {
        Self {
            bootstrap: DEFAULT_BOOTSTRAP.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A client of the DHT. Cheap to clone; all clones share one socket.
#[derive(Clone)]
pub struct Dht {
    config: Arc<DhtConfig>,
    node: Arc<OnceCell<AsyncDht>>,
}

impl std::fmt::Debug for Dht {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dht").field("config", &self.config).finish()
    }
}

/// A running lookup.
pub struct Lookup {
    /// Verified items of the key that was asked for, as they arrive, in no order and with repeats.
    pub items: Pin<Box<dyn Stream<Item = SignedItem> + Send>>,
    report: mainline::async_dht::GetMutableOutcomeReceiver,
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookup").finish_non_exhaustive()
    }
}

impl Lookup {
    /// The items as they arrive, and what the lookup saw, once it has ended.
    pub fn split(
        self,
    ) -> (
        Pin<Box<dyn Stream<Item = SignedItem> + Send>>,
        impl Future<Output = LookupReport> + Send + use<>,
    ) {
        let report = self.report;
        let report = async move {
            let outcome = report.recv().await;
            LookupReport {
                asked: outcome.queried,
                answered: outcome.responded(),
                holding: outcome.values,
                forged: outcome.invalid_values,
            }
        };
        (self.items, report)
    }
}

/// What a finished lookup saw, in numbers of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookupReport {
    /// Nodes that were asked.
    pub asked: u32,
    /// Nodes that answered.
    pub answered: u32,
    /// Nodes that answered with a verified item.
    pub holding: u32,
    /// Nodes that answered with an item that is not signed by the key.
    pub forged: u32,
}

/// What a finished put did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutReport {
    /// Nodes that confirmed to have stored the item.
    pub stored: u32,
}

/// What a person may want to know of the DHT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DhtInfo {
    /// Whether any node has answered yet.
    pub bootstrapped: bool,
    /// The estimated number of nodes in the network.
    pub nodes: usize,
    /// Whether nodes can't reach this machine by themselves, as far as is known.
    pub firewalled: bool,
    /// This machine's public IPv4 address, as nodes report it.
    pub public_address: Option<Ipv4Addr>,
}

impl Dht {
    /// A client that opens its socket with the first lookup, or with [`Dht::start`].
    pub fn new(config: DhtConfig) -> Self {
        Self {
            config: Arc::new(config),
            node: Arc::default(),
        }
    }

    /// Joins the network in the background, so that the first lookup finds it ready.
    pub fn start(&self) {
        let dht = self.clone();
        tokio::spawn(async move {
            if let Err(error) = dht.node().await {
                tracing::warn!(%error, "not yet in the DHT; the next lookup tries again");
            }
        });
    }

    /// Asks for the items of `key`.
    ///
    /// # Errors
    /// [`DhtError::Unreachable`], [`DhtError::Socket`].
    pub async fn get(&self, key: &PublicKey) -> Result<Lookup, DhtError> {
        let key = *key;
        let found = self
            .node()
            .await?
            .get_mutable_detailed(key.as_bytes(), None, None);
        // The crate checks by its rules; ours are stricter and it is our promise to keep.
        let items = found.items.filter_map(move |item| async move {
            if item.key() != key.as_bytes() {
                return None;
            }
            SignedItem::verify(key, *item.signature(), item.seq(), item.value()).ok()
        });
        Ok(Lookup {
            items: Box::pin(items),
            report: found.outcome,
        })
    }

    /// Stores an item on the nodes closest to its key.
    ///
    /// `replaces` is the `seq` of the newest item known, for compare-and-swap (BEP 44).
    ///
    /// # Errors
    /// [`DhtError`]; after [`DhtError::Conflict`] read again and merge.
    pub async fn put(
        &self,
        item: &SignedItem,
        replaces: Option<i64>,
    ) -> Result<PutReport, DhtError> {
        let item = MutableItem::new_signed_unchecked(
            *item.key().as_bytes(),
            *item.signature(),
            item.value(),
            item.seq().get(),
            None,
        );
        match self.node().await?.put_mutable(item, replaces).await {
            Ok(outcome) => Ok(PutReport {
                stored: outcome.stored_at,
            }),
            Err(PutMutableError::Concurrency(ConcurrencyError::ConflictRisk)) => {
                Err(DhtError::Conflict)
            }
            Err(PutMutableError::Concurrency(_)) => Err(DhtError::Conflict),
            Err(PutMutableError::Query(PutQueryError::ErrorResponse(error))) => {
                Err(DhtError::Refused {
                    code: error.code,
                    reason: error.description,
                })
            }
            Err(PutMutableError::Query(_)) => Err(DhtError::Unreachable),
        }
    }

    /// How the DHT is doing, after asking it.
    ///
    /// # Errors
    /// [`DhtError::Unreachable`], [`DhtError::Socket`].
    pub async fn probe(&self) -> Result<DhtInfo, DhtError> {
        let reachable = self.node().await?.bootstrapped().await;
        Ok(DhtInfo {
            bootstrapped: reachable,
            ..self.info().await
        })
    }

    /// How the DHT is doing.
    pub async fn info(&self) -> DhtInfo {
        let Some(node) = self.node.get() else {
            return DhtInfo::default();
        };
        let info = node.info().await;
        let (nodes, _) = info.dht_size_estimate();
        DhtInfo {
            bootstrapped: nodes > 0,
            nodes,
            firewalled: info.firewalled(),
            public_address: info.public_address().map(|address| *address.ip()),
        }
    }

    async fn node(&self) -> Result<&AsyncDht, DhtError> {
        self.node.get_or_try_init(|| join(&self.config)).await
    }
}

/// Looks up the first nodes and opens the socket.
async fn join(config: &DhtConfig) -> Result<AsyncDht, DhtError> {
    let bootstrap = addresses(&config.bootstrap).await;
    if bootstrap.is_empty() {
        return Err(DhtError::Unreachable);
    }
    let mut builder = mainline::Dht::builder();
    builder.bootstrap(&bootstrap).port(0);
    // A network of this machine only has no business on other interfaces.
    if bootstrap.iter().all(|address| address.ip().is_loopback()) {
        builder.bind_address(Ipv4Addr::LOCALHOST);
    }
    // Opening waits for a thread to start.
    let node = tokio::task::spawn_blocking(move || builder.build())
        .await
        .map_err(|error| DhtError::Socket(error.to_string()))?
        .map_err(|error| DhtError::Socket(error.to_string()))?;
    Ok(node.as_async())
}

/// The IPv4 addresses of nodes given by name, all looked up at once.
async fn addresses(names: &[String]) -> Vec<SocketAddrV4> {
    let mut lookups: FuturesUnordered<_> = names
        .iter()
        .map(|name| timeout(NAME_TIMEOUT, lookup_host(name.as_str())))
        .collect();
    let mut known = HashSet::new();
    let mut ordered = Vec::new();
    loop {
        let next = if ordered.is_empty() {
            lookups.next().await
        } else {
            timeout(NAME_GRACE, lookups.next()).await.unwrap_or(None)
        };
        let Some(result) = next else { return ordered };
        let Ok(Ok(found)) = result else { continue };
        ordered.extend(found.filter_map(|address| match address {
            SocketAddr::V4(address) if known.insert(address) => Some(address),
            _ => None,
        }));
    }
}
