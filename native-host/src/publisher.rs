//! From records to the network, and keeping them there.
//!
//! Other applications keep records under the same key, so publishing is read, merge, write: the
//! newest packet is read from all sources, the records to publish replace those of the same name
//! and type, all others stay, and the whole is signed with a higher `seq` and stored on condition
//! that nobody was faster. When somebody was, it starts again from what they wrote. What is signed
//! is on disk before it travels, so that no crash makes a later packet look older.
//!
//! Nodes forget: the [`keeper`] publishes again before they do, also what others signed ([`pin()`]).

pub mod keeper;
mod pin;

use std::time::SystemTime;

use futures_util::StreamExt;
use simple_dns::{Name, TYPE};
use url::Url;

pub use self::pin::{PinError, pin};
use crate::{
    cache::{Cache, CacheError},
    dht::{Dht, DhtError, PutReport},
    item::{ItemError, Seq, SignedItem},
    key::{KeyPair, PublicKey},
    packet::{MAX_PUBLISHED_DNS, PacketError, Record, SignedPacket},
    problem::{Code, Problem},
    relays::{RelayError, RelayPut, Relays},
    resolver::{ResolveError, Resolver},
};

/// How often publishing starts again after somebody else was faster.
const ATTEMPTS: usize = 4;

/// What is to change under a key.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Records to publish; they replace those of the same name and type.
    pub set: Vec<Record>,
    /// Names whose records are to go, all or those of one type.
    pub remove: Vec<(Name<'static>, Option<TYPE>)>,
    /// What to do with the records that are already there.
    pub existing: Existing,
}

/// What to do with the records that are already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Keep those whose name and type is not published anew.
    #[default]
    Keep,
    /// Drop them all.
    Drop,
}

impl Changes {
    /// Publishes these records and keeps all others.
    pub fn set(records: Vec<Record>) -> Self {
        Self {
            set: records,
            ..Self::default()
        }
    }

    /// The records of before that stay.
    fn kept(&self, before: &[Record]) -> Vec<Record> {
        if self.existing == Existing::Drop {
            return Vec::new();
        }
        let stays = |old: &&Record| {
            let replaced = self
                .set
                .iter()
                .any(|new| new.name == old.name && new.rdata.type_code() == old.rdata.type_code());
            let removed = self.remove.iter().any(|(name, kind)| {
                *name == old.name && kind.is_none_or(|kind| kind == old.rdata.type_code())
            });
            !replaced && !removed
        };
        before.iter().filter(stays).cloned().collect()
    }
}

/// What became of an item that was to be stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// What the DHT says.
    pub dht: Result<PutReport, DhtError>,
    /// What each relay says.
    pub relays: Vec<(Url, Result<RelayPut, RelayError>)>,
}

impl Stored {
    /// How many nodes of the DHT confirmed.
    pub fn nodes(&self) -> u32 {
        self.dht.as_ref().map_or(0, |report| report.stored)
    }

    /// Whether anybody has stored it.
    pub fn anywhere(&self) -> bool {
        self.nodes() > 0 || self.relays.iter().any(|(_, answer)| answer.is_ok())
    }

    /// Whether anybody knows a newer item.
    fn conflict(&self) -> bool {
        matches!(&self.dht, Err(error) if error.is_conflict())
            || self
                .relays
                .iter()
                .any(|(_, answer)| matches!(answer, Err(RelayError::Conflict)))
    }
}

/// What was published.
#[derive(Debug, Clone)]
pub struct Published {
    /// The packet as it was signed.
    pub packet: SignedPacket,
    /// Who stored it.
    pub stored: Stored,
    /// How many records of before were kept.
    pub kept: usize,
}

impl Published {
    /// The bytes of DNS used, and how many may be.
    pub fn size(&self) -> (usize, usize) {
        (self.packet.dns().len(), MAX_PUBLISHED_DNS)
    }
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// What is there can't be read, and what can't be read can't be kept.
    #[error("the records that are already there can’t be read: {0}")]
    Read(ResolveError),
    /// The packet can't be made.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// It can't be dated.
    #[error(transparent)]
    Date(#[from] ItemError),
    /// It could not be written down before it is sent.
    #[error("the packet can’t be written down on this machine: {0}")]
    Remember(#[from] CacheError),
    /// Neither the DHT nor a relay stored it.
    #[error("nobody stored the packet: {}", reasons(.0))]
    Nowhere(Stored),
    /// Somebody else publishes under this key at the same time, again and again.
    #[error(
        "somebody else publishes under this key at the same time; {ATTEMPTS} attempts were too old"
    )]
    Contested,
}

fn reasons(stored: &Stored) -> String {
    let dht = match &stored.dht {
        Ok(_) => "no node of the DHT confirmed".to_owned(),
        Err(error) => error.to_string(),
    };
    let relays = stored
        .relays
        .iter()
        .filter_map(|(url, answer)| Some(format!("; {url}: {}", answer.as_ref().err()?)));
    std::iter::once(dht).chain(relays).collect()
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let code = match &error {
            PublishError::Read(inner) => return Problem::from(inner.clone()),
            PublishError::Packet(_) | PublishError::Date(_) | PublishError::Contested => {
                Code::BadRequest
            }
            PublishError::Remember(_) => Code::Internal,
            PublishError::Nowhere(_) => Code::DhtUnreachable,
        };
        Problem::new(code, error)
    }
}

