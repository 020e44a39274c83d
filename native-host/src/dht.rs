//! The Mainline DHT: where signed items come from and go to.
//!
//! The rest of the house knows the DHT by three things only: a [`Lookup`] (verified items as they
//! arrive and, when the search has ended, a report of who answered), a put with a report, and an
//! [`DhtInfo`] for people. Behind it stands a node of our own:
//!
//! - [`krpc`] is the language: messages of BEP 5, 32, 42, 43 and 44 in `bencode`; `id` says how far
//!   two ids are apart, and which id an address may have;
//! - `engine` is the node, without sockets and clocks: it owns the `table` of each family of addresses,
//!   the `transactions` that wait for an answer, and the lookups that run;
//! - `query` is one lookup in one family, `lookup` both together and what was found, `put` what comes
//!   after it when something is to be stored; `rtt` says how long to wait, `pace` how fast to send;
//! - `server` answers others, where that is wanted, with `store` and `tokens`;
//! - `driver` moves datagrams between the engine and the `socket`s; `bootstrap` looks first nodes up,
//!   `remember` keeps what was learnt in a file, which `scribe` writes, `views` and `holders` are what is learnt.
//!
//! # How a lookup goes
//!
//! The nodes nearest to `sha1(key)` keep its item. We ask those nearest that we know, at once where
//! they are near enough to be asked in any case; they name nearer ones, and give what they have. The
//! first verified item is passed on as soon as it is there. The lookup ends when the twenty nearest
//! that are alive have answered: who is late is asked again and soon no longer waited for. Where too
//! few answer for the network to have spoken, [`LookupReport::settled`] says so.
//!
//! # Beginning
//!
//! A node has to know others to begin with. Those of the last time are remembered with their ids, so
//! that a lookup after a restart goes straight to its target. Names of first nodes are looked up in
//! the background, so that a slow or silent name server never holds up the program; until one address
//! is known, lookups wait, and when none is to be had they answer [`DhtError::Unreachable`], and the
//! next lookup tries again.

mod bencode;
mod bootstrap;
mod driver;
mod engine;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod holders;
mod id;
pub mod krpc;
mod learn;
mod lookup;
mod pace;
mod put;
mod query;
mod remember;
mod report;
mod rtt;
mod scribe;
mod server;
mod socket;
mod store;
mod table;
mod testnet;
mod tokens;
mod transactions;
mod views;

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    path::PathBuf,
    pin::Pin,
    sync::Arc,
};

use futures_util::{Stream, StreamExt};
use tokio::{
    runtime::Handle,
    sync::{OnceCell, mpsc, oneshot, watch},
};
use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};

use self::{
    driver::{Driver, Readiness},
    engine::{Command, Engine, Now},
    remember::Memory,
    scribe::Notebook,
    socket::Sockets,
};
use crate::{
    item::SignedItem,
    key::PublicKey,
    tasks::{self, boxed},
};

pub use id::{Distance, Id, Node};
pub use report::{DhtInfo, LookupReport, PutReport, Refusal};
pub use testnet::Testnet;

/// Nodes that are always there to begin with, run by authors of DHT programs.
pub const DEFAULT_BOOTSTRAP: &[&str] = &[
    "router.bittorrent.com:6881",
    "dht.transmissionbt.com:6881",
    "dht.libtorrent.org:25401",
    "relay.pkarr.org:6881",
];

/// Where nodes of the DHT usually listen.
const USUAL_PORT: u16 = 6881;

/// Which program we are, to other nodes: by convention two letters and a version.
const VERSION: [u8; 4] = *b"pk\0\x01";

/// Why the DHT could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DhtError {
    /// No node answers, or no name of a first node could be looked up.
    #[error("no node of the DHT can be reached")]
    Unreachable,
    /// Too few of the nodes that would know answer, or they are not what the network looks like.
    #[error("too few nodes of the DHT answer to be sure")]
    Unsettled,
    /// A newer item than the one to store is known to the nodes (BEP 44, error 302).
    #[error("the DHT already holds a newer item for this key")]
    Conflict,
    /// Another item is stored than the one to replace (BEP 44, error 301).
    #[error("somebody else has stored an item for this key meanwhile")]
    Mismatch,
    /// The nodes take no value of this size (BEP 44, error 205).
    #[error("the item is too large for the nodes of the DHT")]
    TooLarge,
    /// The nodes don't accept the signature (BEP 44, error 206).
    #[error("the nodes of the DHT don’t accept the item’s signature")]
    BadSignature,
    /// The nodes refused the item for another reason.
    #[error("the nodes of the DHT refused the item (error {code}: {reason})")]
    Refused {
        /// The error number of BEP 5 or BEP 44.
        code: i64,
        /// What the nodes said.
        reason: String,
    },
    /// The socket could not be opened.
    #[error("can’t open a UDP socket: {0}")]
    Socket(String),
}

