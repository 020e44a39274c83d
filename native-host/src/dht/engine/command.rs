//! What the engine is told to do, and when.

use std::{
    io,
    net::SocketAddr,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::{mpsc, oneshot};

use crate::{
    dht::{DhtError, DhtInfo, LookupReport, PutReport, id::Node, remember::Memory},
    item::SignedItem,
    key::PublicKey,
};

/// What the rest of the house wants.
#[derive(Debug)]
pub(in crate::dht) enum Command {
    /// The items of a key.
    Get {
        key: PublicKey,
        items: mpsc::UnboundedSender<SignedItem>,
        report: oneshot::Sender<LookupReport>,
    },
    /// To keep an item.
    Put {
        item: SignedItem,
        replaces: Option<i64>,
        reply: oneshot::Sender<Result<PutReport, DhtError>>,
    },
    /// To meet nodes, the nearest to us first.
    Join(Option<oneshot::Sender<LookupReport>>),
    /// To stay in the network, also while nobody asks.
    Stay,
    Info(oneshot::Sender<DhtInfo>),
    /// First nodes.
    Seeds(Vec<SocketAddr>),
    /// To look the names of first nodes up once more.
    LookUp,
    /// Nodes that are known to be there.
    Know(Vec<Node>),
    /// To tell what is known of the network.
    Recall(oneshot::Sender<Memory>),
    /// To forget which keys were looked up, here and in the files, down to this time, in seconds since
    /// 1970.
    Forget(u64, oneshot::Sender<io::Result<()>>),
    /// To write the table down now.
    Save(oneshot::Sender<()>),
}

/// A point in time, on both clocks.
#[derive(Debug, Clone, Copy)]
pub(in crate::dht) struct Now {
    pub(in crate::dht) at: Instant,
    /// Seconds since 1970.
    pub(in crate::dht) unix: u64,
}

impl Now {
    /// The time it is.
    pub(in crate::dht) fn read() -> Self {
        Self {
            at: tokio::time::Instant::now().into_std(),
            unix: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        }
    }
}
