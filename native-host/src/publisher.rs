//! From records to the network.
//!
//! Other applications keep records under the same key, so publishing is read, merge, write: the
//! newest packet is read, the records to publish replace those of the same name and type, all
//! others stay, and the whole is signed with a higher `seq` and stored on condition that nobody
//! was faster. When somebody was, it starts again from what they wrote.

use std::time::SystemTime;

use simple_dns::{Name, TYPE};

use crate::{
    dht::{Dht, DhtError},
    item::{ItemError, Seq},
    key::KeyPair,
    packet::{MAX_PUBLISHED_DNS, PacketError, Record, SignedPacket},
    problem::{Code, Problem},
    resolver::{Policy, ResolveError, Resolver},
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

/// What was published.
#[derive(Debug, Clone)]
pub struct Published {
    /// The packet as it was signed.
    pub packet: SignedPacket,
    /// How many nodes of the DHT confirmed to have stored it.
    pub stored: u32,
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
    /// It can't be stored.
    #[error(transparent)]
    Store(#[from] DhtError),
    /// No node confirmed.
    #[error("no node of the DHT confirmed that it stored the packet")]
    NotStored,
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let code = match &error {
            PublishError::Read(inner) => return Problem::from(inner.clone()),
            PublishError::Packet(_) | PublishError::Date(_) => Code::BadRequest,
            PublishError::Store(_) | PublishError::NotStored => Code::DhtUnreachable,
        };
        Problem::new(code, error)
    }
}

/// Publishes records for keys whose secret is at hand.
#[derive(Debug, Clone)]
pub struct Publisher {
    dht: Dht,
    resolver: Resolver,
}

impl Publisher {
    /// A publisher that reads by this resolver and writes to this DHT.
    pub fn new(dht: Dht, resolver: Resolver) -> Self {
        Self { dht, resolver }
    }

    /// Publishes under the pair's key.
    ///
    /// # Errors
    /// [`PublishError`]; nothing is stored then that was not stored before.
    pub async fn publish(
        &self,
        pair: &KeyPair,
        changes: &Changes,
    ) -> Result<Published, PublishError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (newest, before) = self.read(pair, changes.existing).await?;
            let kept = changes.kept(before.as_ref().map_or(&[], SignedPacket::records));
            let all: Vec<_> = changes.set.iter().chain(&kept).cloned().collect();
            let seq = Seq::after(newest, SystemTime::now())?;
            let packet = SignedPacket::sign(pair, seq, &all)?;
            match self.dht.put(packet.item(), newest.map(Seq::get)).await {
                Err(DhtError::Conflict) if attempt < ATTEMPTS => {
                    tracing::info!(attempt, "somebody else was faster; merging again");
                }
                Err(error) => return Err(error.into()),
                Ok(report) if report.stored == 0 => return Err(PublishError::NotStored),
                Ok(report) => {
                    return Ok(Published {
                        packet,
                        stored: report.stored,
                        kept: kept.len(),
                    });
                }
            }
        }
    }

    /// The newest `seq` in the network, and the packet where it is one.
    async fn read(
        &self,
        pair: &KeyPair,
        existing: Existing,
    ) -> Result<(Option<Seq>, Option<SignedPacket>), PublishError> {
        match self
            .resolver
            .resolve(&pair.public(), Policy::NetworkOnly)
            .await
        {
            Ok(answer) => Ok((Some(answer.packet.seq()), Some(answer.packet))),
            Err(ResolveError::NoRecord(_)) => Ok((None, None)),
            // Forged items say nothing about what the owner published.
            Err(ResolveError::BadSignature { .. }) => Ok((None, None)),
            Err(ResolveError::NotAPacket { seq, .. }) if existing == Existing::Drop => {
                Ok((Some(seq), None))
            }
            Err(error) => Err(PublishError::Read(error)),
        }
    }
}