impl DhtError {
    /// Whether another item is in the way: read again and merge.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict | Self::Mismatch)
    }
}

/// How to take part in the DHT.
#[derive(Debug, Clone)]
pub struct DhtConfig {
    /// The first nodes to ask, as `host:port`.
    pub bootstrap: Vec<String>,
    /// The folder in which the nodes that were met are remembered; nothing is, without.
    pub folder: Option<PathBuf>,
    /// Whether questions of others are answered, which only makes sense at a public address.
    pub server: Option<ServerConfig>,
    /// Where to listen with IPv4: any port of every address, unless said otherwise; of this machine
    /// alone, where all first nodes are on it.
    pub bind_v4: Option<SocketAddrV4>,
    /// The same for IPv6.
    pub bind_v6: Option<SocketAddrV6>,
    /// Whether IPv6 is used beside IPv4, where there is any.
    pub ipv6: bool,
    /// Where the node does its work: in the runtime of whoever asks first, unless said otherwise.
    pub runtime: Option<Handle>,
}

impl Default for DhtConfig {
    fn default() -> Self {
        Self {
            bootstrap: DEFAULT_BOOTSTRAP.iter().map(ToString::to_string).collect(),
            folder: None,
            server: None,
            bind_v4: None,
            bind_v6: None,
            ipv6: true,
            runtime: None,
        }
    }
}

impl DhtConfig {
    /// The same, answering questions of others at this address; without one, at the port where nodes
    /// of the DHT usually listen, of every address.
    pub fn serving_at(self, address: Option<SocketAddr>) -> Self {
        let (bind_v4, bind_v6) = match address {
            None => (
                Some(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, USUAL_PORT)),
                Some(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, USUAL_PORT, 0, 0)),
            ),
            Some(SocketAddr::V4(v4)) => (Some(v4), None),
            Some(SocketAddr::V6(v6)) => (None, Some(v6)),
        };
        Self {
            server: Some(ServerConfig::default()),
            bind_v4,
            bind_v6,
            ipv6: bind_v6.is_some(),
            ..self
        }
    }
}

/// How to serve others.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The most items that are kept for others; each takes some 1.3 kB.
    pub items: usize,
    /// How many questions an address may ask in a second.
    pub queries_per_second: u32,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            items: 20_000,
            queries_per_second: 50,
        }
    }
}

/// A client of the DHT. Cheap to clone; all clones share one socket, which closes with the last.
#[derive(Clone)]
pub struct Dht {
    config: Arc<DhtConfig>,
    node: Arc<OnceCell<Running>>,
    /// Whose knowledge of the network this one begins with, writing nothing down itself.
    model: Option<Arc<OnceCell<Running>>>,
}

/// How to reach the task of the node.
#[derive(Debug)]
struct Running {
    commands: mpsc::UnboundedSender<Command>,
    readiness: watch::Receiver<Readiness>,
    nodes: Vec<Node>,
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
    report: oneshot::Receiver<LookupReport>,
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
        // The node ends without a word only when the program does.
        let report = async move { report.await.unwrap_or_default() };
        (self.items, report)
    }
}

impl Dht {
    /// A client that opens its socket with the first lookup, or with [`Dht::start`].
    pub fn new(config: DhtConfig) -> Self {
        Self {
            config: Arc::new(config),
            node: Arc::default(),
            model: None,
        }
    }

    /// Another client of the same network for lookups that are to leave no trace. It begins with the
    /// nodes that this one knows, not with the keys, has sockets and an id of its own, and all that it
    /// learns ends with it: nothing is written down, nor logged, and nothing shows in how quickly this one answers.
    pub fn forgetful(&self) -> Self {
        let mut config = DhtConfig {
            server: None,
            ..(*self.config).clone()
        };
        // The ports are taken.
        if let Some(bind) = &mut config.bind_v4 {
            bind.set_port(0);
        }
        if let Some(bind) = &mut config.bind_v6 {
            bind.set_port(0);
        }
        Self {
            config: Arc::new(config),
            node: Arc::default(),
            model: Some(Arc::clone(&self.node)),
        }
    }