/// Publishes records for keys whose secret is at hand, and items of any key again.
#[derive(Debug, Clone)]
pub struct Publisher {
    dht: Dht,
    relays: Option<Relays>,
    resolver: Resolver,
}

impl Publisher {
    /// A publisher that reads by this resolver and writes to this DHT and these relays.
    pub fn new(dht: Dht, relays: Option<Relays>, resolver: Resolver) -> Self {
        Self {
            dht,
            relays,
            resolver,
        }
    }

    /// The DHT that it writes to.
    pub fn dht(&self) -> &Dht {
        &self.dht
    }

    /// The cache of the resolver that it reads by.
    pub fn cache(&self) -> &Cache {
        self.resolver.cache()
    }

    /// Publishes under the pair's key.
    ///
    /// # Errors
    /// [`PublishError`]. After [`PublishError::Nowhere`] the packet is signed and remembered on
    /// this machine; publishing again goes on from there.
    pub async fn publish(
        &self,
        pair: &KeyPair,
        changes: &Changes,
    ) -> Result<Published, PublishError> {
        let (mut base, mut last) = (None, None);
        let mut known = Vec::new();
        for attempt in 1..=ATTEMPTS {
            let (newest, mut before) = self.read(pair, changes.existing).await?;
            // Nodes that missed the last put hold an older item and refuse on its account. When the
            // newest of all sources is what the last attempt wrote, and nobody wrote anything else
            // meanwhile, then nobody else is at work and the condition has nothing to protect.
            let mut alone = false;
            if attempt == 1 {
                base = newest;
            } else if newest == last {
                let rival = self.rival(&pair.public(), base, &known).await;
                alone = rival.is_none();
                before = rival.or(before);
            }
            known.extend(before.as_ref().map(|packet| packet.item().clone()));
            let kept = changes.kept(before.as_ref().map_or(&[], SignedPacket::records));
            let all: Vec<_> = changes.set.iter().chain(&kept).cloned().collect();
            let seq = Seq::after(newest, SystemTime::now())?;
            let packet = SignedPacket::sign(pair, seq, &all)?;
            self.resolver.learn(packet.item().clone()).await?;
            let condition = if alone { None } else { newest };
            let stored = self.store(packet.item(), condition).await;
            last = Some(seq);
            known.push(packet.item().clone());
            if stored.conflict() && !(alone && stored.anywhere()) {
                tracing::info!(attempt, "a node or relay knows another item; reading again");
                continue;
            }
            if !stored.anywhere() {
                return Err(PublishError::Nowhere(stored));
            }
            return Ok(Published {
                packet,
                stored,
                kept: kept.len(),
            });
        }
        Err(PublishError::Contested)
    }

    /// Stores a signed item as it is; `replaces` is the newest `seq` known in the network.
    pub async fn store(&self, item: &SignedItem, replaces: Option<Seq>) -> Stored {
        let relays = async {
            match &self.relays {
                Some(relays) => relays.put_all(item, replaces).await,
                None => Vec::new(),
            }
        };
        let dht = self.dht.put(item, replaces.map(Seq::get));
        let (dht, relays) = tokio::join!(dht, relays);
        Stored { dht, relays }
    }

    /// The newest packet in the DHT that was written since `base` and is not known.
    ///
    /// One that is dated before ours is never the newest, but its owner was told that it is stored.
    async fn rival(
        &self,
        key: &PublicKey,
        base: Option<Seq>,
        known: &[SignedItem],
    ) -> Option<SignedPacket> {
        let mut items = self.dht.get(key).await.ok()?.items;
        let mut rival: Option<SignedPacket> = None;
        while let Some(item) = items.next().await {
            let newest = rival
                .as_ref()
                .is_none_or(|rival| item.is_newer_than(rival.item()));
            if newest
                && Some(item.seq()) > base
                && !known.contains(&item)
                && let Ok(packet) = SignedPacket::try_from(item)
            {
                rival = Some(packet);
            }
        }
        rival
    }

    /// The newest `seq` known, and the packet where it is one.
    async fn read(
        &self,
        pair: &KeyPair,
        existing: Existing,
    ) -> Result<(Option<Seq>, Option<SignedPacket>), PublishError> {
        let key = pair.public();
        match self.resolver.newest(&key).await {
            Ok(answer) => Ok((Some(answer.packet.seq()), Some(answer.packet))),
            // Forged items say nothing about what the owner published. What was signed here and
            // has faded from the network or was forgotten is still the highest.
            Err(
                ResolveError::NoRecord(_)
                | ResolveError::BadSignature { .. }
                | ResolveError::Outdated { .. },
            ) => {
                let floor = self.resolver.cache().floor(&key);
                Ok((floor.map(|floor| floor.seq), None))
            }
            Err(ResolveError::NotAPacket { seq, .. }) if existing == Existing::Drop => {
                Ok((Some(seq), None))
            }
            Err(error) => Err(PublishError::Read(error)),
        }
    }
}