    /// Joins the network in the background and stays in it, so that lookups find it ready.
    pub fn start(&self) {
        let dht = self.clone();
        tasks::spawn(async move {
            match dht.ready().await {
                // It may have ended since.
                Ok(node) => _ = node.commands.send(Command::Stay),
                Err(error) => {
                    tracing::warn!(%error, "not yet in the DHT; the next lookup tries again");
                }
            }
        });
    }

    /// Asks for the items of `key`.
    ///
    /// # Errors
    /// [`DhtError::Unreachable`], [`DhtError::Socket`].
    pub async fn get(&self, key: &PublicKey) -> Result<Lookup, DhtError> {
        let (items, mut found) = mpsc::unbounded_channel();
        let (report, reported) = oneshot::channel();
        let get = Command::Get {
            key: *key,
            items,
            report,
        };
        self.ready().await?.send(get)?;
        Ok(Lookup {
            items: Box::pin(futures_util::stream::poll_fn(move |context| {
                found.poll_recv(context)
            })),
            report: reported,
        })
    }

    /// Stores an item on the nodes closest to its key.
    ///
    /// `replaces` is the `seq` of the newest item known, for compare-and-swap (BEP 44).
    ///
    /// # Errors
    /// [`DhtError`]; after a conflict ([`DhtError::is_conflict`]) read again and merge.
    pub async fn put(
        &self,
        item: &SignedItem,
        replaces: Option<i64>,
    ) -> Result<PutReport, DhtError> {
        let (reply, replied) = oneshot::channel();
        let item = item.clone();
        self.ready().await?.send(Command::Put {
            item,
            replaces,
            reply,
        })?;
        replied.await.unwrap_or(Err(DhtError::Unreachable))
    }

    /// How the DHT is doing, after asking it.
    ///
    /// # Errors
    /// [`DhtError::Unreachable`], [`DhtError::Socket`].
    pub async fn probe(&self) -> Result<DhtInfo, DhtError> {
        let (report, reported) = oneshot::channel();
        self.ready().await?.send(Command::Join(Some(report)))?;
        let report = reported.await.unwrap_or_default();
        Ok(DhtInfo {
            bootstrapped: report.answered > 0,
            ..self.info().await
        })
    }

    /// Asks for a key, which should be one that nobody has, and gives what the whole search saw.
    ///
    /// # Errors
    /// [`DhtError::Unreachable`], [`DhtError::Socket`].
    pub async fn check(&self, key: &PublicKey) -> Result<LookupReport, DhtError> {
        let (mut items, report) = self.get(key).await?.split();
        while items.next().await.is_some() {}
        Ok(report.await)
    }

    /// How the DHT is doing.
    pub async fn info(&self) -> DhtInfo {
        let Some(node) = self.node.get() else {
            return DhtInfo::default();
        };
        let (reply, info) = oneshot::channel();
        match node.send(Command::Info(reply)) {
            Ok(()) => info.await.unwrap_or_default(),
            Err(_) => DhtInfo::default(),
        }
    }

    /// Writes down now what was learnt of the network. It is done from time to time, and at the end.
    pub async fn save(&self) {
        let Some(node) = self.node.get() else { return };
        let (done, saved) = oneshot::channel();
        if node.send(Command::Save(done)).is_ok() {
            // It ends without a word only with the program.
            _ = saved.await;
        }
    }

    /// Forgets which keys were looked up, here and in the folder, those included that are being looked
    /// up; nodes stay known.
    ///
    /// # Errors
    /// Those of the file system; [`std::io::ErrorKind::ResourceBusy`] when another program doesn't stop
    /// writing there.
    pub async fn forget_keys(&self) -> std::io::Result<()> {
        let now = Now::read().unix;
        if let Some(node) = self.node.get() {
            // It forgets and writes in the order in which it is told to.
            let (done, forgotten) = oneshot::channel();
            if node.send(Command::Forget(now, done)).is_ok()
                && let Ok(forgotten) = forgotten.await
            {
                return forgotten;
            }
        }
        let Some(file) = self.file() else {
            return Ok(());
        };
        tokio::task::spawn_blocking(move || remember::forget_keys(&file, now))
            .await
            .map_err(std::io::Error::other)?
    }

    /// Where what is learnt is written down, if it is.
    fn file(&self) -> Option<PathBuf> {
        let folder = self.config.folder.as_ref()?;
        let writes = self.model.is_none();
        writes.then(|| remember::path(folder, &self.config.bootstrap))
    }

    /// The addresses that the sockets are bound to, IPv4 first. Opens them.
    ///
    /// # Errors
    /// [`DhtError::Socket`].
    pub async fn local_addresses(&self) -> Result<Vec<SocketAddr>, DhtError> {
        let node = self.node().await?;
        Ok(node.nodes.iter().map(|node| node.address).collect())
    }

    /// The node, when there is anybody to ask.
    async fn ready(&self) -> Result<&Running, DhtError> {
        let node = self.node().await?;
        let mut readiness = node.readiness.clone();
        let mut ready = *readiness.borrow_and_update();
        if ready == Readiness::Nobody {
            node.send(Command::LookUp)?;
            // It waits then, or has come back to where it was.
            if readiness.changed().await.is_ok() {
                ready = *readiness.borrow_and_update();
            }
        }
        while ready == Readiness::Waits && readiness.changed().await.is_ok() {
            ready = *readiness.borrow_and_update();
        }
        match ready {
            Readiness::Ready => Ok(node),
            Readiness::Waits | Readiness::Nobody => Err(DhtError::Unreachable),
        }
    }

    async fn node(&self) -> Result<&Running, DhtError> {
        self.node.get_or_try_init(|| self.open()).await
    }

    /// Opens the sockets, reads what is remembered, and starts the task of the node.
    async fn open(&self) -> Result<Running, DhtError> {
        let config = &*self.config;
        let runtime = config.runtime.clone().unwrap_or_else(Handle::current);
        let sockets = {
            let _inside = runtime.enter();
            Sockets::open(config).map_err(|error| DhtError::Socket(error.to_string()))?
        };
        let families = [sockets.v4.is_some(), sockets.v6.is_some()];
        let now = Now::read();
        let mut engine = Engine::new(config, families, now);
        self.recall().await.teach(&mut engine, now.unix);
        let nodes = sockets.addresses().into_iter().filter_map(|address| {
            let table = engine.tables.get(engine::family(&address))?;
            Some(Node {
                id: table.own(),
                address,
            })
        });
        let nodes = nodes.collect();
        let (commands, received) = mpsc::unbounded_channel();
        let (readiness, ready) = watch::channel(Readiness::Waits);
        let driver = Driver {
            engine,
            sockets,
            bootstrap: config.bootstrap.clone(),
            commands: received,
            readiness,
            notebook: self.file().map(|file| Notebook {
                file,
                began: now.unix,
            }),
        };
        if self.model.is_none() {
            runtime.spawn(boxed(driver.run()));
        } else {
            // Nothing is written into a log, either, however much is to be in it.
            runtime.spawn(boxed(driver.run().with_subscriber(NoSubscriber::default())));
        }
        Ok(Running {
            commands,
            readiness: ready,
            nodes,
        })
    }

    /// What to begin with: what the model knows, or what was written down.
    async fn recall(&self) -> Memory {
        let mut memory = None;
        if let Some(model) = self.model.as_ref().and_then(|model| model.get()) {
            let (reply, known) = oneshot::channel();
            if model.send(Command::Recall(reply)).is_ok() {
                memory = known.await.ok();
            }
        }
        if memory.is_none()
            && let Some(folder) = &self.config.folder
        {
            let file = remember::path(folder, &self.config.bootstrap);
            // Reading is a matter of a millisecond; a thread of its own for a file system that is not.
            let read = tokio::task::spawn_blocking(move || Memory::read(&file)).await;
            memory = read.ok();
        }
        let mut memory = memory.unwrap_or_default();
        if self.model.is_some() {
            // What was looked up before must not show in how quick a private lookup is.
            memory.holders.clear();
        }
        memory
    }
}

impl Running {
    fn send(&self, command: Command) -> Result<(), DhtError> {
        self.commands
            .send(command)
            .map_err(|_| DhtError::Unreachable)
    }
}
